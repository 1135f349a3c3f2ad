"""Reads websocket messages that have come whole, which nearly all do, without wsproto's generators and buffers.

Only what RFC 6455 has no objection to is taken here: everything else, and whatever follows it, is wsproto's, as it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

TEXT_HEAD: Final = 0x81
BINARY_HEAD: Final = 0x82
"""The first byte of a message in one frame, without compression (RFC 6455, 5.2)."""

MASKED: Final = 0x80
SHORT_MOST: Final = 125
MIDDLE: Final = 126
MASK_BYTES: Final = 4


class Whole:
    """The whole messages at the beginning of what has come: iterate, then look at ``rest``."""

    __slots__ = ("_data", "_most", "_place")

    def __init__(self, data: bytes, most: int) -> None:
        self._data = data
        self._most = most
        """The bytes that a message may have here."""
        self._place = 0

    @property
    def rest(self) -> bytes:
        """What was not read."""
        return self._data[self._place :]

    def __iter__(self) -> Iterator[tuple[str | bytes, int]]:
        """Each message and how many bytes it has."""
        data, end = self._data, len(self._data)
        while end - self._place >= 2 + MASK_BYTES:
            first, second = data[self._place], data[self._place + 1]
            begin = self._place + 2
            size = second - MASKED
            if size == MIDDLE:
                size = data[begin] << 8 | data[begin + 1]
                begin += 2
                if size <= SHORT_MOST:
                    return
            elif not 0 <= size <= SHORT_MOST:
                return
            stop = begin + MASK_BYTES + size
            if stop > end or size > self._most or first not in (TEXT_HEAD, BINARY_HEAD):
                return
            payload = _unmasked(data[begin : begin + MASK_BYTES], data[begin + MASK_BYTES : stop])
            message: str | bytes = payload
            if first == TEXT_HEAD:
                try:
                    message = payload.decode()
                except UnicodeDecodeError:
                    return
            self._place = stop
            yield message, size


def between_messages(protocol: Any) -> bool:
    """Whether wsproto's ``FrameProtocol`` has nothing of a message yet, so that the next byte begins one."""
    frames = protocol._frame_decoder
    return (
        frames.header is None
        and not frames.buffer.buffer
        and protocol._message_decoder.opcode is None
    )


def _unmasked(mask: bytes, payload: bytes) -> bytes:
    # As one long number: twenty times faster than byte by byte.
    size = len(payload)
    key = (mask * (size // MASK_BYTES + 1))[:size]
    return (int.from_bytes(payload) ^ int.from_bytes(key)).to_bytes(size)
