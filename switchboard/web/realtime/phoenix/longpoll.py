"""Longpoll: a GET polls, a POST publishes. What happened stands in the body's ``status``, as with Phoenix itself.

A poll without the token of a living session begins one and is answered 410 with its token. Clients of today take that
as the end of a session that they had, and connect anew; older ones go on with the new token.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import trio

from switchboard.web.call import Call, Page
from switchboard.web.failures import BodyTooLarge, LoginRequired
from switchboard.web.incoming import Incoming
from switchboard.web.realtime.phoenix.frames import version_of
from switchboard.web.realtime.phoenix.server import VOID
from switchboard.web.realtime.phoenix.sessions import Polled, Session
from switchboard.web.transport import FAREWELL, CloseCodes, Farewell, current_limits

POLL_SECONDS = 10.0
"""Phoenix's own ``window_ms``; the client gives up after 20 s."""

TOKEN_HEADER = "X-Phoenix-AuthToken"

BATCH_BYTES_MOST = 1024 * 1024
"""Of a POST: as much as may wait for the handler of a websocket."""

MESSAGES_MOST = 100
"""Of a POST (``MAX_LONGPOLL_BATCH_SIZE`` of the client)."""

NDJSON = "application/x-ndjson"


def _page(status: int, **more: Any) -> Page:
    body = msgspec.json.encode({"status": status, **more})
    # Phoenix answers 200 whatever the status is; who may not come in is told so in HTTP's terms as well.
    return Page("application/json", body, status=403 if status == 403 else 200)


def _tokens(call: Call) -> Sequence[str]:
    """The query's ``token``s: the client adds that of its session behind that of its own parameters."""
    assert call.incoming is not None
    text = call.incoming.query_string.decode("latin-1")
    pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=100)
    return [value for name, value in pairs if name == "token" and value]


def _session(call: Call) -> Session | None:
    tokens = _tokens(call)
    return call.services.phoenix.sessions.get(tokens[-1]) if tokens else None


async def poll(call: Call) -> Page:
    """What there is for a session; waits for it if there is nothing. Raises: StoreDown."""
    assert call.incoming is not None
    await call.incoming.body(call.services.settings.body_bytes_most)
    session = _session(call)
    if session is None:
        return await _begun(call)
    session.connection.heard_at = trio.current_time()
    with _until_farewell(call.incoming, session.way):
        taken = await session.way.take(POLL_SECONDS)
    session.connection.heard_at = trio.current_time()
    if not taken and not session.way.open:
        if session.way.code == VOID:
            return _page(403)
        return _page(410, token=session.token, messages=[])
    messages = [one.decode() for one in taken]
    return _page(200 if taken else 204, token=session.token, messages=messages)


class Waiting:
    """A poll that waits: whoever stops the server need not wait for it."""

    def __init__(self, way: Polled) -> None:
        self._way = way

    def part(self) -> None:
        """The client comes again, as from a websocket."""
        self._way.close(CloseCodes().goodbye, "server restarts")


@contextmanager
def _until_farewell(incoming: Incoming, way: Polled) -> Iterator[None]:
    farewell: Farewell | None = incoming.scope.get(FAREWELL)
    if farewell is None:  # Another server than ours.
        yield
        return
    waiting = Waiting(way)
    farewell.add(waiting)
    try:
        if farewell.is_set():
            waiting.part()
        yield
    finally:
        farewell.discard(waiting)


async def _begun(call: Call) -> Page:
    server, version = call.services.phoenix, version_of(_vsn(call))
    header = call.headers.get(TOKEN_HEADER)
    try:
        given = [*([header] if header else []), *_tokens(call)]
        token, speaker = await server.admit(given)
    except LoginRequired:
        return _page(403)
    if version is None:
        return _page(403)
    session = server.sessions.begin(server, token, speaker, version)
    return _page(410, token=session.token, messages=[]) if session.way.open else _page(403)


def _vsn(call: Call) -> str | None:
    found = call.query.get("vsn")
    return None if found is None else str(found)


async def publish(call: Call) -> Page:
    """Messages for a session, in order; 410: it has ended, and the client connects anew. Raises: BodyTooLarge."""
    assert call.incoming is not None
    body = await call.incoming.body(BATCH_BYTES_MOST)
    session = _session(call)
    if session is None:
        return _page(410)
    messages = _messages(body, call.headers.text("Content-Type"))
    largest = max(map(_size, messages), default=0)
    if len(messages) > MESSAGES_MOST or largest > current_limits().message_bytes:
        session.way.close(CloseCodes().too_big, "message too big")
        raise BodyTooLarge
    async with session.handling:
        for one in messages:
            if session.way.open:
                await session.connection.handle(one)
    # If it has ended meanwhile, nobody can say what became of the last ones: the client looks, once it has come again.
    return _page(200 if session.way.open else 410)


def _messages(body: bytes, kind: str) -> list[str | bytes]:
    """Lines of JSON, or of base64 where a message is bytes; of another content type one message."""
    if kind.partition(";")[0].strip().lower() != NDJSON:
        return [_text(body)] if body else []
    return [_message(line) for line in body.splitlines() if line]


def _message(line: bytes) -> str | bytes:
    if not line.startswith((b"[", b"{")):
        try:
            return base64.b64decode(line, validate=True)
        except binascii.Error:
            pass  # Then it is no message at all, and is answered so.
    return _text(line)


def _size(message: str | bytes) -> int:
    return len(message if isinstance(message, bytes) else message.encode())


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace")
