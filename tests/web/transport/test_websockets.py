"""Websockets on the transport, frame by frame; hypercorn and Quart-Trio as released do nearly all of it otherwise."""

from __future__ import annotations

import pytest
import trio
from quart import websocket
from transport_peers import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Arrived,
    asked,
    connected,
    frame,
    new_app,
    served,
    until,
    upgrade,
    websocket_to,
)
from websocket_apps import echo_app

from switchboard.web.transport import Limits

SOON = 0.05
LATE = 600.0


# -- opening ------------------------------------------------------------------------------------------------------


async def test_compression_is_not_negotiated() -> None:
    """A few kilobytes of it become hundreds of megabytes before anybody can look at them."""
    offer = {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"}
    async with served(echo_app()) as server, connected(server) as peer:
        await peer.send(upgrade("/ws", offer))
        head = await peer.until_received(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101")
    assert b"extensions" not in head.lower()


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (None, b"101"),
        ("http://localhost", b"101"),
        ("https://friend.example", b"101"),
        ("https://foe.example", b"403"),
        ("null", b"403"),
    ],
)
async def test_a_page_of_a_foreign_origin_opens_no_websocket(
    origin: str | None, status: bytes
) -> None:
    limits = Limits(origins=("https://friend.example",))
    headers = {} if origin is None else {"Origin": origin}
    async with served(echo_app(), limits) as server, connected(server) as peer:
        await peer.send(upgrade("/ws", headers))
        head = await peer.until_received(b"\r\n\r\n")
        assert server.counted("origins_refused") == (status == b"403")
    assert head[9:12] == status


async def test_a_handler_may_refuse_with_an_answer() -> None:
    app = new_app()

    @app.websocket("/ws")
    async def refuse() -> tuple[str, int]:
        return "no token", 401

    async with served(app, Limits(linger_seconds=SOON)) as server:
        answer = await asked(server, upgrade("/ws", {}))
    assert answer.startswith(b"HTTP/1.1 401")
    assert answer.endswith(b"no token")


@pytest.mark.parametrize("guarded", [True, False])
async def test_a_websocket_where_there_is_none_is_answered_404(guarded: bool) -> None:
    """An answer of Quart's own, which is no response of Quart-Trio's."""
    limits = Limits(linger_seconds=SOON)
    async with served(new_app(guarded=guarded), limits) as server, connected(server) as peer:
        await peer.send(upgrade("/nowhere", {}))
        assert (await peer.answer())[0] == 404


async def test_frames_that_come_before_the_answer_are_refused() -> None:
    app = new_app()

    @app.websocket("/ws")
    async def undecided() -> None:
        await trio.sleep_forever()

    limits = Limits(handler_seconds=SOON, linger_seconds=SOON)
    async with served(app, limits) as server:
        answer = await asked(server, upgrade("/ws", {}) + frame(TEXT, b"early"))
    assert answer.startswith(b"HTTP/1.1 400")


# -- messages -----------------------------------------------------------------------------------------------------


async def test_messages_of_every_kind_go_back_as_they_came() -> None:
    async with served(echo_app()) as server, websocket_to(server) as peer:
        for opcode, payload in (
            (TEXT, "tausend Grüße".encode()),
            (BINARY, bytes(range(256)) * 256),
            (TEXT, b""),
            (BINARY, b""),
            (TEXT, b"x" * 126),
        ):
            await peer.send(frame(opcode, payload))
            assert await peer.hear() == Arrived(opcode, payload)


async def test_a_message_in_pieces_is_one_message_also_around_a_ping() -> None:
    async with served(echo_app()) as server, websocket_to(server) as peer:
        half = "ü".encode()
        await peer.send(frame(TEXT, b"a" + half[:1], final=False))
        await peer.send(frame(PING, b"still there?"))
        await peer.send(frame(CONTINUATION, b"", final=False))
        await peer.send(frame(CONTINUATION, half[1:]))
        assert await peer.hear() == Arrived(PONG, b"still there?")
        assert await peer.hear() == Arrived(TEXT, "aü".encode())


@pytest.mark.parametrize("pieces", [1, 2, 1000])
@pytest.mark.parametrize("character", ["x", "ü"])
async def test_a_message_over_the_limit_closes_1009_however_it_is_cut_up(
    pieces: int, character: str
) -> None:
    limits = Limits(message_bytes=4000, goodbye_seconds=LATE)
    async with served(echo_app(), limits) as server, websocket_to(server) as peer:
        fits = character * (4000 // len(character.encode()))
        await peer.say(fits)
        assert (await peer.hear()).payload == fits.encode()
        part = (character * (4004 // pieces)).encode()
        more = frame(CONTINUATION, part, final=False)
        await peer.send(frame(TEXT, part, final=False) + more * pieces)
        assert await peer.hear_close() == 1009
        await peer.send(frame(CLOSE, b"\x03\xf1"))
        assert await peer.until_closed() == b""
        assert server.counted("messages_too_big") == 1


async def test_a_frame_that_announces_too_much_is_refused_long_before_it_has_come() -> None:
    async with served(echo_app()) as server, websocket_to(server) as peer:
        whole = frame(BINARY, b"x" * 10_000_000)
        await peer.send(whole[:200_000])
        assert await peer.hear_close() == 1009


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (frame(TEXT, b"\xff\xfe"), 1007),
        (frame(0x3, b"no such opcode"), 1002),
        (frame(CONTINUATION, b"of nothing"), 1002),
        (b"\x81\x05hello", 1002),
        (b"\xc1\x80\x00\x00\x00\x00", 1002),
    ],
    ids=["no-utf8", "opcode", "continuation", "unmasked", "compressed"],
)
async def test_what_is_no_message_closes_with_the_reason(sent: bytes, code: int) -> None:
    async with served(echo_app()) as server, websocket_to(server) as peer:
        await peer.send(sent)
        assert await peer.hear_close() == code
        assert await peer.until_closed() == b""


async def test_a_peer_that_sends_faster_than_it_is_handled_is_closed() -> None:
    """Its handler reads nothing; what waits is bounded in number and in bytes."""
    app = new_app()

    @app.websocket("/ws")
    async def deaf() -> None:
        await websocket.accept()
        await trio.sleep_forever()

    limits = Limits(inbox_messages=10, inbox_bytes=1000, handler_seconds=SOON)
    async with served(app, limits) as server:
        for count, size in ((11, 1), (2, 600)):
            async with websocket_to(server) as peer:
                for _ in range(count):
                    await peer.say("x" * size)
                assert await peer.hear_close() == 1008
        await until(lambda: server.counted("websockets") == 0)
        assert server.counted("inboxes_full") == 2


async def test_as_many_messages_as_may_wait_do() -> None:
    app, go_on = new_app(), trio.Event()

    @app.websocket("/ws")
    async def later() -> None:
        await websocket.accept()
        await go_on.wait()
        for _ in range(10):
            await websocket.send(await websocket.receive())

    async with served(app, Limits(inbox_messages=10)) as server, websocket_to(server) as peer:
        for number in range(10):
            await peer.say(str(number))
        await peer.send(frame(PING, b"have they come?"))
        assert (await peer.hear()).opcode == PONG
        go_on.set()
        heard = [(await peer.hear()).payload for _ in range(10)]
    assert heard == [b"%d" % number for number in range(10)]


# -- silence ------------------------------------------------------------------------------------------------------


async def test_a_silent_peer_is_pinged_and_closed_if_it_stays_silent() -> None:
    limits = Limits(ping_seconds=SOON, pong_seconds=SOON, goodbye_seconds=SOON)
    async with served(echo_app(), limits) as server, websocket_to(server) as peer:
        assert (await peer.hear()).opcode == PING
        assert await peer.hear_close() == 1011
        assert await peer.until_closed() == b""
        assert server.counted("peers_silent") == 1


async def test_a_peer_that_answers_pings_stays() -> None:
    limits = Limits(ping_seconds=SOON, pong_seconds=LATE)
    async with served(echo_app(), limits) as server, websocket_to(server) as peer:
        for _ in range(3):
            asked_for = await peer.hear()
            assert asked_for.opcode == PING
            await peer.send(frame(PONG, asked_for.payload))
        await peer.say("still here")
        assert await peer.hear() == Arrived(TEXT, b"still here")
        assert server.counted("peers_silent") == 0
