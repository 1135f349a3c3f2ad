"""The client's side of a websocket over HTTP/2 (RFC 8441), as a stream of bytes."""

from __future__ import annotations

import h2.config
import h2.connection
import h2.events
import trio

RECEIVE_BYTES = 65536
STREAM = 1


class Http2Websocket(trio.abc.Stream):
    """Carries websocket frames in the DATA frames of one HTTP/2 stream."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self._http2 = h2.connection.H2Connection(
            config=h2.config.H2Configuration(client_side=True, header_encoding=None)
        )
        self._received = b""
        self._status: str | None = None
        self._ended = False

    async def open(self, path: str, port: int) -> None:
        """The handshake."""
        self._http2.initiate_connection()
        await self._flush()
        self._http2.send_headers(
            STREAM,
            [
                (":method", "CONNECT"),
                (":protocol", "websocket"),
                (":scheme", "https"),
                (":path", path),
                (":authority", f"localhost:{port}"),
                ("sec-websocket-version", "13"),
            ],
        )
        await self._flush()
        while self._status is None:
            await self._read()
        assert self._status == "200"

    async def ask(self, path: str) -> None:
        """Sends a GET, and reads nothing of its answer."""
        self._http2.initiate_connection()
        names = (":method", "GET"), (":scheme", "https"), (":path", path), (":authority", "a")
        self._http2.send_headers(STREAM, names, end_stream=True)
        await self._flush()

    async def ask_badly(self, *headers: tuple[str, str]) -> None:
        """Sends a request with those headers, whatever they are, and reads to the end of the connection."""
        self._http2.initiate_connection()
        self._http2.send_headers(STREAM, headers)
        await self._flush()
        while not self._ended:
            await self._read()

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Sends as much at once as a frame holds."""
        rest = bytes(data)
        while rest:
            size = min(
                self._http2.local_flow_control_window(STREAM), self._http2.max_outbound_frame_size
            )
            if not size:
                await self._read()
                continue
            self._http2.send_data(STREAM, rest[:size])
            rest = rest[size:]
            await self._flush()

    async def wait_send_all_might_not_block(self) -> None:
        """A stream has it."""
        await self._stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """What has come on the stream; empty at its end."""
        while not self._received and not self._ended:
            await self._read()
        data, self._received = self._received, b""
        return data

    async def aclose(self) -> None:
        """Closes the connection."""
        await self._stream.aclose()

    async def _flush(self) -> None:
        await self._stream.send_all(self._http2.data_to_send())

    async def _read(self) -> None:
        try:
            data = await self._stream.receive_some(RECEIVE_BYTES)
        except trio.BrokenResourceError:
            data = b""
        if not data:
            self._ended = True
            return
        for event in self._http2.receive_data(bytes(data)):
            if isinstance(event, h2.events.ResponseReceived):
                self._status = dict(event.headers)[b":status"].decode()
            elif isinstance(event, h2.events.DataReceived):
                self._received += event.data
                self._http2.acknowledge_received_data(event.flow_controlled_length, STREAM)
            elif isinstance(event, h2.events.StreamEnded | h2.events.StreamReset):
                self._ended = True
        await self._flush()
