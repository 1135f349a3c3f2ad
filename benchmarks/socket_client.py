"""The least of a websocket client that a probe needs: text in, text out, one at a time."""

from __future__ import annotations

import socket
import struct
import time

RECEIVE_BYTES = 65536
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class Websocket:
    """An open connection; its clean-up is ``close``.

    Raises: ConnectionError: the upgrade was refused.
    """

    def __init__(self, port: int, path: str, header: str = "") -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), 10)
        self._buffer = bytearray()
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: 127.0.0.1:{port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Version: 13",
            *([header] if header else []),
        ]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())
        while b"\r\n\r\n" not in self._buffer:
            self._read(time.monotonic() + 10)
        head, _, rest = bytes(self._buffer).partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 101"):
            self._socket.close()
            raise ConnectionError(f"refused: {head[:200]!r}")
        self._buffer = bytearray(rest)

    def send(self, text: str) -> None:
        """One message."""
        self._send(TEXT, text.encode())

    def receive(self, seconds: float) -> str:
        """The next message. Raises: TimeoutError; ConnectionError: the server has closed."""
        end = time.monotonic() + seconds
        while True:
            while (frame := self._frame()) is None:
                self._read(end)
            kind, body = frame
            if kind == PING:
                self._send(PONG, body)
            elif kind == CLOSE:
                raise ConnectionError(f"closed: {body!r}")
            elif kind == TEXT:
                return body.decode()

    def wait_for(self, text: str, seconds: float) -> str:
        """The next message that contains the text; others are dropped. Raises: as ``receive``."""
        end = time.monotonic() + seconds
        while True:
            message = self.receive(end - time.monotonic())
            if text in message:
                return message

    def close(self) -> None:
        """Ends it without a word."""
        self._socket.close()

    def _send(self, kind: int, body: bytes) -> None:
        # Masked, with a mask of zeros (RFC 6455, 5.2).
        if len(body) < 126:
            head = struct.pack("!BB4x", 0x80 | kind, 0x80 | len(body))
        else:
            head = struct.pack("!BBH4x", 0x80 | kind, 0x80 | 126, len(body))
        self._socket.sendall(head + body)

    def _read(self, end: float) -> None:
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)
        data = self._socket.recv(RECEIVE_BYTES)
        if not data:
            raise ConnectionError("the server has gone")
        self._buffer += data

    def _frame(self) -> tuple[int, bytes] | None:
        """A whole frame, which a server neither masks nor splits here."""
        if len(self._buffer) < 2:
            return None
        length, start = self._buffer[1] & 127, 2
        if length == 126:
            start = 4
            if len(self._buffer) < start:
                return None
            (length,) = struct.unpack_from("!H", self._buffer, 2)
        if len(self._buffer) < start + length:
            return None
        kind, body = self._buffer[0] & 15, bytes(self._buffer[start : start + length])
        del self._buffer[: start + length]
        return kind, body
