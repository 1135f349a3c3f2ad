"""Reads the body of one HTTP/1 request, as far as somebody asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import h11
import trio

from switchboard.web.transport.inbox import Turns
from switchboard.web.transport.limits import STEP_BYTES, Limits

if TYPE_CHECKING:
    from switchboard.web.transport.http1 import Http1


EVENTS_MOST = 4
"""For a body in one piece h11 has two: the piece, and its end."""


class BodyReader:
    """The body of the present request.

    Its deadline runs only while somebody waits for the client: whoever reads slowly is not the client's fault.
    """

    def __init__(self, protocol: Http1) -> None:
        self._protocol = protocol
        self._next: h11.Data | None = None
        self._turns = Turns()
        self._moved = 0
        self._patience: float | None = None
        self._announced = protocol.connection.they_are_waiting_for_100_continue
        """The client sends the body only when it is told to, and nobody has told it yet."""
        self.refusal: int | None = None
        """The status with which it was given up."""

    async def part(self) -> tuple[bytes, bool] | None:
        """The next part, and whether it was the last; None: no more will come."""
        try:
            event = self._next or await self._event()
            self._next = None
            if isinstance(event, h11.EndOfMessage):
                return b"", True
            if not isinstance(event, h11.Data):
                return None
            # Most bodies have come as a whole; to say so at once spares their readers a second look.
            after = self._protocol.connection.next_event()
            if isinstance(after, h11.Data):
                self._next = after
            return bytes(event.data), isinstance(after, h11.EndOfMessage)
        except h11.RemoteProtocolError as error:
            if self.refusal is None and not self._protocol.gone:
                self.refusal = error.error_status_hint
            return None

    async def discard(self, limits: Limits) -> bool:
        """Reads what nobody asked for, so that the next request can be read. Returns: False if that is not to be
        had."""
        if self._announced:
            return False  # Whether it sends the body or its next request now, nobody can know.
        if self._rest_has_come():
            return True
        size = 0
        with trio.move_on_after(limits.linger_seconds):
            while size <= limits.linger_bytes and (part := await self.part()) is not None:
                data, last = part
                await self._turns.taken()
                size += len(data)
                if last:
                    return True
        return False

    def _rest_has_come(self) -> bool:
        """Whether all of it was there already, in one piece; it is gone then. Nearly always so, for a handler that
        wants no body."""
        try:
            for _ in range(EVENTS_MOST):
                self._next = None
                event = self._protocol.connection.next_event()
                if not isinstance(event, h11.Data):
                    return isinstance(event, h11.EndOfMessage)
        except h11.RemoteProtocolError:
            return False
        return False

    async def _event(self) -> object:
        """h11's next event. Raises: h11.RemoteProtocolError."""
        protocol = self._protocol
        while True:
            if self._announced and protocol.connection.they_are_waiting_for_100_continue:
                await protocol.go_on()
            self._announced = False
            event = protocol.connection.next_event()
            if event is not h11.NEED_DATA or not await self._more():
                return event

    async def _more(self) -> bool:
        """Reads on. Returns: False if nothing came in time."""
        protocol = self._protocol
        limits = protocol.limits
        patience = limits.body_seconds if self._patience is None else self._patience
        began = trio.current_time()
        with trio.CancelScope(deadline=began + patience) as scope:
            data = await protocol.receive()
        if scope.cancelled_caught:
            protocol.counts.bodies_cut += 1
            self.refusal = 408
            return False
        self._patience = patience - (trio.current_time() - began)
        self._moved += len(data)
        if self._moved >= STEP_BYTES:
            self._moved, self._patience = 0, limits.body_seconds
        protocol.connection.receive_data(data)
        return True
