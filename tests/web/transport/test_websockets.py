"""Websockets on the transport, frame by frame; hypercorn and Quart-Trio as released do nearly all of it otherwise."""

from __future__ import annotations

from typing import Any, cast

import pytest
import trio
from quart import websocket
from quart_trio import QuartTrio
from transport_peers import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Arrived,
    asgi_app,
    asked,
    connected,
    frame,
    get,
    logged,
    new_app,
    served,
    until,
    upgrade,
    websocket_to,
)

from switchboard.web.transport import OUTLET, CloseCodes, Limits, Outlet, encode_text

SOON = 0.05
LATE = 600.0


def echo_app() -> QuartTrio:
    """Sends back what it gets, as it gets it."""
    app = new_app()

    @app.websocket("/ws")
    async def echo() -> None:
        while True:
            await websocket.send(await websocket.receive())

    return app


def outlet_of_this() -> Outlet:
    """In a handler: the way out to its peer."""
    return cast(Outlet, cast(Any, websocket.scope)[OUTLET])


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


# -- the peer leaves ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("politely", [True, False])
async def test_a_loop_that_sends_ends_when_the_peer_has_left(politely: bool) -> None:
    """Without ever reading, and swallowing whatever is raised; meanwhile the server answers others."""
    app, ended = new_app(), trio.Event()

    @app.get("/hello")
    async def hello() -> str:
        return "hello"

    @app.websocket("/ws")
    async def stubborn() -> None:
        await websocket.accept()
        try:
            while True:
                try:
                    await websocket.send("x" * 1000)
                except Exception:
                    continue
        finally:
            ended.set()

    async with served(app, Limits(send_seconds=LATE)) as server:
        async with websocket_to(server) as peer:
            await peer.hear()
            if politely:
                await peer.send(frame(CLOSE, b"\x03\xe8"))
                assert await peer.hear_close() == 1000
        with trio.fail_after(20):
            await ended.wait()
        await until(lambda: server.counted("connections") == 0)
        async with connected(server) as other:
            await other.send(get("/hello"))
            assert await other.answer() == (200, b"hello")


async def test_a_sender_in_a_loop_leaves_others_their_turn() -> None:
    """Its peer reads as fast as it sends, so no send ever needs to wait."""
    app = new_app()

    @app.get("/hello")
    async def hello() -> str:
        return "hello"

    @app.websocket("/ws")
    async def chatter() -> None:
        while True:
            await websocket.send("x")

    async with (
        served(app) as server,
        websocket_to(server) as peer,
        connected(server) as other,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(peer.until_closed)
        await other.send(get("/hello"))
        assert await other.answer() == (200, b"hello")
        nursery.cancel_scope.cancel()


async def test_what_came_before_the_peer_left_is_handled() -> None:
    app, handled = new_app(), []

    @app.websocket("/ws")
    async def slow() -> None:
        while True:
            handled.append(await websocket.receive())
            await trio.sleep(0.01)

    async with served(app) as server:
        async with websocket_to(server) as peer:
            for number in range(5):
                await peer.say(str(number))
            await peer.send(frame(CLOSE, b"\x03\xe8"))
        await until(lambda: len(handled) == 5)
        await until(lambda: server.counted("connections") == 0)


async def test_a_handler_may_finish_after_its_peer_has_left_but_not_for_ever() -> None:
    app, go_on, finished, begun = new_app(), trio.Event(), trio.Event(), []

    @app.websocket("/work")
    async def work() -> None:
        begun.append(await websocket.receive())
        await go_on.wait()
        finished.set()

    @app.websocket("/sleep")
    async def sleep() -> None:
        begun.append(await websocket.receive())
        await trio.sleep_forever()

    async with served(app, Limits(handler_seconds=LATE)) as server:
        async with websocket_to(server, "/work") as peer:
            await peer.say("work")
            await until(lambda: len(begun) == 1)
        await until(lambda: server.counted("websockets") == 0)
        go_on.set()
        await finished.wait()
    async with served(app, Limits(handler_seconds=SOON)) as server:
        async with websocket_to(server, "/sleep") as peer:
            await peer.say("sleep")
            await until(lambda: len(begun) == 2)
        await until(lambda: server.counted("connections") == 0)
        assert server.counted("handlers_cancelled") == 1


async def test_an_error_beside_a_cancellation_is_logged(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In a nursery of the handler's own; QuartTrio re-raises the cancellation and forgets the error."""
    app = new_app()

    @app.websocket("/ws")
    async def broken() -> None:
        await websocket.accept()

        async def fail_when_cancelled() -> None:
            try:
                await trio.sleep_forever()
            finally:
                raise ValueError("lost without a trace")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(fail_when_cancelled)
            nursery.start_soon(websocket.receive)

    async with served(app) as server:
        async with websocket_to(server):
            pass
        await until(lambda: server.counted("connections") == 0)
    assert "lost without a trace" in capsys.readouterr().out


async def test_an_error_closes_1011_and_is_logged() -> None:
    app = new_app()

    @app.websocket("/ws")
    async def broken() -> None:
        await websocket.accept()
        raise ValueError("a bug")

    with logged("app") as records:
        async with served(app) as server, websocket_to(server) as peer:
            code = await peer.hear_close()
    assert "a bug" in str(records[0].exc_info)
    assert code in (1000, 1011)


async def test_the_peer_of_a_plain_asgi_app_that_leaves_ends_its_sends() -> None:
    ended = trio.Event()

    async def handle(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        try:
            while True:
                await send({"type": "websocket.send", "text": "x"})
        finally:
            ended.set()

    with logged("hypercorn.error") as records:
        async with served(asgi_app(handle)) as server:
            async with websocket_to(server) as peer:
                await peer.hear()
            with trio.fail_after(20):
                await ended.wait()
            await until(lambda: server.counted("connections") == 0)
    assert not [one for one in records if one.levelname == "ERROR"]


async def test_an_app_as_quart_trio_makes_it_has_websockets_too() -> None:
    app, ended = new_app(guarded=False), trio.Event()

    @app.websocket("/ws")
    async def echo() -> None:
        try:
            while True:
                await websocket.send(await websocket.receive())
        finally:
            ended.set()

    async with served(app) as server:
        async with websocket_to(server) as peer:
            await peer.say("hello")
            assert await peer.hear() == Arrived(TEXT, b"hello")
        await ended.wait()


# -- the peer does not read ---------------------------------------------------------------------------------------


def broadcast_app(outlets: list[Outlet], codes: CloseCodes) -> QuartTrio:
    """Its peers get what the test sends to their outlets."""
    app = new_app()

    @app.websocket("/ws")
    async def listen() -> None:
        await websocket.accept()
        outlet = outlet_of_this()
        outlet.codes = codes
        outlets.append(outlet)
        while True:
            await websocket.receive()

    return app


async def test_who_stays_behind_is_closed_with_its_protocols_code_and_the_others_get_everything() -> (
    None
):
    outlets: list[Outlet] = []
    limits = Limits(outbox_frames=20, send_seconds=0.2, goodbye_seconds=0.2)
    app = broadcast_app(outlets, CloseCodes(slow=4200))
    large = encode_text("x" * 60_000)
    async with served(app, limits) as server, websocket_to(server) as quick:
        async with websocket_to(server, receive_buffer=4096) as slow:
            await until(lambda: len(outlets) == 2)
            heard: list[int] = []

            async def read() -> None:
                while True:
                    heard.append(len((await quick.hear()).payload))

            sent = 0
            async with trio.open_nursery() as nursery:
                nursery.start_soon(read)
                while all(outlet.open for outlet in outlets):
                    for outlet in outlets:
                        outlet.send_encoded(large)
                    sent += 1
                    await trio.sleep(0.001)
                await until(lambda: len(heard) >= sent)
                nursery.cancel_scope.cancel()
            await server.until("slow_readers")
            assert [outlet.open for outlet in outlets] == [True, False]
            # What had been sent before it fell behind is whole; then comes the close frame, if it reads that far.
            while (arrived := await slow.hear()).opcode != CLOSE:
                assert len(arrived.payload) == 60_000
            assert arrived.code == 4200
        await until(lambda: server.counted("websockets") == 1)


async def test_a_peer_that_never_reads_again_is_cut_off() -> None:
    outlets: list[Outlet] = []
    limits = Limits(send_seconds=SOON, goodbye_seconds=SOON)
    app = broadcast_app(outlets, CloseCodes())
    async with served(app, limits) as server, websocket_to(server, receive_buffer=4096):
        await until(lambda: outlets)
        while outlets[0].send_encoded(encode_text("x" * 60_000)):
            await trio.lowlevel.checkpoint()
        await until(lambda: server.counted("connections") == 0)
        assert not outlets[0].send_encoded(encode_text("too late"))


async def test_a_handler_that_sends_waits_for_a_slow_peer_and_loses_nothing() -> None:
    app, sent = new_app(), []

    @app.websocket("/ws")
    async def pour() -> None:
        for number in range(300):
            await websocket.send(f"{number:05}" + "x" * 60_000)
            sent.append(number)

    limits = Limits(outbox_frames=10, outbox_bytes=10_000_000)
    async with served(app, limits) as server, websocket_to(server, receive_buffer=4096) as peer:
        # The handler cannot be far ahead of what is read.
        await until(lambda: sent)
        for _ in range(20):
            await trio.sleep(0.001)
        assert len(sent) < 300
        for number in range(300):
            assert (await peer.hear()).payload[:5] == b"%05d" % number
        assert await peer.hear_close() == 1000


# -- the server ends ----------------------------------------------------------------------------------------------


async def test_everybody_is_told_that_the_server_ends_before_it_does() -> None:
    """With a grace of nothing at all, too."""
    outlets: list[Outlet] = []
    app = broadcast_app(outlets, CloseCodes(goodbye=4200))

    @app.websocket("/plain")
    async def plain() -> None:
        await websocket.accept()
        await websocket.receive()

    for grace in (3.0, 0.0):
        async with (
            served(app, graceful_timeout=grace) as server,
            websocket_to(server) as known,
            websocket_to(server, "/plain") as other,
        ):
            await until(lambda: server.counted("websockets") == 2)
            await until(lambda: outlets)
            server.stop.set()
            assert await known.hear_close() == 4200
            assert await other.hear_close() == 1012
        outlets.clear()


async def test_nothing_follows_a_close_frame() -> None:
    outlets: list[Outlet] = []
    app = broadcast_app(outlets, CloseCodes())
    async with served(app) as server, websocket_to(server) as peer:
        await until(lambda: outlets)
        outlets[0].close(4001, "enough")
        assert not outlets[0].send_encoded(encode_text("after"))
        outlets[0].close(4002)
        await peer.send(frame(PING, b""))
        assert await peer.hear() == Arrived(CLOSE, b"\x0f\xa1enough")
        await peer.send(frame(CLOSE, b"\x0f\xa1"))
        assert await peer.until_closed() == b""


async def test_a_server_that_ends_does_not_wait_for_idle_connections_and_says_close() -> None:
    app, entered, go_on = new_app(), trio.Event(), trio.Event()

    @app.get("/slow")
    async def slow() -> str:
        entered.set()
        await go_on.wait()
        return "done"

    limits = Limits(keep_alive_seconds=LATE)
    async with (
        served(app, limits, graceful_timeout=LATE) as server,
        connected(server) as idle,
        connected(server) as busy,
    ):
        await busy.send(get("/slow"))
        await entered.wait()
        server.stop.set()
        assert await idle.until_closed() == b""
        go_on.set()
        answer = await busy.until_closed()
    assert b"connection: close" in answer
    assert answer.endswith(b"done")
