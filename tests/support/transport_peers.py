"""A server on a loopback port with our transport, and peers that speak to it byte by byte, as no library would."""

from __future__ import annotations

import functools
import logging
import socket
import struct
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, NamedTuple

import trio
from hypercorn.config import Config
from hypercorn.trio import serve
from quart_trio import QuartTrio

from switchboard.web import transport
from switchboard.web.transport import HTTPConnection, Limits, WebsocketConnection

DEADLINE_SECONDS = 20.0
"""For whatever a test waits for; a loopback exchange takes milliseconds, and none waits for this to pass."""

RECEIVE_BYTES = 65536

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
"""RFC 6455, 1.3."""

TEXT, BINARY, CLOSE, PING, PONG, CONTINUATION = 0x1, 0x2, 0x8, 0x9, 0xA, 0x0


def new_app(*, guarded: bool = True) -> QuartTrio:
    """A Quart-Trio app without routes, with our connections or with those as released."""
    app = QuartTrio("app", static_folder=None)
    if guarded:
        app.asgi_http_class = HTTPConnection
        app.asgi_websocket_class = WebsocketConnection
    return app


def asgi_app(handle: Any) -> Any:
    """An ASGI app without any framework; ``handle`` gets its requests and websockets."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await handle(scope, receive, send)
            return
        for stage in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{stage}.complete"})

    return app


class Server:
    """A running server."""

    def __init__(self, port: int, stop: trio.Event) -> None:
        self.port = port
        self.stop = stop
        """Set it, and the server ends in order."""
        self.faults_expected = 0
        """Connections that fail by a fault of the transport's own, which a test has planted."""
        self.before = dict(transport.statistics())

    def counted(self, name: str) -> float:
        """How much that count has grown since the server was started."""
        return transport.statistics()[name] - self.before[name]

    async def until(self, name: str, value: float = 1) -> None:
        """Returns when the count has grown by so much."""
        await until(lambda: self.counted(name) >= value)


async def until(holds: Any) -> None:
    """Returns when that holds; it is looked at whenever everything else has had its turn."""
    with trio.fail_after(DEADLINE_SECONDS):
        while not holds():  # noqa: ASYNC110 - it looks from outside, at what nobody announces
            await trio.sleep(0.002)


@asynccontextmanager
async def served(app: Any, limits: Limits | None = None, **settings: Any) -> AsyncIterator[Server]:
    """The app under hypercorn's worker for the length of the block; afterwards no connection is counted any more."""
    config = Config()
    config.bind, config.errorlog = ["127.0.0.1:0"], logging.getLogger("hypercorn.error")
    config.graceful_timeout = 3.0
    for name, value in settings.items():
        setattr(config, name, value)
    transport.install(limits or Limits())
    stop = trio.Event()
    try:
        async with trio.open_nursery() as nursery:
            start = functools.partial(serve, app, config, shutdown_trigger=stop.wait, mode="asgi")
            urls = await nursery.start(start)
            server = Server(int(urls[0].rpartition(":")[2]), stop)
            open_before = server.before["connections"]
            yield server
            nursery.cancel_scope.cancel()
    finally:
        transport.uninstall()
    assert transport.statistics()["connections"] == open_before
    assert server.counted("connections_failed") == server.faults_expected


class Peer:
    """A connection that says exactly what it is told to."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.stream = stream
        self.received = b""

    async def send(self, data: bytes) -> None:
        """Sends those bytes."""
        with trio.fail_after(DEADLINE_SECONDS):
            await self.stream.send_all(data)

    async def read(self) -> bytes:
        """What has come; empty at the end, however that came about."""
        with trio.fail_after(DEADLINE_SECONDS):
            try:
                return bytes(await self.stream.receive_some(RECEIVE_BYTES))
            except trio.BrokenResourceError:
                return b""

    async def until_closed(self) -> bytes:
        """All that comes until the server closes the connection."""
        while data := await self.read():
            self.received += data
        return self.received

    async def until_received(self, text: bytes) -> bytes:
        """All that comes until that text has come; then it is forgotten."""
        while text not in self.received:
            data = await self.read()
            assert data, f"closed before {text!r}: {self.received!r}"
            self.received += data
        before, _, self.received = self.received.partition(text)
        return before + text

    async def answer(self) -> tuple[int, bytes]:
        """Status and body of an answer with a length."""
        head = await self.until_received(b"\r\n\r\n")
        fields = dict(line.split(b": ", 1) for line in head.lower().split(b"\r\n")[1:-2])
        size = int(fields[b"content-length"])
        while len(self.received) < size:
            data = await self.read()
            assert data, f"closed in the body: {self.received!r}"
            self.received += data
        body, self.received = self.received[:size], self.received[size:]
        return int(head[9:12]), body


@asynccontextmanager
async def connected(
    server: Server, *, address: str = "127.0.0.1", receive_buffer: int | None = None
) -> AsyncIterator[Peer]:
    """A peer, from that address of loopback; a small receive buffer makes one that soon takes nothing more."""
    peer = trio.socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if receive_buffer is not None:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    await peer.bind((address, 0))
    await peer.connect(("127.0.0.1", server.port))
    async with trio.SocketStream(peer) as stream:
        yield Peer(stream)


async def asked(server: Server, request: bytes) -> bytes:
    """All that the server sends on a connection of its own."""
    async with connected(server) as peer:
        await peer.send(request)
        return await peer.until_closed()


def get(path: str, *headers: str) -> bytes:
    """A GET that keeps its connection."""
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: a", *headers, "", ""]).encode()


# -- websockets ---------------------------------------------------------------------------------------------------


class Arrived(NamedTuple):
    """One frame of the server's."""

    opcode: int
    payload: bytes

    @property
    def code(self) -> int:
        """Of a close frame."""
        assert self.opcode == CLOSE, self
        return int.from_bytes(self.payload[:2], "big")


def frame(opcode: int, payload: bytes, *, final: bool = True) -> bytes:
    """A masked frame, as clients send them; the mask is zero."""
    size = len(payload)
    first = (0x80 if final else 0) | opcode
    if size < 126:
        head = struct.pack("!BB", first, 0x80 | size)
    elif size < 65536:
        head = struct.pack("!BBH", first, 0x80 | 126, size)
    else:
        head = struct.pack("!BBQ", first, 0x80 | 127, size)
    return head + bytes(4) + payload


class WebsocketPeer(Peer):
    """A websocket that neither answers pings nor closes unless it is told to."""

    async def say(self, payload: str | bytes) -> None:
        """A text or binary message in one frame."""
        text = isinstance(payload, str)
        data = payload.encode() if isinstance(payload, str) else payload
        await self.send(frame(TEXT if text else BINARY, data))

    async def hear(self) -> Arrived:
        """The next frame."""
        await self._have(2)
        opcode, size = self.received[0] & 0xF, self.received[1]
        start = 2
        if size == 126:
            await self._have(4)
            start, size = 4, int.from_bytes(self.received[2:4], "big")
        elif size == 127:
            await self._have(10)
            start, size = 10, int.from_bytes(self.received[2:10], "big")
        await self._have(start + size)
        payload = self.received[start : start + size]
        self.received = self.received[start + size :]
        return Arrived(opcode, payload)

    async def hear_close(self) -> int:
        """The code of the close frame, which is the last one; what came before it is passed over."""
        while (arrived := await self.hear()).opcode != CLOSE:
            continue
        assert self.received == b""
        return arrived.code

    async def _have(self, count: int) -> None:
        while len(self.received) < count:
            data = await self.read()
            assert data, f"closed within a frame: {self.received!r}"
            self.received += data


def upgrade(path: str, headers: Mapping[str, str]) -> bytes:
    """A websocket's handshake."""
    fields = {
        "Host": "localhost",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": KEY.decode(),
        "Sec-WebSocket-Version": "13",
        **headers,
    }
    lines = [f"{name}: {value}" for name, value in fields.items()]
    return "\r\n".join([f"GET {path} HTTP/1.1", *lines, "", ""]).encode()


@asynccontextmanager
async def websocket_to(
    server: Server,
    path: str = "/ws",
    headers: Mapping[str, str] | None = None,
    receive_buffer: int | None = None,
) -> AsyncIterator[WebsocketPeer]:
    """An open websocket."""
    async with connected(server, receive_buffer=receive_buffer) as plain:
        peer = WebsocketPeer(plain.stream)
        await peer.send(upgrade(path, headers or {}))
        head = await peer.until_received(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101"), head
        yield peer


@contextmanager
def logged(name: str) -> Iterator[list[logging.LogRecord]]:
    """What that logger of the standard library writes meanwhile."""
    records: list[logging.LogRecord] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    handler, logger = Keep(), logging.getLogger(name)
    logger.addHandler(handler)
    try:
        yield records
    finally:
        logger.removeHandler(handler)
