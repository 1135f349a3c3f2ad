"""What the transport refuses, cuts off or closes over HTTP/1; hypercorn as released takes or waits for all of it."""

from __future__ import annotations

import pytest
import trio
from quart import request
from quart_trio import QuartTrio
from transport_peers import asked, connected, get, new_app, served, upgrade

from switchboard.web.transport import Limits

SOON = 0.05
"""A deadline that is meant to pass."""
LATE = 600.0
"""One that is not."""


def app_with_routes() -> QuartTrio:
    """One that answers, and one that reads."""
    app = new_app()

    @app.get("/hello")
    async def hello() -> str:
        return "hello"

    @app.post("/length")
    async def length() -> str:
        return str(len(await request.get_data()))

    return app


SMUGGLED = b"0\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (
            b"POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n" + SMUGGLED,
            400,
        ),
        (b"POST /length HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" + SMUGGLED, 400),
        (
            b"POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
            400,
        ),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        (b"GET /hello HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 20_000 + b"\r\n\r\n", 431),
        (b"GET /hello HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 20_000, 431),
        (b"GET /hello HTTP/1.1\r\n\r\n", 400),
        (b"nonsense\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    ],
    ids=[
        "length-and-chunked",
        "chunked-in-1.0",
        "two-lengths",
        "http2-without-tls",
        "large-head-at-once",
        "large-head-unfinished",
        "no-host",
        "nonsense",
        "tls-on-a-plain-port",
    ],
)
async def test_what_cannot_be_a_request_is_refused_and_its_connection_closed(
    sent: bytes, status: int
) -> None:
    """Nothing that follows is taken for another request."""
    async with served(app_with_routes(), Limits(linger_seconds=SOON)) as server:
        answer = await asked(server, sent)
        assert server.counted("requests_refused") == 1
    assert answer.startswith(b"HTTP/1.1 %d" % status)
    assert answer.count(b"HTTP/1.1") == 1
    assert b"connection: close" in answer.lower()


async def test_an_upgrade_to_http2_without_tls_is_not_made() -> None:
    """The request is answered as it stands, as RFC 9110 (7.8) allows; curl asks for it by itself."""
    wish = (
        "Upgrade: h2c",
        "Connection: Upgrade, HTTP2-Settings",
        "HTTP2-Settings: AAMAAABkAAQAAP__",
    )
    async with served(app_with_routes()) as server, connected(server) as peer:
        await peer.send(get("/hello", *wish))
        assert await peer.answer() == (200, b"hello")


async def test_a_head_that_drips_in_is_cut_off_however_it_drips() -> None:
    limits = Limits(head_seconds=0.3, keep_alive_seconds=LATE, linger_seconds=SOON)
    async with served(app_with_routes(), limits) as server, connected(server) as peer:
        await peer.send(b"GET /hello HTTP/1.1\r\nHost: a\r\n")

        async def drip() -> None:
            while True:
                await trio.sleep(0.02)
                try:
                    await peer.stream.send_all(b"X: y\r\n")
                except trio.BrokenResourceError:
                    return

        async with trio.open_nursery() as nursery:
            nursery.start_soon(drip)
            assert (await peer.until_closed()).startswith(b"HTTP/1.1 408")
            nursery.cancel_scope.cancel()
        assert server.counted("heads_cut") == 1


@pytest.mark.parametrize("before", [0, 1, 3])
async def test_a_connection_without_a_request_is_closed_also_after_one(before: int) -> None:
    limits = Limits(keep_alive_seconds=SOON, head_seconds=LATE)
    async with served(app_with_routes(), limits) as server, connected(server) as peer:
        for _ in range(before):
            await peer.send(get("/hello"))
            assert await peer.answer() == (200, b"hello")
        assert await peer.until_closed() == b""
        assert server.counted("idle_closed") == 1


async def test_a_handler_that_takes_long_is_not_idle() -> None:
    app, go_on = new_app(), trio.Event()

    @app.get("/slow")
    async def slow() -> str:
        await go_on.wait()
        return "done"

    limits = Limits(keep_alive_seconds=0.01, head_seconds=0.01, body_seconds=0.01)
    async with served(app, limits) as server, connected(server) as peer:
        await peer.send(get("/slow"))
        await trio.sleep(0.1)  # Ten times what an idle connection is granted: it must not matter.
        go_on.set()
        assert await peer.answer() == (200, b"done")


async def test_a_body_that_does_not_come_is_answered_408_and_its_connection_closed() -> None:
    limits = Limits(body_seconds=SOON, linger_seconds=SOON, keep_alive_seconds=LATE)
    sent = b"POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nonly so much"
    async with served(app_with_routes(), limits) as server:
        answer = await asked(server, sent)
        assert server.counted("bodies_cut") == 1
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"connection: close" in answer
    assert answer.count(b"HTTP/1.1") == 1


async def test_a_body_that_is_no_body_ends_its_connection() -> None:
    sent = b"POST /length HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n"
    async with served(app_with_routes(), Limits(linger_seconds=SOON)) as server:
        answer = await asked(server, sent + get("/hello"))
    assert answer.startswith(b"HTTP/1.1 400")
    assert answer.count(b"HTTP/1.1") == 1


async def test_after_an_answer_that_ends_the_connection_nothing_more_is_read_than_is_thrown_away() -> (
    None
):
    """A sender that never stops is cut off by the bytes that it sends, long before the seconds are over."""
    limits = Limits(linger_seconds=LATE, linger_bytes=200_000)
    async with served(app_with_routes(), limits) as server, connected(server) as peer:
        await peer.send(b"nonsense\r\n\r\n")

        async def flood() -> None:
            while True:
                try:
                    await peer.stream.send_all(b"x" * 50_000)
                except trio.BrokenResourceError:
                    return

        with trio.fail_after(20):
            await flood()
        await server.until("requests_refused")


async def test_a_websocket_of_a_wrong_version_is_refused_and_closed() -> None:
    async with served(app_with_routes(), Limits(linger_seconds=SOON)) as server:
        answer = await asked(server, upgrade("/ws", {"Sec-WebSocket-Version": "12"}))
    assert answer.startswith(b"HTTP/1.1 400")


async def test_a_client_that_does_not_read_its_answer_is_cut_off() -> None:
    """The handler's send ends, and so does the connection."""
    app, sent = new_app(), trio.Event()

    @app.get("/large")
    async def large() -> bytes:
        return b"x" * 20_000_000

    @app.after_request
    async def seen(response: object) -> object:
        sent.set()
        return response

    limits = Limits(send_seconds=0.2)
    async with served(app, limits) as server, connected(server, receive_buffer=4096) as peer:
        await peer.send(get("/large"))
        await sent.wait()
        await server.until("slow_readers")
        received = await peer.until_closed()
    assert len(received) < 20_000_000


async def test_a_client_that_reads_slowly_but_reads_gets_everything() -> None:
    """Four times what is granted for one step, with a step within each."""
    app = new_app()
    size = 2_000_000

    @app.get("/large")
    async def large() -> bytes:
        return b"x" * size

    limits = Limits(send_seconds=0.5)
    async with served(app, limits) as server, connected(server, receive_buffer=65536) as peer:
        await peer.send(get("/large"))
        total = 0
        while total < size:
            data = await peer.read()
            assert data, total
            total += len(data)
            if total % 10 == 0:
                await trio.sleep(0.01)
        assert server.counted("slow_readers") == 0
