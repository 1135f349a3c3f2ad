"""Attacks with what is sent over a websocket."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from contextlib import suppress

from attack import Attack, Outcome, fate
from hostile import Peer, eventually
from target import Target
from websocket_frames import BINARY, CLOSE, CONTINUATION, PING, RSV1, TEXT, encode, upgrade

BOMB_BYTES = 192 * 1024 * 1024
"""What the bomb becomes; it is sent as 190 KB."""
BOMB_GROWTH_MOST = 32 * 1024 * 1024
"""What the server may grow by meanwhile: a message of 64 KiB and its copies, and what an allocator keeps."""
OVERSIZE = 1024 * 1024
"""16 times the largest message."""
EARLY = 5
"""Nearly each of them ends the released server."""
WATCH_SECONDS = 1.0
"""For an end that follows the answer at once."""
FRAGMENT = b"x" * 1024
FRAGMENTS = 4096
"""4 MiB together: 64 times the largest message."""

DEFLATE = b"Sec-WebSocket-Extensions: permessage-deflate"


def bomb() -> bytes:
    """One message of zeros, compressed as RFC 7692 has it."""
    press = zlib.compressobj(9, zlib.DEFLATED, -15)
    zeros = bytes(1024 * 1024)
    pressed = b"".join(press.compress(zeros) for _ in range(BOMB_BYTES // len(zeros)))
    return (pressed + press.flush(zlib.Z_SYNC_FLUSH)).removesuffix(b"\x00\x00\xff\xff")


def deflate_bomb(target: Target) -> Outcome:
    """A few kilobytes that become hundreds of megabytes."""
    before = target.memory_peak()
    with target.connect() as peer:
        answer = peer.open_websocket("/ws/lengths", DEFLATE)
        negotiated = b"permessage-deflate" in answer.head
        peer.send(encode(BINARY, bomb(), flags=RSV1))
        peer.closed_within(target.patience)
    answers = target.answers(10.0)
    grown = target.memory_peak() - before
    seen = "inflated" if negotiated else "not negotiated"
    return Outcome(
        negotiated or not answers or grown > BOMB_GROWTH_MOST, f"{seen}, +{grown >> 20} MiB"
    )


def refused(target: Target, peer: Peer, frames: Iterable[bytes], code: int) -> Outcome:
    """Whether those frames are answered with that close code, and the connection ends even if we do not agree."""
    for frame in frames:
        if not peer.send(frame):
            break
    told = peer.close_code(target.patience)
    closed = target.closes(peer)
    said = "no close frame" if told is None else f"close {told}"
    return Outcome(told != code or not closed, f"{said}, {fate(target, closed)}")


def oversize_message(target: Target) -> Outcome:
    """One frame that is larger than any message may be."""
    with target.websocket("/ws/lengths") as peer:
        return refused(target, peer, [encode(BINARY, bytes(OVERSIZE))], 1009)


def fragments_without_end(target: Target) -> Outcome:
    """A message in small fragments of which none is the last."""
    with target.websocket("/ws/lengths") as peer:
        more = encode(CONTINUATION, FRAGMENT, final=False)
        frames = (encode(BINARY, FRAGMENT, final=False), *[more] * FRAGMENTS)
        return refused(target, peer, frames, 1009)


def invalid_utf8(target: Target) -> Outcome:
    """Text that is none (RFC 6455, 8.1)."""
    with target.websocket("/ws/lengths") as peer:
        return refused(target, peer, [encode(TEXT, b"\xff\xfe\xfd")], 1007)


def unmasked_frame(target: Target) -> Outcome:
    """What no client may send (RFC 6455, 5.1), because proxies could take it for something else."""
    with target.websocket("/ws/lengths") as peer:
        return refused(target, peer, [encode(TEXT, b"x", masked=False)], 1002)


def reserved_opcode(target: Target) -> Outcome:
    """A frame of no kind that there is."""
    with target.websocket("/ws/lengths") as peer:
        return refused(target, peer, [encode(0x3, b"x")], 1002)


def fragmented_ping(target: Target) -> Outcome:
    """A control frame that claims to go on."""
    with target.websocket("/ws/lengths") as peer:
        return refused(target, peer, [encode(PING, b"x", final=False)], 1002)


def empty_binary_frame(target: Target) -> Outcome:
    """A message of no bytes is a message; a handler that gets None instead fails on it."""
    with target.websocket("/ws/kinds") as peer:
        peer.send(encode(BINARY))
        answer = peer.message()
    seen = (
        "the connection ends" if answer is None else f"the handler gets {answer.payload.decode()}"
    )
    return Outcome(answer is None or answer.opcode == CLOSE or answer.payload != b"b''", seen)


def early_message(target: Target) -> Outcome:
    """A message in one packet with the upgrade, which no client may send (RFC 6455, 4.1)."""
    statuses = set()
    for _ in range(EARLY):
        with suppress(ConnectionError), target.connect() as peer:
            peer.send(upgrade("/ws/echo") + encode(TEXT, b"early"))
            answer = peer.answer()
            statuses.add("nothing" if answer is None else str(answer.status))
    # It ends, if it does, a moment after the answer.
    ends = eventually(lambda: not target.answers(target.patience), WATCH_SECONDS)
    seen = "the whole server ends" if ends else f"answered {', '.join(sorted(statuses))}"
    return Outcome(ends, seen)


ATTACKS = (
    Attack(hazard="190 KB of permessage-deflate that become 192 MiB", run=deflate_bomb, alone=True),
    Attack(hazard="A message of 1 MiB", run=oversize_message),
    Attack(hazard="Fragments without end", run=fragments_without_end),
    Attack(hazard="Text that is not UTF-8", run=invalid_utf8),
    Attack(hazard="An unmasked frame", run=unmasked_frame),
    Attack(hazard="A reserved opcode", run=reserved_opcode),
    Attack(hazard="A Ping in fragments", run=fragmented_ping),
    Attack(hazard="An empty binary message", run=empty_binary_frame),
    Attack(hazard="A message in one packet with the upgrade", run=early_message, alone=True),
)
