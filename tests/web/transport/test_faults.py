"""Whatever comes in, and whatever is wrong in the transport itself, ends one connection and never the server."""

from __future__ import annotations

import random
import resource

import pytest
import trio
import trio.lowlevel
from quart import request, websocket
from quart_trio import QuartTrio
from transport_peers import (
    CLOSE,
    CONTINUATION,
    PING,
    TEXT,
    asked,
    connected,
    frame,
    get,
    new_app,
    served,
    until,
    upgrade,
)

from switchboard.web.transport import Limits, installing
from switchboard.web.transport.http1 import Http1

ROUNDS = 150
"""Some two seconds; other seeds were tried by the ten thousand."""


def small_app() -> QuartTrio:
    """One route of each kind."""
    app = new_app()

    @app.get("/hello")
    async def hello() -> str:
        return "hello"

    @app.post("/length")
    async def length() -> str:
        return str(len(await request.get_data()))

    @app.websocket("/ws")
    async def echo() -> None:
        while True:
            await websocket.send(await websocket.receive())

    return app


SEEDS = (
    get("/hello") * 3,
    b"POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello" + get("/hello"),
    b"POST /length HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"POST /length HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
    upgrade("/ws", {}) + frame(TEXT, b"hel", final=False) + frame(PING, b"p"),
    upgrade("/ws", {}),
)

FRAMES = (
    frame(TEXT, b"hel", final=False),
    frame(CONTINUATION, b"lo"),
    frame(PING, b"p" * 125),
    frame(TEXT, "ü".encode() * 200),
    frame(CLOSE, b"\x03\xe8bye"),
)


def damaged(data: bytes, chance: random.Random) -> bytes:
    """The data with a few bytes changed, left out or twice there."""
    changed = bytearray(data)
    for _ in range(chance.choice((0, 1, 1, 2, 8))):
        at = chance.randrange(len(changed))
        match chance.randrange(4):
            case 0:
                changed[at] = chance.randrange(256)
            case 1:
                del changed[at : at + chance.choice((1, 2, 30))]
            case 2:
                changed[at:at] = changed[at : at + chance.choice((1, 2, 30))]
            case _:
                changed[at : at + 2] = chance.choice((b"\r\n", b"\x00\xff", b"  ", b"\x7f\xff"))
        if not changed:
            break
    return bytes(changed)


async def test_nothing_that_comes_in_is_more_than_the_end_of_its_connection() -> None:
    """``served`` looks that no connection has failed by a fault of ours, and that none is left."""
    chance = random.Random(7)
    limits = Limits(
        keep_alive_seconds=0.02,
        head_seconds=0.02,
        body_seconds=0.02,
        linger_seconds=0.02,
        goodbye_seconds=0.02,
        ping_seconds=0.02,
        pong_seconds=0.02,
        handler_seconds=0.02,
    )
    async with served(small_app(), limits) as server:
        for _ in range(ROUNDS):
            data = damaged(chance.choice(SEEDS), chance)
            async with connected(server) as peer:
                for part in (data, *(damaged(one, chance) for one in chance.choices(FRAMES, k=3))):
                    try:
                        await peer.stream.send_all(part)
                    except trio.BrokenResourceError:
                        break
                    if chance.random() < 0.5:
                        await trio.lowlevel.checkpoint()
                if chance.random() < 0.7:
                    await peer.until_closed()
        await until(lambda: server.counted("connections") == 0)
        assert (await asked(server, get("/hello", "Connection: close"))).endswith(b"hello")


async def test_a_fault_of_the_transports_own_ends_one_connection_and_is_logged(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """From a connection's task an error would end the whole server."""

    async def faulty(self: Http1) -> None:
        raise RuntimeError("a fault of our own")

    app = small_app()
    async with served(app) as server:
        with monkeypatch.context() as planted:
            planted.setattr(Http1, "serve", faulty)
            assert await asked(server, get("/hello")) == b""
        assert (await asked(server, get("/hello", "Connection: close"))).endswith(b"hello")
        await until(lambda: server.counted("connections") == 0)
        assert server.counted("connections_failed") == 1
        server.faults_expected = 1
    assert "a fault of our own" in capsys.readouterr().out


def test_no_more_connections_are_taken_than_there_are_files_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits = {"now": (1024, 4096)}

    def change(_: int, wanted: tuple[int, int]) -> None:
        limits["now"] = wanted

    monkeypatch.setattr(resource, "getrlimit", lambda _: limits["now"])
    monkeypatch.setattr(resource, "setrlimit", change)
    assert installing.files_for(500) == 500
    assert limits["now"] == (1024, 4096)
    assert installing.files_for(2000) == 2000
    assert limits["now"][0] > 2000
    assert installing.files_for(8192) == 4096 - installing.FILES_BESIDE
    assert limits["now"] == (4096, 4096)
