"""HTTP/1 on the transport: what works as anywhere else, and what hypercorn as released does otherwise."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import Any

import pytest
import trio
from quart import request
from quart_trio import QuartTrio
from transport_peers import asgi_app, asked, connected, get, logged, new_app, served, until

from switchboard.web.transport import Limits


def hello_app() -> QuartTrio:
    """The routes that most of these tests need."""
    app = new_app()

    @app.get("/hello")
    async def hello() -> dict[str, bool]:
        return {"ok": True}

    @app.post("/length")
    async def length() -> dict[str, int]:
        return {"length": len(await request.get_data())}

    @app.post("/unread")
    async def unread() -> dict[str, bool]:
        return {"ok": True}

    @app.get("/parts")
    async def parts() -> AsyncIterator[bytes]:
        async def three() -> AsyncIterator[bytes]:
            for number in range(3):
                yield b"part%d" % number

        return three()

    return app


def post(path: str, body: bytes, *headers: str) -> bytes:
    """A POST with a length."""
    lines = [f"POST {path} HTTP/1.1", "Host: a", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


async def test_head_and_body_leave_in_one_write_and_nothing_empty_is_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    writes: list[bytes] = []
    write = os.write

    def watched(descriptor: int, data: bytes) -> int:
        if data.startswith(b"HTTP/1.1") or b'{"ok"' in data or not data:
            writes.append(bytes(data))
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", watched)
    async with served(hello_app()) as server, connected(server) as peer:
        for _ in range(2):
            await peer.send(get("/hello"))
            assert await peer.answer() == (200, b'{"ok":true}\n')
    assert len(writes) == 2
    assert all(one.startswith(b"HTTP/1.1 200") and one.endswith(b"}\n") for one in writes)


async def test_requests_sent_at_once_are_answered_in_order() -> None:
    async with served(hello_app()) as server, connected(server) as peer:
        await peer.send(get("/hello") * 50 + post("/length", b"abc") + get("/hello"))
        answers = [await peer.answer() for _ in range(52)]
    assert answers.count((200, b'{"ok":true}\n')) == 51
    assert answers[50] == (200, b'{"length":3}\n')


async def test_a_crowd_of_requests_on_one_connection_lets_others_run() -> None:
    """No handler of them waits for anything, so nothing else would yield."""
    async with served(hello_app()) as server, connected(server) as many, connected(server) as one:
        seen: list[int] = []

        async def read_many() -> None:
            await many.send(get("/hello") * 400)
            for number in range(400):
                await many.answer()
                seen.append(number)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(read_many)
            await until(lambda: seen)
            await one.send(get("/hello"))
            assert (await one.answer())[0] == 200
            assert len(seen) < 400


async def test_an_answer_to_head_has_no_body_and_keeps_the_connection() -> None:
    async with served(hello_app()) as server, connected(server) as peer:
        await peer.send(get("/hello").replace(b"GET", b"HEAD"))
        head = await peer.until_received(b"\r\n\r\n")
        assert b"content-length: 12" in head
        await peer.send(get("/hello"))
        assert (await peer.answer())[0] == 200


async def test_a_client_that_waits_is_told_to_go_on_only_when_its_body_is_wanted() -> None:
    async with served(hello_app(), Limits(linger_seconds=0.1)) as server:
        async with connected(server) as peer:
            await peer.send(post("/length", b"", "Expect: 100-continue").replace(b": 0", b": 3"))
            assert (await peer.until_received(b"\r\n\r\n")).startswith(b"HTTP/1.1 100")
            await peer.send(b"abc")
            assert await peer.answer() == (200, b'{"length":3}\n')
        # Nobody reads this one. Whether its body or the next request follows, nobody could know: so nothing does.
        unwanted = post("/unread", b"", "Expect: 100-continue").replace(b": 0", b": 3")
        answer = await asked(server, unwanted)
    assert answer.startswith(b"HTTP/1.1 200")
    assert b" 100 " not in answer


async def test_a_body_that_nobody_reads_does_not_disturb_the_next_request() -> None:
    async with served(hello_app()) as server, connected(server) as peer:
        await peer.send(post("/unread", b"GET /nowhere HTTP/1.1\r\n\r\n") + get("/hello"))
        assert (await peer.answer())[0] == 200
        assert await peer.answer() == (200, b'{"ok":true}\n')


async def test_an_answer_in_parts_is_sent_as_they_come() -> None:
    async with served(hello_app()) as server, connected(server) as peer:
        await peer.send(get("/parts"))
        received = await peer.until_received(b"\r\n0\r\n\r\n")
        assert received.endswith(b"5\r\npart0\r\n5\r\npart1\r\n5\r\npart2\r\n0\r\n\r\n")
        await peer.send(get("/hello"))
        assert (await peer.answer())[0] == 200


async def test_a_streaming_route_reads_its_body_as_it_comes() -> None:
    app, parts = new_app(), []

    @app.post("/upload")
    async def upload() -> dict[str, int]:
        async for part in request.body:
            parts.append(part)
        return {"parts": len(parts)}

    async with served(app) as server, connected(server) as peer:
        await peer.send(b"POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        for number in range(3):
            await peer.send(b"3\r\nab%d\r\n" % number)
            await until(lambda: len(parts) == number + 1)  # noqa: B023 - called before it changes
        await peer.send(b"0\r\n\r\n")
        assert await peer.answer() == (200, b'{"parts":3}\n')
    assert parts == [b"ab0", b"ab1", b"ab2"]


async def test_a_body_beyond_the_limit_is_refused_before_it_has_come() -> None:
    app = hello_app()
    app.config["MAX_CONTENT_LENGTH"] = 10
    chunked = b"POST /length HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nabcdefghijk\r\n"
    async with served(app, Limits(linger_seconds=0.1)) as server:
        declared = post("/length", b"").replace(b": 0", b": 11")
        assert (await asked(server, declared)).startswith(b"HTTP/1.1 413")
        assert (await asked(server, chunked)).startswith(b"HTTP/1.1 413")


async def test_a_handler_runs_to_its_end_when_the_client_has_gone_and_its_error_is_logged() -> None:
    app, entered, go_on = new_app(), trio.Event(), trio.Event()

    @app.get("/slow")
    async def slow() -> str:
        entered.set()
        await go_on.wait()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep, 0)
            raise ValueError("after the client has gone")

    with logged("app") as records:
        async with served(app) as server:
            async with connected(server) as peer:
                await peer.send(get("/slow"))
                await entered.wait()
            for _ in range(20):
                await trio.lowlevel.checkpoint()
            go_on.set()
            await until(lambda: records)
            await until(lambda: server.counted("connections") == 0)
    assert "after the client has gone" in str(records[0].exc_info)


async def test_an_answer_to_a_client_that_has_gone_ends_quietly() -> None:
    app, entered, go_on, ended = new_app(), trio.Event(), trio.Event(), trio.Event()

    @app.get("/large")
    async def large() -> bytes:
        entered.set()
        await go_on.wait()
        ended.set()
        return b"x" * 4_000_000

    with logged("hypercorn.error") as records, logged("app") as errors:
        async with served(app) as server:
            async with connected(server) as peer:
                await peer.send(get("/large"))
                await entered.wait()
            go_on.set()
            await ended.wait()
            await until(lambda: server.counted("connections") == 0)
    assert not [one for one in [*records, *errors] if one.levelname != "INFO"]


async def test_an_endless_answer_ends_when_nobody_listens_any_more() -> None:
    """One that sends all the time, and one that has nothing to send."""
    app, ended = new_app(), []

    def endless(name: str, pause: float) -> Any:
        async def answer() -> Any:
            async def events() -> AsyncIterator[bytes]:
                try:
                    while True:
                        yield b"data: x\n\n"
                        await trio.sleep(pause)
                finally:
                    ended.append(name)

            return events(), 200, {"Content-Type": "text/event-stream"}

        return answer

    app.get("/busy")(endless("busy", 0.001))
    app.add_url_rule("/quiet", "quiet", endless("quiet", 1e9))
    async with served(app) as server:
        for path in ("/busy", "/quiet"):
            async with connected(server) as peer:
                await peer.send(get(path))
                await peer.until_received(b"data: x")
            await until(lambda: path[1:] in ended)  # noqa: B023 - called before it changes
        await until(lambda: server.counted("connections") == 0)


async def test_an_app_that_fails_after_its_head_is_a_500() -> None:
    """Nothing of the head had left, so nothing false was said."""

    async def fail(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ValueError("between head and body")

    with logged("hypercorn.error") as records:
        async with served(asgi_app(fail)) as server:
            answer = await asked(server, get("/"))
    assert answer.startswith(b"HTTP/1.1 500")
    assert any("Error in ASGI" in one.getMessage() for one in records)


async def test_an_app_may_wait_for_the_disconnect_while_it_answers() -> None:
    """As ASGI has it: after the answer, and when the client leaves before."""
    seen: list[str] = []

    async def handle(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        async with trio.open_nursery() as nursery:

            async def watch() -> None:
                seen.append((await receive())["type"])

            nursery.start_soon(watch)
            if scope["path"] == "/answered":
                await send({"type": "http.response.start", "status": 204, "headers": []})
                await send({"type": "http.response.body"})

    async with served(asgi_app(handle)) as server:
        async with connected(server) as peer:
            await peer.send(get("/answered"))
            await peer.until_received(b"\r\n\r\n")
            await until(lambda: len(seen) == 1)
            await peer.send(get("/left"))
        await until(lambda: len(seen) == 2)
    assert seen == ["http.disconnect"] * 2


async def test_an_app_as_quart_trio_makes_it_is_served_too() -> None:
    app = new_app(guarded=False)

    @app.post("/length")
    async def length() -> dict[str, int]:
        return {"length": len(await request.get_data())}

    async with served(app) as server, connected(server) as peer:
        for size in (3, 300_000, 0):
            await peer.send(post("/length", b"x" * size))
            assert await peer.answer() == (200, b'{"length":%d}\n' % size)
