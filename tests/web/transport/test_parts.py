"""The pure parts of the transport, each alone."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import cast

import pytest
import trio
from h2.config import H2Configuration
from h2.connection import H2Connection
from hypercorn.protocol.events import Body
from hypercorn.protocol.h2 import H2Protocol
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import wait_all_tasks_blocked
from wsproto.connection import CLIENT, Connection
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, Pong, TextMessage

from switchboard.web.transport import Limits, Outlet, encode_binary, encode_text
from switchboard.web.transport.frames import encode_close, encode_ping, encode_pong
from switchboard.web.transport.guard import Guard
from switchboard.web.transport.http2 import Sink
from switchboard.web.transport.messages import Assembly, TooBig
from switchboard.web.transport.origins import allowed
from switchboard.web.transport.writing import Writer


def read(data: bytes) -> list[Event]:
    """What a client's library makes of frames of ours."""
    client = Connection(CLIENT)
    client.receive_data(data)
    return list(client.events())


@given(st.text() | st.sampled_from(["x" * size for size in (125, 126, 65_535, 65_536, 70_000)]))
def test_every_text_is_read_as_it_was_encoded(text: str) -> None:
    events = read(encode_text(text) + encode_text(text.encode()))
    whole = "".join(str(event.data) for event in events if isinstance(event, TextMessage))
    assert whole == text * 2


@given(st.binary(max_size=300), st.binary(max_size=125))
def test_bytes_pings_and_pongs_are_read_as_they_were_encoded(data: bytes, small: bytes) -> None:
    events = read(encode_binary(data) + encode_ping(small) + encode_pong(small))
    assert events[0] == BytesMessage(data=bytearray(data), message_finished=True)
    assert [type(event) for event in events[1:]] == [Ping, Pong]
    assert all(
        bytes(event.payload) == small for event in events[1:] if isinstance(event, Ping | Pong)
    )


@given(st.integers(3000, 4999), st.text())
def test_a_close_frame_is_valid_however_long_its_reason(code: int, reason: str) -> None:
    [event] = read(encode_close(code, reason))
    assert isinstance(event, CloseConnection)
    assert event.code == code
    assert reason.startswith(event.reason or "")


@given(st.lists(st.text(max_size=8), min_size=1, max_size=8), st.integers(0, 40))
def test_a_message_is_whole_or_too_big_whatever_its_pieces(parts: list[str], most: int) -> None:
    assembly = Assembly(most)
    size = len("".join(parts).encode())
    whole: object = None
    try:
        for number, part in enumerate(parts, 1):
            last = number == len(parts)
            whole = assembly.add(TextMessage(data=part, message_finished=last))
    except TooBig:
        assert size > most
    else:
        assert size <= most
        assert (whole, assembly.size) == ("".join(parts), size)


@pytest.mark.parametrize(
    ("origin", "host", "granted"),
    [
        ("http://a.test", "a.test", True),
        ("https://a.test", "a.test", True),
        ("https://a.test", "a.test:443", True),
        ("http://a.test:8000", "a.test:8000", True),
        ("http://A.test:8000", "a.TEST:8000", True),
        ("http://[::1]:8000", "[::1]:8000", True),
        ("http://a.test:8000", "a.test:8001", False),
        ("http://a.test:443", "a.test", False),
        ("http://b.test", "a.test", False),
        ("http://a.test.evil.test", "a.test", False),
        ("http://evil.test/a.test", "a.test", False),
        ("http://user@a.test", "a.test", False),
        ("null", "a.test", False),
        ("", "", False),
        ("file://", "", False),
        ("http://[", "a.test", False),
        ("https://friend.test", "a.test", True),
        ("https://friend.test:8443", "a.test", False),
    ],
)
def test_an_origin_is_that_of_the_host_or_one_of_the_list(
    origin: str, host: str, granted: bool
) -> None:
    headers = [(b"Host", host.encode()), (b"Origin", origin.encode())]
    assert allowed(headers, ("https://friend.test/",)) is granted
    assert allowed(headers, ("*",))
    assert allowed(headers[:1], ())
    assert not allowed([*headers, headers[1]], ("https://friend.test",))


@pytest.mark.parametrize("ended", ["nothing", "stream", "connection"])
async def test_a_body_that_nobody_wants_is_stopped_unless_its_stream_has_ended(ended: str) -> None:
    """By what came in the same read, of which hypercorn hears afterwards."""
    client = H2Connection(H2Configuration(client_side=True))
    server = H2Connection(H2Configuration(client_side=False))
    client.initiate_connection()
    server.initiate_connection()
    names = (":method", "POST"), (":scheme", "https"), (":path", "/"), (":authority", "a")
    client.send_headers(1, names)
    if ended == "stream":
        client.reset_stream(1)
    elif ended == "connection":
        client.close_connection()
    server.receive_data(client.data_to_send())
    server.data_to_send()
    sink = Sink(cast(H2Protocol, SimpleNamespace(connection=server)))
    await sink.handle(Body(stream_id=1, data=b"x"))
    assert bool(server.data_to_send()) is (ended == "nothing")


# -- the writer and the outlet, on a real pair of sockets ------------------------------------------------------------


@asynccontextmanager
async def pair() -> AsyncIterator[tuple[Writer, trio.SocketStream]]:
    """A writer and its peer, between which little fits."""
    ours, theirs = trio.socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    stream = trio.SocketStream(ours)
    async with stream, trio.SocketStream(theirs) as peer:
        yield Writer(ours, stream.send_all, 5.0), peer


async def read_all(peer: trio.SocketStream, size: int) -> bytes:
    """So many bytes."""
    data = b""
    with trio.fail_after(20):
        while len(data) < size:
            data += await peer.receive_some(65536)
    return data


async def test_nothing_is_written_past_a_remainder_that_waits() -> None:
    """Whoever puts while another drains, and whoever is cancelled meanwhile."""
    pieces = [bytes([number]) * 5000 for number in range(40)]
    async with pair() as (writer, peer):
        for piece in pieces[:20]:
            writer.put(piece)
        assert writer.waiting
        async with trio.open_nursery() as nursery:
            nursery.start_soon(writer.drain)
            await wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
            for piece in pieces[20:]:
                writer.put(piece)
            assert writer.waiting > 20
            with trio.CancelScope(shield=True):
                data = await read_all(peer, 200_000)
        assert not writer.waiting
    assert data == b"".join(pieces)


async def test_a_peer_without_patience_left_keeps_whole_pieces(autojump_clock: object) -> None:
    """What is given up is given up by the piece: the rest of one that has been sent in part stays."""
    async with pair() as (writer, peer):
        for number in range(50):
            writer.put(bytes([number]) * 5000)
        assert not await writer.drain()
        assert not writer.gone
        writer.forget()
        assert writer.waiting <= 1
        left = writer.waiting_bytes
        writer.put(b"the last")
        os.set_blocking(peer.socket.fileno(), False)
        data = b""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(writer.drain)
            while not data.endswith(b"the last"):
                data += await peer.receive_some(65536)
        body = data.removesuffix(b"the last")
        assert len(body) % 5000 == 0
        assert left < 5000


async def test_a_writer_whose_peer_has_gone_drops_what_it_gets() -> None:
    async with pair() as (writer, peer):
        await peer.aclose()
        writer.put(b"x")
        writer.put(b"y")
        assert writer.gone
        assert writer.waiting == 0
        assert await writer.drain()


@pytest.fixture
def guard() -> Guard:
    """With small bounds."""
    return Guard(Limits(outbox_frames=3, outbox_bytes=200_000, send_seconds=1.0))


async def test_an_outbox_that_stays_full_is_closed_and_one_that_was_full_is_not(
    guard: Guard, mock_clock: trio.testing.MockClock
) -> None:
    async with pair() as (writer, peer):
        outlet = Outlet(guard, writer, lambda: None)
        outlet.open = True
        frame = encode_text("x" * 20_000)
        for _ in range(5):
            assert outlet.send_encoded(frame)
        mock_clock.jump(0.9)
        assert outlet.send_encoded(frame)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(writer.drain)
            await read_all(peer, 6 * len(frame))
        outlet.drained()
        mock_clock.jump(0.9)
        for _ in range(5):
            assert outlet.send_encoded(frame)
        mock_clock.jump(1.1)
        assert not outlet.send_encoded(frame)
        assert guard.counts.slow_readers == 1


async def test_an_outbox_that_is_full_now_and_then_is_not_one_that_stays_full(
    guard: Guard, mock_clock: trio.testing.MockClock
) -> None:
    """A peer that reads steadily, with something always left."""
    async with trio.open_nursery() as nursery, pair() as (writer, peer):
        outlet = Outlet(guard, writer, lambda: None)
        outlet.open = True
        frame = encode_text("x" * 20_000)
        sent = received = 0
        for _ in range(6):
            while writer.waiting < 4:
                assert outlet.send_encoded(frame)
                sent += len(frame)
            nursery.start_soon(writer.drain)
            while writer.waiting > 1:
                received += len(await peer.receive_some(4096))
            assert outlet.send_encoded(frame)
            sent += len(frame)
            mock_clock.jump(0.4)
        assert guard.counts.slow_readers == 0
        await read_all(peer, sent - received)


async def test_an_outbox_of_too_many_bytes_is_closed_at_once(guard: Guard) -> None:
    async with pair() as (writer, _):
        outlet = Outlet(guard, writer, lambda: None)
        outlet.open = True
        assert outlet.send_encoded(encode_text("x" * 60_000))
        assert not outlet.send_encoded(encode_text("x" * 300_000))


async def test_who_waits_for_room_is_told_when_the_websocket_ends(guard: Guard) -> None:
    async with pair() as (writer, _):
        outlet = Outlet(guard, writer, lambda: None)
        outlet.open = True
        while writer.waiting < 3:
            outlet.send_encoded(encode_text("x" * 20_000))
        answers: list[bool] = []

        async def send() -> None:
            answers.append(await outlet.send(encode_text("one more")))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(send)
            await wait_all_tasks_blocked()
            assert answers == []
            outlet.end()
        assert answers == [False]
