"""How many connections may be open, and that they are counted exactly however they end."""

from __future__ import annotations

from contextlib import AsyncExitStack

import pytest
import trio
from quart import websocket
from quart_trio import QuartTrio
from transport_peers import (
    connected,
    get,
    new_app,
    served,
    until,
    upgrade,
    websocket_to,
)

from switchboard.web.transport import Limits
from switchboard.web.transport.guard import Guard

LATE = 600.0


def small_app() -> QuartTrio:
    """One route of each kind."""
    app = new_app()

    @app.get("/hello")
    async def hello() -> str:
        return "hello"

    @app.get("/slow")
    async def slow() -> str:
        await trio.sleep_forever()
        return ""

    @app.websocket("/ws")
    async def listen() -> None:
        while True:
            await websocket.receive()

    return app


async def test_beyond_the_cap_a_client_is_answered_503_at_once_and_leaves_nothing_behind() -> None:
    limits = Limits(connections_most=2, keep_alive_seconds=LATE, retry_after_seconds=7)
    async with served(small_app(), limits) as server, AsyncExitStack() as stack:
        inside = [await stack.enter_async_context(connected(server)) for _ in range(2)]
        for peer in inside:
            await peer.send(get("/hello"))
            assert (await peer.answer())[0] == 200
        for request in (b"", get("/hello"), upgrade("/ws", {})):
            async with connected(server) as peer:
                if request:
                    await peer.send(request)
                answer = await peer.until_closed()
            assert answer.startswith(b"HTTP/1.1 503")
            assert b"Retry-After: 7\r\n" in answer
        assert server.counted("refused_all_taken") == 3
        assert server.counted("connections") == 2
        await stack.aclose()
        await until(lambda: server.counted("connections") == 0)
        async with connected(server) as peer:
            await peer.send(get("/hello"))
            assert (await peer.answer())[0] == 200


async def test_the_cap_of_one_address_leaves_the_others_alone() -> None:
    limits = Limits(
        connections_per_address_most=2,
        uncounted_networks=("127.0.0.9/32",),
        keep_alive_seconds=LATE,
    )
    async with served(small_app(), limits) as server, AsyncExitStack() as stack:

        async def statuses(address: str, count: int) -> list[int]:
            found = []
            for _ in range(count):
                peer = await stack.enter_async_context(connected(server, address=address))
                await peer.send(get("/hello"))
                found.append(int((await peer.until_received(b"\r\n"))[9:12]))
            return found

        assert await statuses("127.0.0.2", 4) == [200, 200, 503, 503]
        assert await statuses("127.0.0.3", 3) == [200, 200, 503]
        assert await statuses("127.0.0.9", 5) == [200] * 5
        await stack.aclose()
        await until(lambda: server.counted("connections") == 0)
        assert await statuses("127.0.0.2", 1) == [200]


@pytest.mark.parametrize(
    ("address", "others", "counted"),
    [
        ("192.0.2.1", "192.0.2.2", True),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("2001:db8::1", "2001:db8::2", True),
        ("127.0.0.1", "127.0.0.1", False),
        ("::1", "::1", False),
        ("10.1.2.3", "10.1.2.3", False),
        (None, None, False),
    ],
)
def test_addresses_are_counted_as_whom_they_belong_to(
    address: str | None, others: str | None, counted: bool
) -> None:
    """An IPv6 subscriber has a /64, IPv4 may come in over IPv6, and a proxy's address belongs to all behind it."""
    limits = Limits()
    uncounted = (*limits.uncounted_networks, "10.0.0.0/8")
    guard = Guard(Limits(connections_per_address_most=1, uncounted_networks=uncounted))
    assert guard.admit(address) is None
    assert (guard.admit(address) is not None) is counted
    same = address is not None and (":" in address)
    assert (guard.admit(others) is not None) is (counted and same)


async def test_counts_are_exact_after_every_kind_of_end() -> None:
    """Idle, refused, cut off, reset by the peer in a request, in a websocket, in its handshake."""
    limits = Limits(
        keep_alive_seconds=0.1, head_seconds=0.1, handler_seconds=0.1, linger_seconds=0.1
    )
    async with served(small_app(), limits) as server:
        async with connected(server), connected(server) as half, connected(server) as bad:
            await half.send(b"GET /he")
            await bad.send(b"nonsense\r\n\r\n")
            await until(lambda: server.counted("accepted") == 3)
            await until(lambda: server.counted("connections") == 0)
        for request in (get("/hello"), upgrade("/ws", {})[:60], upgrade("/ws", {})):
            async with connected(server) as peer:
                await peer.send(request)
        async with websocket_to(server), websocket_to(server):
            assert server.counted("websockets") == 2
        await until(lambda: server.counted("connections") == 0)
        assert server.counted("websockets") == 0
        assert server.counted("accepted") == 8
        async with connected(server) as peer:
            await peer.send(get("/slow"))
            await until(lambda: server.counted("connections") == 1)
            # The block's end cancels the handler: that is an end too, and is looked at after it.
