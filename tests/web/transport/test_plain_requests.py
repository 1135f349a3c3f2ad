"""A plain request is answered with the same bytes as the same request by way of h11, whatever the app does."""

from __future__ import annotations

import gc
import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
import trio.testing
from transport_peers import asgi_app, asked, connected, get, logged, served, until

from switchboard.web.transport.http1 import Http1
from switchboard.web.transport.plain import Plain
from switchboard.web.transport.plain_request import PlainRequest

App = Callable[[Any, Any, Any], Awaitable[None]]
Fields = list[tuple[bytes, bytes]]

BY_H11 = "TE: trailers"
"""A field that h11 reads and nobody heeds."""


def answering(status: int, headers: Fields, *parts: bytes) -> App:
    """An app that says that, the last part with its end."""

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": status, "headers": headers})
        for part in parts[:-1]:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": parts[-1]})

    return app


def failing(*messages: dict[str, Any]) -> App:
    """An app that says that and then fails."""

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        for message in messages:
            await send(message)
        raise RuntimeError("planted")

    return app


START = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"6")]}
PART = {"type": "http.response.body", "body": b"abc", "more_body": True}

LENGTH = (b"Content-Length", b"3")

APPS = {
    "a length": answering(200, [LENGTH, (b"X-A", b"b")], b"abc"),
    "parts of a length": answering(201, [(b"content-length", b"6")], b"abc", b"", b"def"),
    "chunks": answering(200, [(b"x", b" y ")], b"abc", b"", b"defghijklmnopqrstuvw"),
    "one chunk": answering(404, [], b"abc"),
    "nothing": answering(200, [], b""),
    "no length and nothing": answering(200, [(b"content-length", b"0")], b""),
    "a status without body": answering(204, [], b"lost"),
    "not modified": answering(304, [LENGTH, (b"etag", b'"a"')], b""),
    "the end": answering(200, [LENGTH, (b"connection", b"close")], b"abc"),
    "a refusal that ends": answering(413, [(b"content-length", b"0")], b""),
    "an error": failing(),
    "an error after the head": failing(START),
    "an error in the body": failing(START, PART),
    "too little": answering(200, [(b"content-length", b"6")], b"abc", b""),
    "too much": answering(200, [(b"content-length", b"4")], b"abc", b"def"),
    "a head split in two": answering(200, [LENGTH, (b"x", b"a\r\nSet-Cookie: b")], b"abc"),
    "a name that is none": answering(200, [LENGTH, (b"a b", b"c")], b"abc"),
    "a pseudo field": answering(200, [(b":status", b"200")], b""),
    "no message at all": answering(0, [], b""),
}


def lines_of(answers: bytes) -> list[bytes]:
    """Everything without the moment; fields may come in any order and case."""
    return sorted(re.sub(rb"date: [^\r]*", b"", answers).lower().split(b"\r\n"))


@pytest.mark.parametrize("name", APPS)
async def test_the_answer_is_the_same_as_by_h11(name: str) -> None:
    async with served(asgi_app(APPS[name]), keep_alive_max_requests=2) as server:
        with logged("hypercorn.error"):
            # The second request is the connection's last, should the first not have been.
            plain = await asked(server, get("/") * 2)
            other = await asked(server, get("/", BY_H11) * 2)
    assert lines_of(plain) == lines_of(other)
    assert plain


async def test_what_an_app_may_not_say_is_logged_and_becomes_a_500() -> None:
    split = answering(200, [(b"x", b"a\r\nSet-Cookie: b")], b"")
    async with served(asgi_app(split)) as server:
        with logged("hypercorn.error") as records:
            answer = await asked(server, get("/"))
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"set-cookie" not in answer.lower()
    assert len(records) == 1


async def test_plain_requests_and_others_take_turns_on_a_connection() -> None:
    bodies: list[bytes] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message["body"], message["more_body"]
        bodies.append(body)
        await answering(200, [LENGTH], scope["path"][1:].encode())(scope, receive, send)

    def post(path: str, body: bytes, *headers: str) -> bytes:
        size = f"Content-Length: {len(body)}"
        return get(path, size, *headers).replace(b"GET", b"POST") + body

    def chunks(path: str) -> bytes:
        sized = get(path, "Transfer-Encoding: chunked").replace(b"GET", b"POST")
        return sized + b"3\r\nxyz\r\n0\r\n\r\n"

    kinds = [post("/aaa", b"abc"), get("/bbb", BY_H11), post("/ccc", b"", BY_H11), chunks("/ddd")]
    everything = b"".join(one + other for one in kinds for other in kinds)
    expected = [path for one in "abcd" for path in (one, "a", one, "b", one, "c", one, "d")]
    async with served(asgi_app(app)) as server, connected(server) as peer:
        for size in (len(everything), 7, 1):
            for start in range(0, len(everything), size):
                await peer.send(everything[start : start + size])
            answers = [await peer.answer() for _ in expected]
            assert answers == [(200, one.encode() * 3) for one in expected]
    assert bodies[:4] == [b"abc", b"abc", b"abc", b""]
    assert set(bodies) == {b"abc", b"", b"xyz"}


async def test_a_handler_that_waits_for_its_client_hears_that_it_left() -> None:
    heard: list[str] = []

    async def app(_scope: Any, receive: Any, send: Any) -> None:
        heard.extend([(await receive())["type"] for _ in range(3)])

    async with served(asgi_app(app)) as server:
        async with connected(server) as peer:
            await peer.send(get("/"))
            await until(lambda: server.counted("accepted"))
        await until(lambda: len(heard) == 3)
    assert heard == ["http.request", "http.disconnect", "http.disconnect"]


async def test_what_comes_while_a_handler_waits_for_its_client_is_the_next_request() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        async with trio.open_nursery() as nursery:
            if scope["path"] == "/waits":
                nursery.start_soon(receive)
                await until(lambda: going)
            await answering(200, [LENGTH], b"abc")(scope, receive, send)
            nursery.cancel_scope.cancel()

    going: list[bool] = []
    async with served(asgi_app(app)) as server, connected(server) as peer:
        for header in ("X: plain", BY_H11):
            going.clear()
            await peer.send(get("/waits", header))
            await trio.testing.wait_all_tasks_blocked()
            await peer.send(get("/next", header))
            going.append(True)
            assert [await peer.answer() for _ in range(2)] == [(200, b"abc")] * 2


async def test_a_plain_request_leaves_nothing_to_the_garbage_collector() -> None:
    """Cycles would be found only by its pauses, which everybody notices who is served meanwhile."""
    async with served(asgi_app(APPS["a length"])) as server, connected(server) as peer:
        for header in ("X: plain", BY_H11):
            await peer.send(get("/", header))
            await peer.answer()
            gc.collect()
            gc.disable()
            try:
                for _ in range(20):
                    await peer.send(get("/", header))
                    await peer.answer()
            finally:
                gc.enable()
            assert gc.collect() < 20


async def test_a_connection_that_waits_for_a_request_does_not_keep_its_last() -> None:
    body = b"x" * 60_000

    async with served(asgi_app(APPS["a length"])) as server, connected(server) as peer:
        await peer.send(get("/", f"Content-Length: {len(body)}").replace(b"GET", b"POST") + body)
        await peer.answer()
        await trio.testing.wait_all_tasks_blocked()
        gc.collect()
        kept = [one for one in gc.get_objects() if isinstance(one, Plain | PlainRequest)]
        protocols = [one for one in gc.get_objects() if isinstance(one, Http1)]
    assert kept == []
    assert [one._ahead for one in protocols if one._ahead] == []
