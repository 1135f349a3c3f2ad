"""Quart-Trio's HTTP connection, in the task that it is called in.

As released it opens a nursery and two tasks a request, cancels the handler when the client leaves, and then passes on
only the cancelled half of what went wrong.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from math import inf
from typing import Any, cast

import trio
from quart.utils import encode_headers
from quart.wrappers import Response
from quart.wrappers.response import DataBody
from quart_trio.asgi import TrioASGIHTTPConnection
from quart_trio.wrappers.request import TrioBody
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge, RequestTimeout

from switchboard.web.transport.http_stream import REFUSAL
from switchboard.web.transport.peer import PeerLeft

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

PULLED_VERSIONS = frozenset({"1.0", "1.1"})
"""Over HTTP/2 hypercorn's queue of a request must be emptied meanwhile, or it stops the whole connection."""


class PulledBody(TrioBody):
    """A request body that is read as far as its handler asks: all at once, or in parts as they come."""

    def __init__(self, expected: int | None, most: int | None, receive: Receive) -> None:
        super().__init__(expected, most)
        self._receive = receive
        self._taken = 0

    @property
    def complete(self) -> bool:
        """Whether it was read to its end."""
        return self._complete.is_set()

    def __await__(self) -> Generator[Any, None, bytes]:
        return self._all().__await__()

    async def __anext__(self) -> bytes:
        if self._must_raise is not None:
            raise self._must_raise
        if self._data:
            kept = bytes(self._data)
            self._data.clear()
            return kept
        while not self._complete.is_set():
            part = await self._part()
            if part:
                return part
        raise StopAsyncIteration

    async def _all(self) -> bytes:
        if self._must_raise is not None:
            raise self._must_raise
        while not self._complete.is_set():
            self._data += await self._part()
        return bytes(self._data)

    async def _part(self) -> bytes:
        """Raises: ClientDisconnected; RequestTimeout; RequestEntityTooLarge, as soon as it shows."""
        message = await self._receive()
        if message["type"] != "http.request":
            late = message.get(REFUSAL) == 408
            self._must_raise = RequestTimeout() if late else ClientDisconnected()
            raise self._must_raise
        part: bytes = message.get("body", b"")
        self._taken += len(part)
        if self._max_content_length is not None and self._taken > self._max_content_length:
            self._must_raise = RequestEntityTooLarge()
            raise self._must_raise
        if not message.get("more_body", False):
            self.set_complete()
        return part


class HTTPConnection(TrioASGIHTTPConnection):
    """For ``app.asgi_http_class``. A handler runs to its end, also when its client has gone; an answer that is
    streamed ends when nobody listens any more. Over HTTP/2 everything is as Quart-Trio has it."""

    async def __call__(self, receive: Receive, send: Send) -> None:
        """One request."""
        if self.scope["http_version"] not in PULLED_VERSIONS:
            await super().__call__(receive, send)
            return
        request = self._create_request_from_scope(send)
        most = self.app.config["MAX_CONTENT_LENGTH"]
        request.body = PulledBody(request.content_length, most, receive)
        response = await self.app.handle_request(request)
        timeout = self.app.config["RESPONSE_TIMEOUT"]
        if isinstance(response, Response) and response.timeout != Ellipsis:
            timeout = cast(float | None, response.timeout)
        if isinstance(response, Response) and type(response.response) is DataBody:
            await _send_whole(send, response, response.response)
            return
        try:
            with trio.move_on_after(inf if timeout is None else timeout):
                # A body that is still to come belongs to the handler, which may go on reading while it answers.
                fields = request.headers
                bodiless = "Content-Length" not in fields and "Transfer-Encoding" not in fields
                watched = bodiless or request.body.complete
                await self._stream(receive if watched else trio.sleep_forever, send, response)
        except* PeerLeft:
            # The answer has no reader any more; its handler has ended long before.
            pass

    async def _stream(self, receive: Receive, send: Send, response: Any) -> None:
        # Nothing but the sending is in the nursery, and what it raises is not cancelled by anybody else.
        async with trio.open_nursery() as nursery:

            async def watch() -> None:
                while (await receive())["type"] != "http.disconnect":
                    continue
                nursery.cancel_scope.cancel()

            nursery.start_soon(watch)
            await self._send_response(send, response)
            nursery.cancel_scope.cancel()


async def _send_whole(send: Send, response: Response, body: DataBody) -> None:
    """An answer that is there as a whole: two messages, and one write."""
    await send(
        {
            "type": "http.response.start",
            "status": response.status_code,
            "headers": encode_headers(response.headers),
        }
    )
    data = body.data[body.begin : body.end]
    await send({"type": "http.response.body", "body": data, "more_body": False})
