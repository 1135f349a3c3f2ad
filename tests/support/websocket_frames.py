"""Websocket frames by hand, malformed ones included (RFC 6455, section 5): client libraries refuse to send those."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA

FIN = 0x80
RSV1 = 0x40
"""Says that the message is compressed, where permessage-deflate was negotiated (RFC 7692)."""
MASKED = 0x80

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
"""The example of RFC 6455."""


class Frame(NamedTuple):
    """A frame that a server sent."""

    opcode: int
    payload: bytes

    @property
    def code(self) -> int:
        """The code of a Close; 1005 if it has none (RFC 6455, 7.1.5)."""
        return int.from_bytes(self.payload[:2], "big") if len(self.payload) >= 2 else 1005


def upgrade(path: str, *headers: bytes) -> bytes:
    """The request that opens a websocket."""
    fields = (
        b"GET %s HTTP/1.1" % path.encode(),
        b"Host: 127.0.0.1",
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Key: " + KEY,
        b"Sec-WebSocket-Version: 13",
        *headers,
    )
    return b"\r\n".join((*fields, b"", b""))


def encode(
    opcode: int, payload: bytes = b"", *, final: bool = True, flags: int = 0, masked: bool = True
) -> bytes:
    """A client's frame. ``masked=False`` breaks RFC 6455, 5.1; so does ``flags`` without an extension."""
    first = opcode | flags | (FIN if final else 0)
    mask_bit = MASKED if masked else 0
    size = len(payload)
    if size < 126:
        head = bytes((first, mask_bit | size))
    elif size < 1 << 16:
        head = bytes((first, mask_bit | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((first, mask_bit | 127)) + size.to_bytes(8, "big")
    # A mask of zeros is a mask: the payload stays readable and costs nothing.
    return head + (bytes(4) if masked else b"") + payload


def decode(buffer: bytearray) -> Iterator[Frame]:
    """Takes the complete frames out of what a server sent."""
    while len(buffer) >= 2:
        size, start = buffer[1] & 0x7F, 2
        if size == 126:
            size, start = int.from_bytes(buffer[2:4], "big"), 4
        elif size == 127:
            size, start = int.from_bytes(buffer[2:10], "big"), 10
        if len(buffer) < start + size:
            return
        frame = Frame(buffer[0] & 0x0F, bytes(buffer[start : start + size]))
        del buffer[: start + size]
        yield frame


def noise(size: int) -> bytes:
    """Bytes that no compression makes smaller."""
    return os.urandom(size)
