"""Websockets whose peer does not read, and what is said when the server ends."""

from __future__ import annotations

import trio
from quart import websocket
from transport_peers import (
    CLOSE,
    PING,
    Arrived,
    connected,
    frame,
    get,
    new_app,
    served,
    until,
    websocket_to,
)
from websocket_apps import broadcast_app

from switchboard.web.transport import CloseCodes, Limits, Outlet, encode_text

SOON = 0.05
LATE = 600.0


# -- the peer does not read ---------------------------------------------------------------------------------------


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
