"""A lean HTTP client for servers of this machine: keep-alive connections over plain sockets, for loads and trials."""

from __future__ import annotations

from typing import NamedTuple

import trio

RECEIVE_BYTES = 65536


class Unreachable(Exception):
    """Nobody listens: nothing was sent."""


class Lost(Exception):
    """The connection ended before the answer was complete: the request may have been taken or not."""


class Answer(NamedTuple):
    """What the server said. ``head`` is the status line and the headers."""

    status: int
    head: bytes
    body: bytes

    def header(self, name: bytes) -> bytes | None:
        """A header's value; ``name`` in lower case."""
        for line in self.head.split(b"\r\n")[1:]:
            key, _, value = line.partition(b":")
            if key.lower() == name:
                return value.strip()
        return None


def request(method: str, path: str, token: str, body: bytes, more: str = "") -> bytes:
    """A request's bytes. ``more``: further header lines, each ended with CR LF."""
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    )
    return head.encode() + body


async def connect(port: int) -> Connection:
    """A connection to that port of the loopback address. Raises: Unreachable."""
    try:
        return Connection(await trio.open_tcp_stream("127.0.0.1", port))
    except OSError as error:
        raise Unreachable(str(error)) from error


class Connection:
    """One keep-alive connection, for one request at a time."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._rest = b""

    async def exchange(self, request: bytes) -> Answer:
        """The answer to a request. Raises: Lost."""
        try:
            await self._stream.send_all(request)
        except trio.BrokenResourceError as error:
            raise Lost(str(error)) from error
        while b"\r\n\r\n" not in self._rest:
            self._rest += await self._receive()
        head, _, data = self._rest.partition(b"\r\n\r\n")
        lowered = head.lower()
        start = lowered.index(b"content-length:") + 15
        length = int(lowered[start:].split(b"\r\n", 1)[0])
        while len(data) < length:
            data += await self._receive()
        self._rest = data[length:]
        return Answer(int(head[9:12]), head, data[:length])

    def close(self) -> None:
        """Ends it, whatever is under way."""
        self._stream.socket.close()

    async def _receive(self) -> bytes:
        try:
            data = await self._stream.receive_some(RECEIVE_BYTES)
        except trio.BrokenResourceError as error:
            raise Lost(str(error)) from error
        if not data:
            raise Lost("the server closed the connection")
        return bytes(data)
