"""Websockets that are handed over once they are open: who serves them then, and what is left of who opened them."""

from __future__ import annotations

import gc
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar, cast

import h11
import pytest
import trio
from quart import websocket
from quart.ctx import WebsocketContext
from quart_trio import QuartTrio
from quart_trio.wrappers import TrioWebsocket
from transport_peers import CLOSE, PONG, TEXT, frame, new_app, served, until, websocket_to
from trio.testing import wait_all_tasks_blocked
from websocket_apps import outlet_of_this

from switchboard.web.transport import HANDOVER, Handover, Limits, Outlet, Receive, encode_text
from switchboard.web.transport.connection import Connection
from switchboard.web.transport.guard import Guard
from switchboard.web.transport.handover import Successor
from switchboard.web.transport.inbox import Inbox
from switchboard.web.transport.websocket_stream import GuardedWebsocket
from switchboard.web.transport.writing import Writer

SOON = 0.05
LATE = 600.0

T = TypeVar("T")

Served = Callable[[Outlet, Receive], Awaitable[None]]


class Seen:
    """What became of handed over websockets."""

    def __init__(self) -> None:
        self.begun = 0
        """How often somebody began to serve."""
        self.serving = 0
        self.ended = 0
        self.handover: Handover


def handing_over(
    serve: Served, seen: Seen, taker: Callable[[Outlet, str | bytes], bool] | None = None
) -> QuartTrio:
    """An app whose websocket is served by that."""
    app = new_app()

    def end() -> None:
        seen.ended += 1

    @app.websocket("/ws")
    async def opened() -> None:
        outlet = outlet_of_this()
        handover: Handover = cast(Any, websocket.scope)[HANDOVER]

        async def observed(receive: Receive) -> None:
            seen.begun += 1
            seen.serving += 1
            try:
                await serve(outlet, receive)
            finally:
                seen.serving -= 1

        await websocket.accept()
        seen.handover = handover
        handover.to(observed, end, taker=taker and partial(taker, outlet))

    return app


async def echo(outlet: Outlet, receive: Receive) -> None:
    """Until it is cancelled."""
    while True:
        outlet.send_encoded(encode_text(await receive()))


def living(kind: type[T]) -> list[T]:
    """All that there are of that type."""
    gc.collect()
    return [one for one in gc.get_objects() if type(one) is kind]


def alive(kind: type) -> int:
    """How many there are of that type."""
    return len(living(kind))


async def test_nothing_of_the_request_is_left_while_a_websocket_is_open() -> None:
    kinds = (h11.Connection, TrioWebsocket, WebsocketContext)
    seen = Seen()
    async with served(handing_over(echo, seen)) as server:
        before = [alive(kind) for kind in kinds]
        open_before = alive(Connection), alive(GuardedWebsocket)
        async with (
            websocket_to(server) as one,
            websocket_to(server) as silent,
        ):
            await one.say("hello")
            assert (await one.hear()).payload == b"hello"
            await until(lambda: server.counted("websockets") == 2)
            assert (alive(Connection), alive(GuardedWebsocket)) == (
                open_before[0] + 2,
                open_before[1] + 2,
            )
            assert [alive(kind) for kind in kinds] == before
            await silent.say("still here")
            assert (await silent.hear()).payload == b"still here"


async def test_an_idle_websocket_has_the_one_task_that_reads() -> None:
    seen = Seen()
    async with served(handing_over(echo, seen)) as server, websocket_to(server) as peer:
        await until(lambda: server.counted("websockets") == 1)
        nurseries = [one._task_group._nursery for one in living(Connection)]
        [nursery] = [one for one in nurseries if one is not None]
        await until(lambda: not nursery.child_tasks)
        assert seen.begun == 0
        await peer.say("hello")
        assert (await peer.hear()).payload == b"hello"
        assert len(nursery.child_tasks) == 1


async def test_who_has_nothing_to_do_for_long_rests_and_begins_again_with_the_next_message() -> (
    None
):
    seen = Seen()
    limits = Limits(ping_seconds=SOON, pong_seconds=LATE)
    async with served(handing_over(echo, seen), limits) as server, websocket_to(server) as peer:
        for number in range(1, 4):
            await peer.say(str(number))
            await until(lambda number=number: seen.begun == number and not seen.serving)
        assert seen.ended == 0
    assert seen.ended == 1


async def test_what_is_taken_at_once_needs_no_task_and_keeps_its_place() -> None:
    seen, let_go = Seen(), trio.Event()

    def quick(outlet: Outlet, message: str | bytes) -> bool:
        if message != "slow":
            outlet.send_encoded(encode_text(f"at once {message!s}"))
        return message != "slow"

    async def slow(outlet: Outlet, receive: Receive) -> None:
        while True:
            message = await receive()
            await let_go.wait()
            outlet.send_encoded(encode_text(message))

    async with (
        served(handing_over(slow, seen, quick)) as server,
        websocket_to(server) as peer,
    ):
        await until(lambda: server.counted("websockets") == 1)
        await peer.say("one")
        assert (await peer.hear()).payload == b"at once one"
        assert seen.begun == 0
        for message in ("slow", "slow", "two"):
            await peer.say(message)
        await until(lambda: seen.begun == 1)
        let_go.set()
        # What came behind something that waited was not taken before it.
        heard = [(await peer.hear()).payload for _ in range(3)]
        assert heard[0] == b"slow"
        assert heard.count(b"slow") == 2
        seen.handover.call()
        await peer.say("three")
        await peer.hear()
        assert seen.begun == 1


async def test_who_is_called_while_its_task_is_being_ended_begins_again() -> None:
    begun = ended = 0

    async def serve(_receive: Receive) -> None:
        nonlocal begun
        begun += 1
        await trio.sleep_forever()

    def end() -> None:
        nonlocal ended
        ended += 1

    async def nowhere(_data: memoryview) -> None:
        await trio.lowlevel.checkpoint()

    guard, handover, inbox = Guard(Limits()), Handover(), Inbox(Limits())
    outlet = Outlet(guard, Writer(None, nowhere, LATE), lambda: None)
    handover.to(serve, end, resting=lambda: True)
    handover.call()
    async with trio.open_nursery() as nursery:
        successor = Successor(guard, handover, inbox, outlet, nursery.start_soon)
        successor.begin()
        await wait_all_tasks_blocked()
        assert begun == 0
        handover.call()
        await wait_all_tasks_blocked()
        successor.rest()
        await wait_all_tasks_blocked()
        assert begun == 1
        handover.call()
        await wait_all_tasks_blocked()
        successor.rest()
        handover.call()
        await wait_all_tasks_blocked()
        assert (begun, ended) == (3, 0)
        successor.left()
        nursery.cancel_scope.cancel()
    assert ended == 1


async def test_who_is_at_work_does_not_rest() -> None:
    """However long it takes: it waits for something else than messages."""
    seen, go_on, done = Seen(), trio.Event(), trio.Event()

    async def work(outlet: Outlet, receive: Receive) -> None:
        await receive()
        await go_on.wait()
        done.set()
        await receive()

    limits = Limits(ping_seconds=SOON, pong_seconds=LATE)
    async with served(handing_over(work, seen), limits) as server, websocket_to(server) as peer:
        await peer.say("work")
        # After each ping it could have rested.
        for _ in range(3):
            await peer.hear()
            await peer.send(frame(PONG, b""))
        assert seen.serving == 1
        go_on.set()
        await done.wait()
        await until(lambda: not seen.serving)
        assert seen.begun == 1


@pytest.mark.parametrize("politely", [True, False])
@pytest.mark.parametrize("busy", [True, False])
async def test_the_end_is_told_once(politely: bool, busy: bool) -> None:
    seen = Seen()
    async with served(handing_over(echo, seen)) as server:
        async with websocket_to(server) as peer:
            await until(lambda: server.counted("websockets") == 1)
            if busy:
                await peer.say("hello")
                await peer.hear()
            if politely:
                await peer.send(frame(CLOSE, b"\x03\xe8"))
                assert await peer.hear_close() == 1000
        await until(lambda: server.counted("connections") == 0)
        assert (seen.serving, seen.ended) == (0, 1)
    assert seen.ended == 1


async def test_the_end_is_told_when_the_server_ends() -> None:
    seen = Seen()
    async with (
        served(handing_over(echo, seen), graceful_timeout=0.0) as server,
        websocket_to(server) as busy,
        websocket_to(server),
    ):
        await busy.say("hello")
        await busy.hear()
        await until(lambda: server.counted("websockets") == 2)
        server.stop.set()
        await until(lambda: seen.ended == 2)
    assert seen.ended == 2


async def test_what_came_before_the_peer_left_is_handled_by_who_has_taken_over() -> None:
    seen, handled = Seen(), []

    async def slow(_: Outlet, receive: Receive) -> None:
        while True:
            handled.append(await receive())
            await trio.sleep(0.01)

    async with served(handing_over(slow, seen)) as server:
        async with websocket_to(server) as peer:
            for number in range(5):
                await peer.say(str(number))
            await peer.send(frame(CLOSE, b"\x03\xe8"))
        await until(lambda: seen.ended == 1)
    assert handled == ["0", "1", "2", "3", "4"]


async def test_who_has_taken_over_may_finish_after_the_peer_has_left_but_not_for_ever() -> None:
    seen = Seen()

    async def sleep(_: Outlet, receive: Receive) -> None:
        await receive()
        await trio.sleep_forever()

    async with served(handing_over(sleep, seen), Limits(handler_seconds=SOON)) as server:
        async with websocket_to(server) as peer:
            await peer.say("sleep")
            await until(lambda: seen.serving == 1)
        await until(lambda: server.counted("connections") == 0)
        assert server.counted("handlers_cancelled") == 1
        assert seen.ended == 1


async def test_who_returns_closes_1000_and_who_fails_1011(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def one(_: Outlet, receive: Receive) -> None:
        if await receive() == "fail":
            raise ValueError("a bug")

    for said, code in (("return", 1000), ("fail", 1011)):
        seen = Seen()
        async with served(handing_over(one, seen)) as server, websocket_to(server) as peer:
            await peer.say(said)
            assert await peer.hear_close() == code
            await peer.send(frame(CLOSE, b"\x03\xe8"))
            await until(lambda: server.counted("connections") == 0)
        assert (seen.begun, seen.ended) == (1, 1)
    assert "a bug" in capsys.readouterr().out


async def test_what_comes_after_who_has_returned_calls_nobody() -> None:
    seen = Seen()

    async def one(_: Outlet, receive: Receive) -> None:
        await receive()

    async with served(handing_over(one, seen)) as server, websocket_to(server) as peer:
        await peer.send(b"".join(frame(TEXT, b"%d" % number) for number in range(5)))
        assert await peer.hear_close() == 1000
        await peer.say("late")
        await peer.send(frame(CLOSE, b"\x03\xe8"))
        await until(lambda: server.counted("connections") == 0)
    assert (seen.begun, seen.ended) == (1, 1)


async def test_a_failure_at_the_end_is_logged_and_the_connection_ends_in_order(
    capsys: pytest.CaptureFixture[str],
) -> None:
    app = new_app()

    def end() -> None:
        raise ValueError("a bug at the end")

    async def serve(receive: Receive) -> None:
        await receive()

    @app.websocket("/ws")
    async def opened() -> None:
        handover: Handover = cast(Any, websocket.scope)[HANDOVER]
        await websocket.accept()
        handover.to(serve, end)

    async with served(app) as server:
        async with websocket_to(server):
            await until(lambda: server.counted("websockets") == 1)
        await until(lambda: server.counted("connections") == 0)
        assert server.counted("connections_failed") == 0
    assert "a bug at the end" in capsys.readouterr().out


async def test_what_had_come_is_handled_if_the_peer_leaves_before_the_handover() -> None:
    app, seen, go_on = new_app(), Seen(), trio.Event()
    handled = list[str | bytes]()

    def end() -> None:
        seen.ended += 1

    async def serve(receive: Receive) -> None:
        while True:
            handled.append(await receive())

    @app.websocket("/ws")
    async def opened() -> None:
        handover: Handover = cast(Any, websocket.scope)[HANDOVER]
        await websocket.accept()
        await go_on.wait()
        handover.to(serve, end)

    async with served(app, Limits(handler_seconds=LATE)) as server:
        async with websocket_to(server) as peer:
            await peer.say("first and last")
        await until(lambda: server.counted("accepted") == 1 and not server.counted("websockets"))
        go_on.set()
        await until(lambda: server.counted("connections") == 0)
    assert handled == ["first and last"]
    assert seen.ended == 1
