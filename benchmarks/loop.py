"""A Trio loop in a thread, for what must be open while this one waits for processes, or times what it asks for."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Generic, TypeVar

import trio

T = TypeVar("T")

START_SECONDS_MOST = 60.0


class Loop(Generic[T]):
    """What ``opened`` gave, and the way to its loop."""

    def __init__(self, value: T, token: trio.lowlevel.TrioToken) -> None:
        self.value = value
        self._token = token

    def run(self, work: Callable[[T], Awaitable[object]]) -> None:
        """Does that over there and waits for it. The way there and back takes some 50 us: give it enough to do."""
        trio.from_thread.run(work, self.value, trio_token=self._token)


@contextmanager
def loop(opened: Callable[[], AbstractAsyncContextManager[T]]) -> Iterator[Loop[T]]:
    """Opens it in a loop of its own, for the length of the block. Raises: what it raises."""
    ready, failed = threading.Event(), list[BaseException]()
    found: list[tuple[T, trio.lowlevel.TrioToken, trio.Event]] = []

    async def main() -> None:
        async with opened() as value:
            over = trio.Event()
            found.append((value, trio.lowlevel.current_trio_token(), over))
            ready.set()
            await over.wait()

    def thread() -> None:
        try:
            trio.run(main)
        except BaseException as error:
            failed.append(error)
            ready.set()

    running = threading.Thread(target=thread)
    running.start()
    try:
        ready.wait(START_SECONDS_MOST)
        if failed:
            raise failed[0]
        value, token, _ = found[0]
        yield Loop(value, token)
    finally:
        # It may have been interrupted while it was opened.
        ready.wait(START_SECONDS_MOST)
        if found and not failed:
            _, token, over = found[0]
            trio.from_thread.run_sync(over.set, trio_token=token)
        running.join()
    if failed:
        raise failed[0]
