"""What has come in on a websocket and waits for its handler."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import trio

from switchboard.web.transport.limits import Limits

INBOX = "switchboard.inbox"
"""The key of the ASGI scope under which a websocket's ``Inbox`` is found."""

YIELD_EVERY = 16
"""Calls that need not wait before one yields all the same. A loop around one of them would else keep the whole
server for itself; yielding costs some 10 us, as much as a small frame's system call."""


class Turns:
    """Yields now and then: whoever calls ``taken`` in a loop lets others run and can be cancelled."""

    __slots__ = ("_calls",)

    def __init__(self) -> None:
        self._calls = 0

    async def taken(self) -> None:
        """Counts a call that has not waited."""
        self._calls += 1
        if self._calls % YIELD_EVERY == 0:
            await trio.lowlevel.checkpoint()


class Inbox:
    """Messages in order, then the disconnect, as ASGI has them. Bounded: the reader never waits for the handler, so
    that it sees at once when the peer leaves; a message that finds no room is refused and the websocket is closed."""

    __slots__ = ("_bytes", "_end", "_limits", "_listener", "_messages", "_news", "_taker", "_turns")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        # Not a deque: empty, as it nearly always is, that takes 600 bytes more; and there are 256 at most to be moved.
        self._messages: list[Mapping[str, Any]] = []
        self._bytes = 0
        self._end: Mapping[str, Any] | None = None
        self._news: trio.Event | None = None
        """Of those who wait in ``receive``."""
        self._turns = Turns()
        self._listener: Callable[[], None] | None = None
        self._taker: Callable[[str | bytes], bool] | None = None

    def listen(
        self, listener: Callable[[], None], taker: Callable[[str | bytes], bool] | None = None
    ) -> None:
        """For a handler that waits for other things, too.

        Args:
            listener: called whenever something has come that ``receive`` returns.
            taker: is offered each message that comes while nothing waits here, in the reader's task, so that a
                message that takes no waiting takes no change of tasks. It must be quick and not raise, and return
                False if it did nothing: then the message waits for ``receive``.
        """
        self._listener = listener
        self._taker = taker

    @property
    def quiet(self) -> bool:
        """Whether ``receive`` would wait."""
        return not self._messages and self._end is None

    async def put(self, message: Mapping[str, Any]) -> None:
        """Takes what hypercorn says of the connection: connect and disconnect. It never waits."""
        if message["type"] == "websocket.disconnect":
            self.end(message["code"])
        else:
            self._messages.append(message)
            self._wake()

    def _wake(self) -> None:
        if self._news is not None:
            self._news.set()
            self._news = None
        if self._listener is not None:
            self._listener()

    def end(self, code: int) -> None:
        """The peer has left; said twice, the first time counts."""
        if self._end is None:
            self._end = {"type": "websocket.disconnect", "code": code}
            self._wake()

    def deliver(self, data: str | bytes, size: int) -> bool:
        """Takes a message of so many bytes. Returns: False if there is no room."""
        if self._taker is not None and self.quiet and self._taker(data):
            return True
        limits = self._limits
        if len(self._messages) >= limits.inbox_messages or self._bytes + size > limits.inbox_bytes:
            return False
        text = isinstance(data, str)
        self._messages.append(
            {
                "type": "websocket.receive",
                "bytes": None if text else data,
                "text": data if text else None,
                "switchboard.size": size,
            }
        )
        self._bytes += size
        self._wake()
        return True

    async def receive(self) -> Mapping[str, Any]:
        """The next message; once the peer has left and all are taken, the disconnect, as often as asked."""
        while not self._messages:
            if self._end is not None:
                await trio.lowlevel.checkpoint()
                return self._end
            if self._news is None:
                self._news = trio.Event()
            await self._news.wait()
        await self._turns.taken()
        message = self._messages.pop(0)
        self._bytes -= message.get("switchboard.size", 0)
        return message
