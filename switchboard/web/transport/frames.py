"""Websocket frames as bytes (RFC 6455, 5.2): encoded once, they can be written to any number of connections."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple, NewType

Frame = NewType("Frame", bytes)
"""One whole, unmasked frame."""


class Run(NamedTuple):
    """Frames that are sent one right after the other, for one system call instead of one each."""

    frames: tuple[Frame, ...]
    joined: bytes


def run_of(frames: Sequence[Frame]) -> Run:
    """Those frames as one run."""
    return Run(tuple(frames), frames[0] if len(frames) == 1 else b"".join(frames))


TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
"""RFC 6455, 5.2."""
FINAL = 0x80

SHORT_MOST = 125
"""RFC 6455, 5.2; also the most that a control frame carries."""
MIDDLE_MOST = 0xFFFF
REASON_BYTES_MOST = SHORT_MOST - 2


def encode_text(payload: str | bytes) -> Frame:
    """A text frame. Bytes must be UTF-8, as an encoder of JSON returns them; they are not checked."""
    return _frame(TEXT, payload.encode() if isinstance(payload, str) else payload)


def encode_binary(payload: bytes) -> Frame:
    """A binary frame."""
    return _frame(BINARY, payload)


def encode_ping(payload: bytes = b"") -> Frame:
    """A ping with at most 125 bytes."""
    return _frame(PING, payload)


def encode_pong(payload: bytes) -> Frame:
    """The answer to a ping with that payload."""
    return _frame(PONG, payload)


def encode_close(code: int, reason: str = "") -> Frame:
    """A close frame; a reason that is too long is cut at a character's end."""
    text = reason.encode()[:REASON_BYTES_MOST].decode(errors="ignore").encode()
    return _frame(CLOSE, struct.pack("!H", code) + text)


def payload_of(frame: Frame) -> bytes:
    """What a frame carries, for who is told it by other means than a websocket."""
    length = frame[1]
    return frame[2 if length <= SHORT_MOST else 4 if length == 126 else 10 :]


def _frame(opcode: int, payload: bytes) -> Frame:
    size = len(payload)
    if size <= SHORT_MOST:
        head = bytes((FINAL | opcode, size))
    elif size <= MIDDLE_MOST:
        head = struct.pack("!BBH", FINAL | opcode, 126, size)
    else:
        head = struct.pack("!BBQ", FINAL | opcode, 127, size)
    return Frame(head + payload)
