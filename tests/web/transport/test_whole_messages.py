"""What is read without wsproto is what wsproto would have read."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionType
from wsproto.events import CloseConnection, Message, Ping

from switchboard.web.transport.whole_messages import Whole, between_messages

MOST = 1000

TEXT, BINARY, PING = 0x81, 0x82, 0x89


def frame(first: int, payload: bytes, mask: bytes, *, longer: bool = False) -> bytes:
    """As a client sends it; ``longer``: with more bytes for its length than it needs."""
    size = len(payload)
    if size > 0xFFFF or (longer and size > 125):
        head = struct.pack("!BBQ", first, 0x80 | 127, size)
    elif size > 125 or longer:
        head = struct.pack("!BBH", first, 0x80 | 126, size)
    else:
        head = struct.pack("!BB", first, 0x80 | size)
    return head + mask + bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))


def read_by_wsproto(chunks: list[bytes]) -> list[Any]:
    """Messages as they are, pings, and the code of the end if there is one."""
    return _read(Connection(ConnectionType.SERVER), chunks, whole=False)


def read_with_whole(chunks: list[bytes]) -> list[Any]:
    """The same as the transport does it."""
    return _read(Connection(ConnectionType.SERVER), chunks, whole=True)


def _read(connection: Connection, chunks: list[bytes], *, whole: bool) -> list[Any]:
    found: list[Any] = []
    parts: list[Any] = []
    for chunk in chunks:
        rest = chunk
        if whole and between_messages(connection._proto):
            messages = Whole(chunk, MOST)
            found += [message for message, _ in messages]
            rest = messages.rest
        if not rest:
            continue
        connection.receive_data(rest)
        for event in connection.events():
            if isinstance(event, Message):
                parts.append(event.data)
                if event.message_finished:
                    found.append(type(parts[0])().join(parts))
                    parts.clear()
            elif isinstance(event, Ping):
                found.append(("ping", bytes(event.payload)))
            elif isinstance(event, CloseConnection):
                return [*found, ("end", event.code)]
    return found


masks = st.binary(min_size=4, max_size=4)
payloads = st.one_of(
    st.binary(max_size=20),
    st.text(max_size=20).map(str.encode),
    st.sampled_from([b"x" * size for size in (124, 125, 126, 127, 300, MOST, MOST + 1, 70_000)]),
)
firsts = st.sampled_from([TEXT, BINARY, PING, 0x01, 0x80, 0x00, 0x88, 0xC1, 0x83])
frames = st.builds(frame, firsts, payloads, masks, longer=st.booleans())
ordinary = st.builds(
    frame, st.sampled_from([TEXT, BINARY]), st.text(max_size=40).map(str.encode), masks
)


@given(
    st.lists(st.one_of(ordinary, ordinary, frames, st.binary(max_size=3)), max_size=6), st.data()
)
def test_it_reads_what_wsproto_reads_however_it_is_cut(
    some: list[bytes], data: st.DataObject
) -> None:
    whole = b"".join(some)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=4)))
    chunks = [whole[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    assert read_with_whole(chunks) == read_by_wsproto(chunks)


def test_messages_that_came_together_are_read_without_wsproto() -> None:
    payloads = ["", "ä", "x" * 125, "y" * 126, "z" * MOST]
    data = b"".join(frame(TEXT, text.encode(), b"\x01\x02\x03\x04") for text in payloads)
    whole = Whole(data, MOST)
    assert list(whole) == [(text, len(text.encode())) for text in payloads]
    assert whole.rest == b""


AFTER = frame(TEXT, b"after", b"abcd")


@pytest.mark.parametrize(
    "left",
    [
        frame(TEXT, b"x" * (MOST + 1), b"abcd") + AFTER,
        frame(TEXT, b"\xff", bytes(4)) + AFTER,
        frame(TEXT, b"x", b"abcd", longer=True) + AFTER,
        frame(0x01, b"first part", b"abcd") + AFTER,
        frame(0xC1, b"compressed", b"abcd") + AFTER,
        frame(PING, b"", b"abcd") + AFTER,
        b"\x81\x01x" + AFTER,
        frame(TEXT, b"cut", b"abcd")[:-1],
        frame(TEXT, b"c" * 200, b"abcd")[:3],
        b"\x81",
        b"",
    ],
    ids=[
        "too big",
        "not UTF-8",
        "length too long",
        "fragment",
        "compressed",
        "ping",
        "not masked",
        "cut",
        "cut in its head",
        "one byte",
        "nothing",
    ],
)
def test_whatever_is_not_a_whole_message_is_left_with_all_that_follows(left: bytes) -> None:
    whole = Whole(frame(TEXT, b"before", b"abcd") + left, MOST)
    assert list(whole) == [("before", 6)]
    assert whole.rest == left


def test_it_is_between_messages_only_where_a_message_may_begin() -> None:
    connection = Connection(ConnectionType.SERVER)
    assert between_messages(connection._proto)
    for data, between in (
        (frame(0x01, b"a", b"abcd"), False),
        (frame(PING, b"", b"abcd"), False),
        (frame(0x80, b"b", b"abcd"), True),
        (frame(TEXT, b"c", b"abcd")[:1], False),
        (frame(TEXT, b"c", b"abcd")[1:], True),
        (frame(TEXT, b"x" * 10, b"abcd")[:12], False),
    ):
        connection.receive_data(data)
        list(connection.events())
        assert between_messages(connection._proto) is between
