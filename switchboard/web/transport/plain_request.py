"""A plain request on its way through the app, and its answer: rendered to bytes here, for there is nothing left that a
state machine would have to find out.

It does what ``PulledRequest`` does with hypercorn's stream and h11, in the same order and with the same words on the
wire; tests/web/transport/test_plain_requests.py holds one against the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import partial
from http import HTTPStatus
from time import time
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, cast
from urllib.parse import unquote

import h11
import trio
from hypercorn.config import Config
from hypercorn.events import RawData
from hypercorn.trio.task_group import _handle
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.utils import UnexpectedMessageError, build_and_validate_headers, suppress_body

from switchboard.web.transport.http_stream import DISCONNECT, WHOLE
from switchboard.web.transport.inbox import Turns
from switchboard.web.transport.parting import FAREWELL, farewell
from switchboard.web.transport.peer import PeerLeft, run_quietly
from switchboard.web.transport.plain import DIGITS_MOST, TOKEN, VALUE, Plain

if TYPE_CHECKING:
    from switchboard.web.transport.http1 import Http1

Headers: TypeAlias = Iterable[tuple[bytes, bytes]]

FIELDS: Final = re.compile(rb"(?:" + TOKEN + rb": " + VALUE + rb"\r\n)*+")
"""What an app says in its fields can end no head, and is one line each if there are as many lines as fields."""

CLOSE: Final = (b"connection", b"close")

CHUNKED: Final = (b"Transfer-Encoding", b"chunked")

SYNC: Final = trio.to_thread.run_sync, trio.from_thread.run
"""What hypercorn's wrapper of an app may want: threads."""

_stamp: tuple[Config, int, Headers] | None = None


def usual_fields(config: Config) -> Headers:
    """What hypercorn says with every answer: the date, and who it is. The date changes once a second."""
    global _stamp
    second = int(time())
    if _stamp is None or _stamp[0] is not config or _stamp[1] != second:
        _stamp = config, second, config.response_headers("h11")
    return _stamp[2]


class PlainRequest:
    """One plain request."""

    __slots__ = (
        "_began",
        "_head",
        "_left",
        "_message",
        "_protocol",
        "_scope",
        "_state",
        "_taken",
        "_turns",
        "_watching",
        "closes",
    )

    def __init__(self, protocol: Http1, plain: Plain) -> None:
        path, _, query = plain.target.partition(b"?")
        self._protocol = protocol
        self._began = time()
        self._scope: dict[str, Any] = {
            "type": "http",
            "http_version": "1.1",
            "asgi": {"spec_version": "2.1", "version": "3.0"},
            "method": plain.method,
            "scheme": "https" if protocol.ssl else "http",
            "path": unquote(path.decode("ascii")),
            "raw_path": path,
            "query_string": query,
            "root_path": protocol.config.root_path,
            "headers": plain.headers,
            "client": protocol.client,
            "server": protocol.server,
            "state": protocol.connection_state.copy(),
            "extensions": {},
            FAREWELL: farewell(cast(WorkerContext, protocol.context)),
            WHOLE: plain.body,
        }
        self._state: Literal["request", "response", "closed"] = "request"
        self._taken = False
        self._turns: Turns | None = None
        self._watching: trio.CancelScope | None = None
        self._message: Mapping[str, Any] = {}
        """What the app began its answer with."""
        self._head = b""
        """The answer's head, until it leaves with what follows it."""
        self._left: int | None = 0
        """Bytes of the answer's body that are still to come; None: nobody knows, so it is sent in chunks."""
        self.closes = False
        """The connection ends with this answer."""

    async def run(self) -> None:
        """Runs the app to its end, whether or not its client is still there. Its errors are logged as hypercorn
        does."""
        protocol = self._protocol
        app, send = partial(run_quietly, protocol.app), cast(Any, self.send)
        await _handle(app, protocol.config, cast(Any, self._scope), self.receive, send, *SYNC)

    async def receive(self) -> Any:
        """The body, which has come; after it the disconnect, once there is one."""
        if not self._taken:
            self._taken = True
            return {"type": "http.request", "body": self._scope[WHOLE], "more_body": False}
        if self._state != "closed":
            with trio.CancelScope() as self._watching:
                await self._protocol.left()
            self._watching = None
        await trio.lowlevel.checkpoint()
        return DISCONNECT

    async def send(self, message: Any) -> None:
        """What the app sends; None: it has ended. To a client that has gone nothing is sent: the end of an answer is
        quiet about it, and who goes on is told.

        Raises:
            PeerLeft: there is nobody for whom to go on.
            h11.LocalProtocolError: it would be no HTTP, or not what the head says; nothing of it was sent.
        """
        if message is None:
            await self._end()
        elif message["type"] == "http.response.start" and self._state == "request":
            self._begin(int(message["status"]), message.get("headers", ()))
            self._message, self._state = message, "response"
        elif message["type"] == "http.response.body" and self._state == "response":
            more = message.get("more_body", False)
            await self._write(bytes(message.get("body", b"")), last=not more)
            if more:
                await self._pace()
        else:
            raise UnexpectedMessageError(cast(Any, self._state), message["type"])

    async def _pace(self) -> None:
        """Between the parts of an answer others have their turn, and it ends when nobody is there to hear it."""
        if self._turns is None:
            self._turns = Turns()
        await self._turns.taken()
        if self._protocol.gone:
            await trio.lowlevel.checkpoint()
            raise PeerLeft("the client has gone")

    def _begin(self, status: int, given: Headers) -> None:
        """Renders the head. Raises: h11.LocalProtocolError, ValueError; then nothing was begun."""
        if status < 200:
            raise h11.LocalProtocolError(f"{status} is not the status of an answer")
        length, closes = None, False
        fields = build_and_validate_headers(given)
        for name, value in fields:
            field = name.lower()
            if field == b"content-length":
                if length is not None or not value.isdigit() or len(value) > DIGITS_MOST:
                    raise h11.LocalProtocolError("bad Content-Length")
                length = int(value)
            elif field == b"transfer-encoding":
                raise h11.LocalProtocolError("how an answer is sent is not the app's to say")
            elif field == b"connection":
                closes = closes or b"close" in map(bytes.strip, value.lower().split(b","))
        if suppress_body(self._scope["method"], status):
            length = 0
        elif length is None:
            fields.append(CHUNKED)
        ends = not closes and self._protocol.ends_with(status)
        if ends:
            fields.append(CLOSE)
        fields.extend(usual_fields(self._protocol.config))
        lines = b"".join([b"%b: %b\r\n" % field for field in fields])
        if FIELDS.fullmatch(lines) is None or lines.count(b"\n") != len(fields):
            raise h11.LocalProtocolError("illegal field in an answer")
        self.closes = closes or ends
        self._left = length
        self._head = b"HTTP/1.1 %d \r\n%b\r\n" % (status, lines)

    async def _write(self, data: bytes, *, last: bool) -> None:
        """The next part of the body, with the head before it if that still waits; what is empty is not written."""
        if suppress_body(self._scope["method"], int(self._message["status"])):
            data = b""
        if self._left is not None:
            if len(data) > self._left or (last and len(data) < self._left):
                self.closes = True
                raise h11.LocalProtocolError("the body is not as long as its Content-Length")
            self._left -= len(data)
        else:
            data = b"%x\r\n%b\r\n" % (len(data), data) if data else b""
            data += b"0\r\n\r\n" if last else b""
        if data or last:
            head, self._head = self._head, b""
            await self._protocol.send(RawData(data=head + data))
        if last:
            await self._close(self._message)

    async def _end(self) -> None:
        """The app has ended. What it has not begun, or said nothing of yet, becomes a 500; of what it has not ended the
        client learns by the connection's end."""
        if self._state == "closed":
            return
        self.closes = True
        if self._state == "request" or self._head:
            status = HTTPStatus.INTERNAL_SERVER_ERROR
            self._begin(status, [(b"content-length", b"0"), CLOSE])
            head, self._head = self._head, b""
            await self._protocol.send(RawData(data=head))
            await self._close({"status": int(status), "headers": []})
        else:
            await self._close(None)

    async def _close(self, response: Any) -> None:
        """The answer has been sent: whoever waits for the client to leave has waited enough."""
        self._state = "closed"
        if self._watching is not None:
            self._watching.cancel()
        config, scope = self._protocol.config, cast(Any, self._scope)
        await config.log.access(scope, response, time() - self._began)
