"""Websockets whose peer leaves, or whose handler goes wrong."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from quart import websocket
from transport_peers import (
    CLOSE,
    TEXT,
    Arrived,
    asgi_app,
    connected,
    frame,
    get,
    logged,
    new_app,
    served,
    until,
    websocket_to,
)

from switchboard.web.transport import Limits

SOON = 0.05
LATE = 600.0


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
