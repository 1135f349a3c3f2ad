"""A lock that weighs next to nothing while nobody waits for it, and locks by key."""

from __future__ import annotations

from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from types import TracebackType

import trio


class Lock:
    """As Trio's, in order and for ``async with``, but taking a free one is no checkpoint. Trio's takes half a
    kilobyte."""

    __slots__ = ("_held", "_waiting")

    def __init__(self) -> None:
        self._held = False
        self._waiting: trio.lowlevel.ParkingLot | None = None
        """Who was there first gets it first."""

    def locked(self) -> bool:
        """Whether somebody has it."""
        return self._held

    async def __aenter__(self) -> None:
        if not self._held:
            self._held = True
            return
        if self._waiting is None:
            self._waiting = trio.lowlevel.ParkingLot()
        # Whoever has it hands it over; it is free at no moment between.
        await self._waiting.park()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._waiting:
            self._waiting.unpark()
        else:
            self._held, self._waiting = False, None


class Locks:
    """A lock for each key, there for as long as somebody has it or waits for it."""

    __slots__ = ("_locks",)

    def __init__(self) -> None:
        self._locks: dict[Hashable, Lock] = {}

    def __len__(self) -> int:
        return len(self._locks)

    @asynccontextmanager
    async def of(self, key: Hashable) -> AsyncIterator[None]:
        """Had by one at a time for each key, in order."""
        lock = self._locks.setdefault(key, Lock())
        try:
            # No checkpoint between the two, so nobody has thrown it away.
            async with lock:
                yield
        finally:
            if not lock.locked():
                del self._locks[key]
