"""What leaves by one connection: at once if the socket takes it, else in order, within a deadline."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Awaitable, Callable
from itertools import islice

import trio

from switchboard.web.transport.limits import STEP_BYTES

BUFFERS_MOST = 64
"""For one system call: POSIX promises 16, Linux takes 1,024 (IOV_MAX); 64 small frames are more than a packet."""


class Writer:
    """The bytes that one peer is still to get.

    Everything is put here without waiting and stays in order: what the socket does not take stands in ``_waiting``
    until a task drains it. So a cancelled sender never leaves half a frame behind, and nobody ever writes past a
    remainder.

    Args:
        socket: written to directly; None where something lies between, TLS or HTTP/2.
        send_all: for those; must not be used again once it was cut off.
        seconds: the patience for each ``STEP_BYTES``.
    """

    __slots__ = (
        "_lock",
        "_send_all",
        "_socket",
        "_torn",
        "_waiting",
        "gone",
        "seconds",
        "waiting_bytes",
    )

    def __init__(
        self,
        socket: trio.socket.SocketType | None,
        send_all: Callable[[memoryview], Awaitable[object]],
        seconds: float,
    ) -> None:
        self.gone = False
        """The peer can get nothing more; what is put from now on is dropped."""
        self.seconds = seconds
        self.waiting_bytes = 0
        self._socket = socket
        self._send_all = send_all
        # Views, for what is large would else be copied whenever a little of it leaves. There is no queue, nor a lock,
        # until a socket takes less than it is given: most never do, and each takes half a kilobyte.
        self._waiting: deque[memoryview] | None = None
        self._torn = False
        """The first of ``_waiting`` has been sent in part."""
        self._lock: trio.Lock | None = None

    @property
    def direct(self) -> bool:
        """Whether the socket is written to without anything between."""
        return self._socket is not None

    @property
    def waiting(self) -> int:
        """How many pieces wait."""
        return 0 if self._waiting is None else len(self._waiting)

    def put(self, data: bytes) -> None:
        """Sends it now, or as soon as somebody drains; a peer that has gone gets nothing, which is no error."""
        if self.gone or not data:
            return
        if self._socket is not None and not self._waiting:
            try:
                sent = os.write(self._socket.fileno(), data)
            except BlockingIOError:
                sent = 0
            except OSError:
                self.lose()
                return
            if sent == len(data):
                return
            self._torn = sent > 0
        else:
            sent = 0
        if self._waiting is None:
            self._waiting = deque()
        self._waiting.append(memoryview(data)[sent:])
        self.waiting_bytes += len(data) - sent

    async def drain(self) -> bool:
        """Waits until nothing waits any more.

        Returns: False if the peer was too slow; then what waits is still there, unless it cannot be sent any more.

        The shield encloses lock and sending: a cancelled task would leave the remainder to nobody, and TLS cannot
        go on after a record that was cut off. It ends by its own deadline.
        """
        if not self._waiting:
            return True
        in_time = False
        if self._lock is None:
            self._lock = trio.Lock()
        with trio.CancelScope(shield=True):
            async with self._lock:
                in_time = await self._send_waiting()
        if not self._waiting:
            self._waiting = None
        return in_time

    async def _send_waiting(self) -> bool:
        moved = 0
        with trio.move_on_after(self.seconds) as patience:
            while self._waiting and not self.gone:
                try:
                    moved += await self._send_some()
                except (OSError, trio.BrokenResourceError, trio.ClosedResourceError):
                    self.lose()
                if moved >= STEP_BYTES:
                    moved, patience.deadline = 0, trio.current_time() + self.seconds
        if patience.cancelled_caught and self._socket is None:
            self.lose()
        return not patience.cancelled_caught

    async def _send_some(self) -> int:
        if self._socket is None:
            assert self._waiting, "looked at before"
            first = self._waiting[0][:STEP_BYTES]
            self._torn = True
            await self._send_all(first)
            sent = len(first)
        else:
            await trio.lowlevel.wait_writable(self._socket)
            try:
                sent = os.writev(
                    self._socket.fileno(), list(islice(self._waiting or (), BUFFERS_MOST))
                )
            except BlockingIOError:
                sent = 0
        self._remove(sent)
        return sent

    def _remove(self, sent: int) -> None:
        # While it was sent the peer may have been given up.
        self.waiting_bytes = max(0, self.waiting_bytes - sent)
        while sent and self._waiting:
            first = self._waiting[0]
            if sent < len(first):
                self._waiting[0], self._torn = first[sent:], True
                return
            sent -= len(first)
            self._waiting.popleft()
            self._torn = False

    def forget(self) -> None:
        """Drops what waits and can be dropped: all but the rest of a piece that has been sent in part."""
        kept = list(islice(self._waiting or (), 1)) if self._torn else []
        self._waiting = deque(kept) if kept else None
        self.waiting_bytes = sum(map(len, kept))

    def lose(self) -> None:
        """The peer gets nothing more."""
        self.gone, self._torn = True, False
        self._waiting = None
        self.waiting_bytes = 0
