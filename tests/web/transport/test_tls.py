"""The transport under TLS, over HTTP/1.1 and HTTP/2: the same guards, by hypercorn's own way of writing."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
import trio
import trustme
from http2_peer import Http2Websocket
from quart import request, websocket
from quart_trio import QuartTrio
from transport_peers import (
    CLOSE,
    TEXT,
    Arrived,
    Server,
    WebsocketPeer,
    asgi_app,
    connected,
    frame,
    new_app,
    served,
    until,
    upgrade,
)

from switchboard.web.transport import OUTLET, Limits, Outlet, encode_text

LATE = 600.0


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Whom these tests' clients believe."""
    return trustme.CA()


@asynccontextmanager
async def served_with_tls(
    authority: trustme.CA, folder: Path, app: Any, limits: Limits | None = None, **settings: Any
) -> AsyncIterator[Server]:
    """As ``served``, with a certificate for localhost."""
    certificate = authority.issue_cert("localhost")
    certfile, keyfile = folder / "certificate.pem", folder / "key.pem"
    certificate.private_key_pem.write_to_path(keyfile)
    for number, blob in enumerate(certificate.cert_chain_pems):
        blob.write_to_path(certfile, append=number > 0)
    files = {"certfile": str(certfile), "keyfile": str(keyfile)}
    async with served(app, limits, **files, **settings) as server:
        yield server


def context_for(authority: trustme.CA, *protocols: str) -> ssl.SSLContext:
    """A client's side."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    context.set_alpn_protocols(list(protocols))
    return context


@asynccontextmanager
async def websocket_over_tls(
    server: Server, authority: trustme.CA, receive_buffer: int | None = None
) -> AsyncIterator[WebsocketPeer]:
    """An open websocket."""
    async with connected(server, receive_buffer=receive_buffer) as plain:
        stream = trio.SSLStream(
            cast(trio.SocketStream, plain.stream),
            context_for(authority, "http/1.1"),
            server_hostname="localhost",
            https_compatible=True,
        )
        peer = WebsocketPeer(stream)
        await peer.send(upgrade("/ws", {"Origin": "https://localhost"}))
        assert (await peer.until_received(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
        yield peer


def app_with_outlets(outlets: list[Outlet]) -> QuartTrio:
    """Echoes, and lets the test send past the handler."""
    app = new_app()

    @app.post("/length")
    async def length() -> dict[str, int]:
        return {"length": len(await request.get_data())}

    @app.websocket("/ws")
    async def echo() -> None:
        await websocket.accept()
        outlets.append(cast(Outlet, cast(Any, websocket.scope)[OUTLET]))
        while True:
            await websocket.send(await websocket.receive())

    return app


@pytest.mark.parametrize("http2", [False, True])
async def test_requests_of_any_size_are_answered_over_both_protocols(
    authority: trustme.CA, tmp_path: Path, http2: bool
) -> None:
    async with served_with_tls(authority, tmp_path, app_with_outlets([])) as server:
        context = context_for(authority, "h2") if http2 else context_for(authority, "http/1.1")
        base = f"https://localhost:{server.port}"
        async with httpx.AsyncClient(
            verify=context, http1=not http2, http2=http2, trust_env=False, timeout=20
        ) as client:
            for size in (0, 3, 200_000):
                answer = await client.post(f"{base}/length", content=b"x" * size)
                assert answer.json() == {"length": size}
                assert answer.http_version == ("HTTP/2" if http2 else "HTTP/1.1")
            assert server.counted("accepted") == 1


@pytest.mark.parametrize("http2", [False, True])
async def test_an_idle_connection_is_closed_over_both_protocols(
    authority: trustme.CA, tmp_path: Path, http2: bool
) -> None:
    limits = Limits(keep_alive_seconds=0.1)
    async with served_with_tls(authority, tmp_path, app_with_outlets([]), limits) as server:
        context = context_for(authority, "h2" if http2 else "http/1.1")
        async with httpx.AsyncClient(
            verify=context, http1=not http2, http2=http2, trust_env=False, timeout=20
        ) as client:
            await client.post(f"https://localhost:{server.port}/length", content=b"x")
            await server.until("idle_closed")
            await until(lambda: server.counted("connections") == 0)


async def test_a_handshake_that_does_not_come_is_not_waited_for(
    authority: trustme.CA, tmp_path: Path
) -> None:
    limits = Limits(head_seconds=0.1)
    async with served_with_tls(authority, tmp_path, new_app(), limits) as server:
        async with connected(server) as silent, connected(server) as wrong:
            await wrong.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert b"HTTP" not in await wrong.until_closed()
            assert await silent.until_closed() == b""
        await until(lambda: server.counted("connections") == 0)


async def test_the_cap_holds_before_the_handshake(authority: trustme.CA, tmp_path: Path) -> None:
    limits = Limits(connections_most=1, head_seconds=LATE)
    async with served_with_tls(authority, tmp_path, new_app(), limits) as server:
        async with connected(server), connected(server) as second:
            assert await second.until_closed() == b""
            assert server.counted("refused_all_taken") == 1
        await until(lambda: server.counted("connections") == 0)


async def test_websockets_echo_get_encoded_frames_and_a_goodbye_over_tls(
    authority: trustme.CA, tmp_path: Path
) -> None:
    outlets: list[Outlet] = []
    app = app_with_outlets(outlets)
    async with (
        served_with_tls(authority, tmp_path, app) as server,
        websocket_over_tls(server, authority) as peer,
    ):
        await peer.say("hello")
        assert await peer.hear() == Arrived(TEXT, b"hello")
        for number in range(100):
            assert outlets[0].send_encoded(encode_text(f"{number}"))
        for number in range(100):
            assert await peer.hear() == Arrived(TEXT, b"%d" % number)
        await peer.send(frame(TEXT, b"\xff"))
        assert await peer.hear_close() == 1007


async def test_the_server_says_goodbye_over_tls(authority: trustme.CA, tmp_path: Path) -> None:
    outlets: list[Outlet] = []
    async with (
        served_with_tls(authority, tmp_path, app_with_outlets(outlets)) as server,
        websocket_over_tls(server, authority) as peer,
    ):
        await until(lambda: outlets)
        server.stop.set()
        assert await peer.hear_close() == 1012


async def test_a_peer_over_tls_that_never_reads_again_is_cut_off(
    authority: trustme.CA, tmp_path: Path
) -> None:
    outlets: list[Outlet] = []
    limits = Limits(send_seconds=0.1, goodbye_seconds=0.1)
    async with (
        served_with_tls(authority, tmp_path, app_with_outlets(outlets), limits) as server,
        websocket_over_tls(server, authority, receive_buffer=4096),
    ):
        await until(lambda: outlets)
        while outlets[0].send_encoded(encode_text("x" * 60_000)):
            await trio.lowlevel.checkpoint()
        await until(lambda: server.counted("connections") == 0)


async def test_over_http2_an_app_that_does_not_read_stops_nobody(
    authority: trustme.CA, tmp_path: Path
) -> None:
    """Its body is many frames, more than hypercorn has room for; the others share its connection."""
    app, go_on = app_with_outlets([]), trio.Event()

    async def deaf(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] != "/deaf":
            await app(scope, receive, send)
            return
        await go_on.wait()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    async def many() -> AsyncIterator[bytes]:
        for _ in range(60):
            yield b"x" * 900

    async with (
        served_with_tls(authority, tmp_path, deaf) as server,
        httpx.AsyncClient(
            verify=context_for(authority, "h2"),
            http1=False,
            http2=True,
            trust_env=False,
            timeout=20,
        ) as client,
        trio.open_nursery() as nursery,
    ):
        base, statuses = f"https://localhost:{server.port}", []

        async def ask_deaf() -> None:
            statuses.append((await client.post(f"{base}/deaf", content=many())).status_code)

        nursery.start_soon(ask_deaf)
        await server.until("accepted")
        for _ in range(3):
            answer = await client.post(f"{base}/length", content=b"abc")
            assert answer.json() == {"length": 3}
        go_on.set()
        await until(lambda: statuses == [204])
        assert server.counted("accepted") == 1


async def test_over_http2_a_client_that_takes_no_answer_is_cut_off(
    authority: trustme.CA, tmp_path: Path
) -> None:
    """Its window is full, so nothing waits in any socket."""
    app = new_app()

    @app.get("/large")
    async def large() -> bytes:
        return b"x" * 1_000_000

    limits = Limits(send_seconds=0.1)
    async with (
        served_with_tls(authority, tmp_path, app, limits) as server,
        connected(server) as plain,
    ):
        stream = trio.SSLStream(
            cast(trio.SocketStream, plain.stream),
            context_for(authority, "h2"),
            server_hostname="localhost",
            https_compatible=True,
        )
        tunnel = Http2Websocket(stream)
        await tunnel.ask("/large")
        await server.until("slow_readers")
        await until(lambda: server.counted("connections") == 0)


async def test_over_http2_a_body_that_goes_on_after_its_answer_disturbs_nobody(
    authority: trustme.CA, tmp_path: Path
) -> None:
    """As released hypercorn looks for the stream, which has gone, and the whole server ends."""
    answered = trio.Event()

    async def handle(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        early = scope["path"] == "/early"
        status = 413 if early else 204
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body"})
        if early:
            answered.set()

    async def body() -> AsyncIterator[bytes]:
        yield b"x" * 1000
        await answered.wait()
        for _ in range(5):
            yield b"x" * 1000

    async with (
        served_with_tls(authority, tmp_path, asgi_app(handle)) as server,
        httpx.AsyncClient(
            verify=context_for(authority, "h2"),
            http1=False,
            http2=True,
            trust_env=False,
            timeout=20,
        ) as client,
    ):
        base = f"https://localhost:{server.port}"
        assert (await client.post(f"{base}/early", content=body())).status_code == 413
        assert (await client.get(f"{base}/next")).status_code == 204
        assert server.counted("accepted") == 1


@pytest.mark.parametrize(
    "headers",
    [
        ((":method", "CONNECT"), (":authority", "a:1")),
        ((":method", "GET"), (":scheme", "https"), (":path", "/\xfc"), (":authority", "a")),
    ],
    ids=["as-if-to-a-proxy", "path-of-other-characters"],
)
async def test_over_http2_a_request_without_a_path_to_be_read_is_refused(
    authority: trustme.CA, tmp_path: Path, headers: tuple[tuple[str, str], ...]
) -> None:
    """As released it ends the whole server."""
    async with (
        served_with_tls(authority, tmp_path, new_app()) as server,
        connected(server) as plain,
    ):
        stream = trio.SSLStream(
            cast(trio.SocketStream, plain.stream),
            context_for(authority, "h2"),
            server_hostname="localhost",
            https_compatible=True,
        )
        with trio.fail_after(20):
            await Http2Websocket(stream).ask_badly(*headers)
        await until(lambda: server.counted("connections") == 0)


async def test_a_websocket_over_http2_has_the_same_guards(
    authority: trustme.CA, tmp_path: Path
) -> None:
    outlets: list[Outlet] = []
    async with (
        served_with_tls(authority, tmp_path, app_with_outlets(outlets)) as server,
        h2_websocket(server, authority) as peer,
    ):
        await peer.say("hello")
        assert await peer.hear() == Arrived(TEXT, b"hello")
        assert outlets[0].send_encoded(encode_text("encoded once"))
        assert await peer.hear() == Arrived(TEXT, b"encoded once")
        await peer.send(frame(TEXT, b"x" * 40_000, final=False))
        await peer.send(frame(0, b"x" * 40_000))
        assert await peer.hear() == Arrived(CLOSE, b"\x03\xf1message too big")


@asynccontextmanager
async def h2_websocket(server: Server, authority: trustme.CA) -> AsyncIterator[WebsocketPeer]:
    """A websocket as RFC 8441 has it; httpx knows none, so its frames are made with the ``h2`` library."""
    async with connected(server) as plain:
        stream = trio.SSLStream(
            cast(trio.SocketStream, plain.stream),
            context_for(authority, "h2"),
            server_hostname="localhost",
            https_compatible=True,
        )
        tunnel = Http2Websocket(stream)
        await tunnel.open("/ws", server.port)
        yield WebsocketPeer(tunnel)
