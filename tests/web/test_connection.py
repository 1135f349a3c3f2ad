"""What only a real connection shows: the app under hypercorn on a loopback port, on our transport and as released."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
import trio
from hypercorn.config import Config
from hypercorn.trio import serve
from trio.testing import wait_all_tasks_blocked
from web_worlds import web_world

from switchboard.web import transport

DEADLINE_SECONDS = 4.0
"""Far more than a loopback exchange takes, and less than the 5 after which hypercorn closes what is idle."""


@pytest.fixture(params=["transport", "released"], autouse=True)
def below(request: pytest.FixtureRequest) -> Iterator[None]:
    """Our transport under the app, or hypercorn's own classes."""
    if request.param == "transport":
        transport.install()
    yield
    transport.uninstall()


@asynccontextmanager
async def port() -> AsyncIterator[int]:
    """A served app's port."""
    async with web_world() as world, trio.open_nursery() as nursery:
        config = Config()
        config.bind, config.loglevel = ["127.0.0.1:0"], "ERROR"
        urls = await nursery.start(functools.partial(serve, world.app, config))
        yield int(urls[0].rpartition(":")[2])
        nursery.cancel_scope.cancel()


async def until_closed(at: int, request: bytes) -> bytes:
    """All that the server sends until it closes the connection."""
    received = b""
    with trio.fail_after(DEADLINE_SECONDS):
        async with await trio.open_tcp_stream("127.0.0.1", at) as stream:
            await stream.send_all(request)
            async for chunk in stream:
                received += chunk
    return received


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        (b"GET /healthz HTTP/1.0\r\n\r\n", b"200"),
        (b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", b"200"),
        (b"HEAD /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", b"200"),
        (b"GET /nowhere HTTP/1.1\r\nHost: a b<>\r\nConnection: close\r\n\r\n", b"404"),
        (b"GET http://[ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", b"404"),
        (b"GET http://a/healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", b"200"),
        (b"OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", b"204"),
        (b"POST /dropin/login HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\nx", b"413"),
        (
            b"POST /dropin/login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"50000\r\n" + b"x" * 0x50000 + b"\r\n",
            b"413",
        ),
    ],
)
async def test_a_connection_ends_with_its_last_answer(request_head: bytes, status: bytes) -> None:
    """When the client wants no other, and after a body that was not read."""
    async with port() as at:
        received = await until_closed(at, request_head)
    assert received.startswith(b"HTTP/1.1 " + status)


async def test_a_websocket_where_there_is_none_is_told_so_in_json() -> None:
    """Never HTML."""
    async with port() as at:
        received = await until_closed(
            at,
            b"GET /dropin/x HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
        )
    assert received.startswith(b"HTTP/1.1 404")
    assert received.endswith(b'{"error":"UnknownPath"}')


async def test_a_connection_takes_one_request_after_another() -> None:
    """Keep-alive."""
    async with port() as at:
        received = await until_closed(
            at,
            b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n" * 3
            + b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        )
    assert received.count(b'{"status":"ok"}') == 4


async def test_a_handler_runs_to_its_end_when_the_client_has_gone() -> None:
    """What was begun for it is finished, and counted."""
    async with web_world() as world, trio.open_nursery() as nursery:
        config = Config()
        config.bind, config.loglevel = ["127.0.0.1:0"], "ERROR"
        urls = await nursery.start(functools.partial(serve, world.app, config))
        operator = await world.operator()
        entered, go_on, finished = trio.Event(), trio.Event(), trio.Event()

        async def slow(*_: object) -> None:
            entered.set()
            await go_on.wait()
            finished.set()

        world.services.dispatch.heartbeat = slow  # type: ignore[assignment, method-assign]
        body = b'{"lat":1,"lng":2}'
        request = (
            b"POST /dropin/map HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (operator.token.encode(), len(body), body)
        )
        with trio.fail_after(DEADLINE_SECONDS):
            port = int(urls[0].rpartition(":")[2])
            async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
                await stream.send_all(request)
                await entered.wait()
            # The server has seen the end of the connection once nothing moves any more.
            await wait_all_tasks_blocked(0.05)
            go_on.set()
            await finished.wait()
            await wait_all_tasks_blocked(0.05)
        counted = b'dialect="dropin",route="/map",status="200"'
        assert counted in world.app.metrics.render()
        nursery.cancel_scope.cancel()
