"""hypercorn's HTTP/2 protocol, which as released falls over some frames that a client may send."""

from __future__ import annotations

from typing import Any

import h2.errors
import h2.events
import h2.exceptions
from hypercorn.events import Closed
from hypercorn.protocol.events import Body, Event
from hypercorn.protocol.h2 import H2Protocol

NEEDED = frozenset({b":method", b":path"})
"""What hypercorn takes for granted, and for ASCII. A plain CONNECT has no path (RFC 9113, 8.5): we are no proxy."""


class Sink:
    """In the place of a stream that has been answered: what still comes of its body is not wanted."""

    def __init__(self, protocol: H2Protocol) -> None:
        self._protocol = protocol

    async def handle(self, event: Event) -> None:
        """Tells the client to stop, as RFC 9113 (8.1) has it; what is under way is then dropped by the h2 library."""
        if not isinstance(event, Body):
            return
        try:
            self._protocol.connection.reset_stream(
                event.stream_id, error_code=h2.errors.ErrorCodes.NO_ERROR
            )
        except h2.exceptions.ProtocolError:
            return  # What came in the same read has ended the stream already, or the connection.


class Streams(dict[int, Any]):
    """The open streams; looked up by number, every other one is a sink."""

    def __init__(self, protocol: H2Protocol) -> None:
        super().__init__()
        self._sink = Sink(protocol)

    def __missing__(self, _: int) -> Sink:
        return self._sink


class Http2(H2Protocol):
    """One connection's requests. Made by hypercorn's ``ProtocolWrapper``, so with its signature."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.streams = Streams(self)

    async def _create_stream(self, request: h2.events.RequestReceived) -> None:
        taken = {name: value for name, value in request.headers or () if name in NEEDED}
        if taken.keys() == NEEDED and all(value.isascii() for value in taken.values()):
            await super()._create_stream(request)
        else:
            self.connection.close_connection(h2.errors.ErrorCodes.PROTOCOL_ERROR)
            await self._flush()
            await self.send(Closed())
