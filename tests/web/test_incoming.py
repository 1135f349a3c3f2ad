"""A request's body, whether it came with its head or in parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from transport_peers import asgi_app, connected, get, served

from switchboard.web.failures import BodyTooLarge
from switchboard.web.incoming import Answer, Incoming


async def nothing() -> Mapping[str, Any]:
    raise AssertionError("nobody needs to ask")


async def nobody(_message: Mapping[str, Any]) -> None:
    raise AssertionError("nothing is sent")


def incoming(body: bytes) -> Incoming:
    """A request whose body came with its head."""
    scope = {"method": "POST", "path": "/", "query_string": b"", "headers": [], "scheme": "http"}
    return Incoming({**scope, "switchboard.whole": body}, nothing, nobody)


async def test_a_body_that_came_with_its_head_is_there() -> None:
    assert await incoming(b"abc").body(3) == b"abc"
    with pytest.raises(BodyTooLarge):
        await incoming(b"abcd").body(3)


async def test_who_reads_in_parts_gets_it_as_one() -> None:
    request = incoming(b"abc")
    assert [await request.part(), await request.part(), await request.part()] == [
        b"abc",
        None,
        None,
    ]
    assert await incoming(b"").part() is None


async def test_bodies_are_the_same_however_they_come_and_none_ends_the_connection() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        request = Incoming(scope, receive, send)
        if scope["path"] == "/parts":
            parts: list[bytes] = []
            while (part := await request.part()) is not None:
                parts.append(part)
            body = b"".join(parts)
        elif scope["path"] == "/unread":
            body = b"unread"
        else:
            body = await request.body(100)
        await request.answer(Answer(200, {}, "text/plain", body))

    def post(path: str, body: bytes) -> bytes:
        return get(path, f"Content-Length: {len(body)}").replace(b"GET", b"POST") + body

    async with served(asgi_app(app)) as server, connected(server) as peer:
        for path, expected in (("/", b"abc"), ("/parts", b"abc"), ("/unread", b"unread")):
            await peer.send(post(path, b"abc"))
            assert await peer.answer() == (200, expected)
        for path in ("/", "/parts"):
            request = post(path, b"abc")
            await peer.send(request[:-2])
            await peer.send(request[-2:])
            assert await peer.answer() == (200, b"abc")
