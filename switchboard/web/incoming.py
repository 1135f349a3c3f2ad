"""A request straight from its ASGI scope, and the answer straight to ASGI.

Our own routes need nothing else of Quart: its request, response, nursery and two tasks a request cost as much as all
that is done here and in the engine together. The handler runs in the server's task of the request, after the whole
bounded body has been read, and to its end even if the client goes away.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast
from urllib.parse import urlparse

import trio

from switchboard.web.failures import BodyTooLarge, UnreadableBody
from switchboard.web.transport import WHOLE

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]

FILE_PART_BYTES = 256 * 1024
"""Of a file that is sent: few hops to a thread, and little memory for each reader."""

DRAIN_SECONDS_MOST = 5.0
"""For the answer to a request whose body was not read to its end: it is small, and whoever reads has it by then."""


class ClientLeft(Exception):
    """The client went away before its request was complete: there is nobody to answer."""


class RequestHeaders:
    """Header fields by name, in any case; what was sent twice is joined with a comma, as RFC 9110 (5.2) has it."""

    __slots__ = ("_values",)

    def __init__(self, pairs: Any) -> None:
        values: dict[str, str] = {}
        for name, value in pairs:
            key, text = name.decode("latin-1").lower(), value.decode("latin-1")
            values[key] = f"{values[key]}, {text}" if key in values else text
        self._values = values

    def get(self, name: str, default: str | None = None) -> str | None:
        """The field's value."""
        return self._values.get(name.lower(), default)

    def text(self, name: str) -> str:
        """The field's value, empty if it was not sent."""
        return self._values.get(name.lower(), "")


class Answer(NamedTuple):
    """What is sent back."""

    status: int
    headers: Mapping[str, str]
    content_type: str
    body: bytes
    file: Path | None = None
    """Sent in place of ``body``, as it is read; ``headers`` has its length."""


class Incoming:
    """One request."""

    __slots__ = (
        "_receive",
        "_send",
        "complete",
        "headers",
        "method",
        "path",
        "peer",
        "query_string",
        "scheme",
        "scope",
        "whole",
    )

    def __init__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        self.scope = scope
        self.method: str = scope["method"]
        self.path = _path(scope)
        self.query_string: bytes = scope["query_string"]
        self.headers = RequestHeaders(scope["headers"])
        self.scheme: str = scope["scheme"]
        self.peer: str = (scope.get("client") or ("<local>",))[0]
        self.whole: bytes | None = scope.get(WHOLE)
        """The body, where nobody needs to wait for it."""
        self.complete = self.whole is not None
        """Whether the body was read to its end."""
        self._receive = receive
        self._send = send

    async def body(self, most: int) -> bytes:
        """The whole body.

        Raises: BodyTooLarge beyond ``most`` bytes, as soon as it shows; UnreadableBody; ClientLeft.
        """
        declared = self.headers.get("Content-Length")
        if declared is not None and (not declared.isdecimal() or int(declared) > most):
            raise BodyTooLarge if declared.isdecimal() else UnreadableBody("has no length")
        if self.whole is not None:
            if len(self.whole) > most:
                raise BodyTooLarge
            return self.whole
        parts: list[bytes] = []
        size = 0
        while not self.complete:
            message = await self._receive()
            if message["type"] != "http.request":
                raise ClientLeft
            part = message.get("body", b"")
            size += len(part)
            if size > most:
                raise BodyTooLarge
            parts.append(part)
            self.complete = not message.get("more_body", False)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def part(self) -> bytes | None:
        """The next part of the body, None after the last. Raises: ClientLeft."""
        if self.whole:
            part, self.whole = self.whole, b""
            return part
        if self.complete:
            return None
        message = await self._receive()
        if message["type"] != "http.request":
            raise ClientLeft
        self.complete = not message.get("more_body", False)
        return cast(bytes, message.get("body", b""))

    async def answer(self, answer: Answer) -> None:
        """Sends it; after a body that was not read to its end, the connection's last."""
        if self.complete:
            await self._send_out(answer, close=False)
            return
        # The server goes on handing us the body, and its queue must not fill while it waits for us to end. Nothing but
        # this one send is in the nursery, so no error of anybody's work can be lost in it.
        with trio.move_on_after(DRAIN_SECONDS_MOST):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._drain)
                await self._send_out(answer, close=True)
                nursery.cancel_scope.cancel()

    async def _drain(self) -> None:
        while (await self._receive())["type"] == "http.request":
            continue

    async def _send_out(self, answer: Answer, *, close: bool) -> None:
        headers = [
            (name.encode("latin-1"), value.encode("latin-1"))
            for name, value in answer.headers.items()
        ]
        if answer.status != 204:  # Which has neither.
            headers.append((b"content-type", answer.content_type.encode("latin-1")))
        if answer.status != 204 and answer.file is None:
            headers.append((b"content-length", b"%d" % len(answer.body)))
        if close:
            headers.append((b"connection", b"close"))
        await self._send(
            {"type": "http.response.start", "status": answer.status, "headers": headers}
        )
        if answer.file is not None:
            await self._send_file(answer.file)
            return
        await self._send({"type": "http.response.body", "body": answer.body, "more_body": False})

    async def _send_file(self, path: Path) -> None:
        async with await trio.open_file(path, "rb") as file:
            while part := await file.read(FILE_PART_BYTES):
                await self._send({"type": "http.response.body", "body": part, "more_body": True})
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})


def plain_path(target: str) -> str:
    """The path that a request's target names: itself, or that of an absolute URL, which proxies send.

    What is neither becomes a path that no route has.
    """
    if target.startswith("/"):
        return target
    try:
        return urlparse(target).path or "/"
    except ValueError:
        # ``http://[``: whoever parses it later must not fail, or a stranger could fill our log with tracebacks.
        return f"/{target}"


def _path(scope: Mapping[str, Any]) -> str:
    """The path below the server's root path."""
    path = plain_path(scope["path"])
    root: str = scope.get("root_path", "")
    return path.removeprefix(root) if root else path
