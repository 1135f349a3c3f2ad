"""The way out to one websocket's peer: bounded, and shut for good once a close frame has been sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import trio

from switchboard.web.transport.frames import Frame, Run, encode_close
from switchboard.web.transport.guard import Guard
from switchboard.web.transport.writing import Writer

OUTLET = "switchboard.outlet"
"""The key of the ASGI scope under which a websocket's ``Outlet`` is found."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CloseCodes:
    """What a websocket is closed with when it is not its handler that closes it. A protocol with codes of its own
    says so by setting ``outlet.codes``."""

    goodbye: int = 1012
    """The server ends: service restart (IANA's registry of close codes)."""
    silent: int = 1011
    """No answer to a ping: RFC 6455's code for a condition that keeps the server from going on."""
    slow: int = 1013
    """The peer does not read: try again later (IANA)."""
    overrun: int = 1008
    """The peer sends faster than its messages are handled: RFC 6455, policy violation."""
    too_big: int = 1009
    """RFC 6455."""


CODES = CloseCodes()


class Outlet:
    """Sends frames to one peer. Found by a handler in ``websocket.scope[OUTLET]``.

    What the peer's socket does not take waits: at most ``outbox_frames`` for longer than ``send_seconds``, and
    never more than ``outbox_bytes``. Beyond that the websocket is closed with ``codes.slow``; a frame is never left
    out of the middle.

    Args:
        wake: called when something waits, or the end is near.
    """

    __slots__ = (
        "_full_since",
        "_guard",
        "_on_end",
        "_room",
        "_wake",
        "closed_at",
        "codes",
        "ended",
        "open",
        "pong_seconds",
        "writer",
    )

    def __init__(self, guard: Guard, writer: Writer, wake: Callable[[], None]) -> None:
        self.codes = CODES
        self.pong_seconds = guard.limits.pong_seconds
        """How long the peer may be silent after a ping."""
        self.writer = writer
        self.open = False
        """Whether frames are taken: from the acceptance of the websocket to the first close frame."""
        self.closed_at: float | None = None
        """When a close frame was sent (Trio's clock)."""
        self.ended = False
        """Nothing is sent any more."""
        self._wake = wake
        self._guard = guard
        self._full_since: float | None = None
        self._room: trio.Event | None = None
        """Of those who wait to send."""
        self._on_end: Callable[[], None] | None = None

    def send_encoded(self, frame: Frame) -> bool:
        """Sends a frame without waiting: to the socket, or behind what waits for it.

        Returns: False if the peer will not get it, because it has left, is being closed, or is too slow and will be.
        """
        return self._put(frame)

    def send_run(self, run: Run) -> bool:
        """As ``send_encoded``, several frames at once: all of them or none, and among what waits they count as one."""
        return self._put(run.joined)

    def _put(self, data: bytes) -> bool:
        if not self.open:
            return False
        self.writer.put(data)
        if self.writer.waiting:
            self._wake()
            self._watch()
        return self.open and not self.writer.gone

    async def send(self, frame: Frame) -> bool:
        """As ``send_encoded``, but waits while the outbox is full; so whoever sends is as fast as who reads."""
        while self.open and self.writer.waiting >= self._guard.limits.outbox_frames:
            if self._room is None:
                self._room = trio.Event()
            await self._room.wait()
        return self.send_encoded(frame)

    def close(self, code: int, reason: str = "") -> None:
        """Sends a close frame behind what waits; nothing is sent after it. The connection ends with the peer's
        answer, or after ``goodbye_seconds``. A second one is not sent."""
        if not self.open:
            return
        self.open, self.closed_at = False, trio.current_time()
        self.writer.put(encode_close(code, reason))
        self.writer.seconds = min(self.writer.seconds, self._guard.limits.goodbye_seconds)
        self._wake()
        self._let_in()

    def give_up_after(self, seconds: float) -> None:
        """For a protocol with a number of its own: the peer may be silent for so long, of which the first part is
        before the ping."""
        self.pong_seconds = max(seconds - self._guard.limits.ping_seconds, 0.0)

    def close_slow(self) -> None:
        """Gives up on what waits; only the close frame is still to be sent."""
        if self.open:
            self._guard.counts.slow_readers += 1
            self._guard.tell("websocket_too_slow", waiting=self.writer.waiting)
            self.writer.forget()
            self.close(self.codes.slow, "too slow")

    def drained(self) -> None:
        """What waited has left."""
        if self.writer.waiting < self._guard.limits.outbox_frames:
            self._full_since = None
            self._let_in()

    def end(self) -> None:
        """The websocket has ended: nothing is sent any more, and who has asked is told."""
        self.open, self.ended = False, True
        self._let_in()
        if self._on_end is not None:
            self._on_end()

    def when_ended(self, callback: Callable[[], None] | None) -> None:
        """``callback``, and none that was named before, is called at the end, or now if that has been."""
        self._on_end = callback
        if self.ended and callback is not None:
            callback()

    def _let_in(self) -> None:
        if self._room is not None:
            self._room.set()
            self._room = None

    def _watch(self) -> None:
        limits = self._guard.limits
        if self.writer.waiting_bytes > limits.outbox_bytes:
            self.close_slow()
        elif self.writer.waiting < limits.outbox_frames:
            self._full_since = None
        else:
            now = trio.current_time()
            if self._full_since is None:
                self._full_since = now
            elif now - self._full_since >= limits.send_seconds:
                self.close_slow()
