"""hypercorn's HTTP/1 protocol, pulled: one request after the other, and nothing is read that nobody waits for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Protocol, cast

import h11
import trio
from hypercorn.config import Config
from hypercorn.events import Event, RawData
from hypercorn.protocol.events import Data, Response, StreamClosed
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.h11 import STREAM_ID, H11Protocol
from hypercorn.trio.task_group import TaskGroup
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import AppWrapper, ConnectionState, H11SendableEvent

from switchboard.web.transport import plain
from switchboard.web.transport.bodies import BodyReader
from switchboard.web.transport.guard import Guard
from switchboard.web.transport.http_stream import PulledRequest
from switchboard.web.transport.parting import farewell
from switchboard.web.transport.plain_request import PlainRequest
from switchboard.web.transport.websocket_stream import GuardedWebsocket
from switchboard.web.transport.writing import Writer

VERSIONS = frozenset({b"1.0", b"1.1"})

CLOSE = (b"connection", b"close")

UPGRADED = 101

LAST_WORDS = frozenset({408, 413})
"""Answers to what did not come, or is more than anybody wants: the rest of it is not waited for."""


class Wire(Protocol):
    """The connection below."""

    guard: Guard
    writer: Writer

    async def receive(self) -> bytes:
        """What has come; empty when nothing more will."""

    def end_reading(self) -> None:
        """Whoever waits in ``receive`` gets nothing more."""


def refusal(request: h11.Request, head_bytes: int, most: int) -> int | None:
    """The status with which a request is refused for its head, if it is.

    Source: RFC 9112, 6.1 (Transfer-Encoding beside Content-Length, or in HTTP/1.0, "ought to be handled as an
    error": two servers in a row may see two different requests), 2.3 (version); RFC 6585, 5 (431).
    """
    names = {name for name, _ in request.headers}
    if request.http_version not in VERSIONS:
        return 505  # Among others the preface of HTTP/2, which is spoken after TLS alone.
    if b"transfer-encoding" in names and (
        b"content-length" in names or request.http_version == b"1.0"
    ):
        return 400
    return 431 if head_bytes > most else None


class Http1(H11Protocol):
    """One connection's requests. Made by hypercorn's ``ProtocolWrapper``, so with its signature."""

    connection: h11.Connection

    def __init__(
        self,
        app: AppWrapper,
        config: Config,
        context: WorkerContext,
        task_group: TaskGroup,
        connection_state: ConnectionState,
        ssl: bool,
        client: tuple[str, int] | None,
        server: tuple[str, int] | None,
        send: Callable[[Event], Awaitable[None]],
    ) -> None:
        super().__init__(
            app, config, context, task_group, connection_state, ssl, client, server, send
        )
        # What hypercorn pauses its reading with is not used, and takes half a kilobyte.
        self.can_read = None  # type: ignore[assignment]
        # hypercorn gives us its sending method alone; the connection that it belongs to has the rest.
        self._wire = cast(Wire, send.__self__)  # type: ignore[attr-defined]
        self.limits = self._wire.guard.limits
        self.counts = self._wire.guard.counts
        # hypercorn hands its task group to the streams that it makes: ours find the connection in it.
        self._tasks, self.task_group = task_group, self  # type: ignore[assignment]
        self._held: h11.Response | None = None
        """A head that waits for its body, to leave with it."""
        self._ahead, self._at = b"", 0
        """What has come and h11 has not seen, and how much of it was read: h11 sees only what is not plain."""
        self._reads_plain = not (config.server_names or config.h11_pass_raw_headers)
        """These two of hypercorn's settings are known to its own streams alone."""
        self._fed = 0
        """Bytes that have come since the present head's first."""
        self._idle: trio.CancelScope | None = None
        """Around the waiting for a request of which nothing has come yet."""
        self._reading = False
        """What comes is a websocket's."""
        self._body = BodyReader(self)
        self.unread = False
        """The client may still be sending what nobody will read."""

    # -- what our streams find here ----------------------------------------------------------------------------------

    @property
    def writer(self) -> Writer:
        """The connection's."""
        return self._wire.writer

    @property
    def gone(self) -> bool:
        """Whether the client can get nothing more."""
        return self._wire.writer.gone

    def spawn(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Starts a task that ends with the connection."""
        self._tasks.spawn(function, *arguments)

    @property
    def refusal(self) -> int | None:
        """The status with which the rest of the present body was given up."""
        return self._body.refusal

    async def body(self) -> tuple[bytes, bool] | None:
        """The next part of the present body."""
        return await self._body.part()

    async def receive(self) -> bytes:
        """What has come; empty when nothing more will."""
        return await self._wire.receive()

    async def go_on(self) -> None:
        """Tells the client that its body is wanted."""
        headers = self.config.response_headers("h11")
        await self._send_h11_event(h11.InformationalResponse(status_code=100, headers=headers))

    async def left(self) -> None:
        """Returns when the client has gone. What it asks for meanwhile waits its turn, one read of it at most."""
        if self._at == len(self._ahead) and not self.connection.trailing_data[0]:
            data = await self._wire.receive()
            if not data:
                return
            self._ahead, self._at = data, 0
        await trio.sleep_forever()

    def unsay(self) -> bool:
        """Takes back a head of which nothing has been sent. Returns: whether there was one."""
        held, self._held = self._held, None
        return held is not None

    # -- one request after the other ---------------------------------------------------------------------------------

    async def serve(self) -> GuardedWebsocket | None:
        """Answers requests until the last, or until one for a websocket, which is returned for ``pass_on``. Otherwise
        everything is said that is to be said."""
        partings = farewell(cast(WorkerContext, self.context))
        partings.add(self)
        try:
            while (outcome := await self._serve_one()) is not False:
                if isinstance(outcome, GuardedWebsocket):
                    return outcome
        finally:
            partings.discard(self)
        return None

    def part(self) -> None:
        """The server ends: who has asked for nothing is not waited for."""
        if self._idle is not None:
            self._idle.cancel()

    async def _serve_one(self) -> bool | GuardedWebsocket:
        """The next request, if there is one. In a function of its own, so that a connection that waits for its next
        request does not keep its last. Returns: False if this was the last; a websocket as ``serve`` does."""
        request = await self._next_request()
        if request is None:
            return False
        if isinstance(request, plain.Plain):
            return await self._answer_plain(request)
        return await self._answer(request)

    async def _answer_plain(self, request: plain.Plain) -> bool:
        """Returns: False if this was the last request."""
        self.keep_alive_requests += 1
        await self.context.mark_request()
        running = PlainRequest(self, request)
        await running.run()
        if self.gone or running.closes or self.context.terminated.is_set():
            return False
        self._fed = len(self._ahead) - self._at
        if self._fed:
            # Of many requests that were sent at once, none may need to wait for anything.
            await trio.lowlevel.checkpoint()
        return True

    async def _answer(self, request: h11.Request) -> bool | GuardedWebsocket:
        """Returns: see ``_serve_one``."""
        status = refusal(request, self._head_bytes(), self.limits.head_bytes)
        if status is not None:
            await self._refuse(status)
            return False
        self._body = BodyReader(self)
        await self._create_stream(request)
        stream = self.stream
        if isinstance(stream, GuardedWebsocket):
            return stream
        if isinstance(stream, PulledRequest):
            await stream.run()
        return await self._recycled()

    async def _next_request(self) -> h11.Request | plain.Plain | None:
        """The next head; None: there will be none."""
        event: object
        try:
            event = self._event()
            if event is h11.NEED_DATA:
                event = await self._awaited()
        except h11.RemoteProtocolError as error:
            await self._refuse(error.error_status_hint)
            return None
        return event if isinstance(event, h11.Request | plain.Plain) else None

    def _event(self) -> object:
        """A plain request, or h11's next event. Raises: h11.RemoteProtocolError."""
        if self._at < len(self._ahead):
            if self._reads_plain:
                found = plain.read(self._ahead, self._at, self.limits.head_bytes)
                if found is not None:
                    self._at = found.end
                    if self._at == len(self._ahead):
                        self._ahead, self._at = b"", 0
                    return found
            self.connection.receive_data(self._ahead[self._at :])
            self._ahead, self._at = b"", 0
        return self.connection.next_event() if self._fed else h11.NEED_DATA

    async def _awaited(self) -> object:
        """The next head, once it has come. Raises: h11.RemoteProtocolError."""
        event: object = h11.NEED_DATA
        begun, limits = self._fed > 0, self.limits
        wait = limits.head_seconds if begun else limits.keep_alive_seconds
        with trio.CancelScope(deadline=trio.current_time() + wait) as scope:
            self._idle = None if begun else scope
            while event is h11.NEED_DATA and (data := await self._wire.receive()):
                self._idle = None
                if self._fed:
                    self.connection.receive_data(data)
                else:
                    self._ahead, self._at = data, 0
                self._fed += len(data)
                event = self._event()
                if event is h11.NEED_DATA and not begun:
                    # From here on the whole head has to come in this time, however it drips.
                    begun, scope.deadline = True, trio.current_time() + limits.head_seconds
        self._idle = None
        if scope.cancelled_caught and begun:
            self.counts.heads_cut += 1
            await self._refuse(408)
        elif scope.cancelled_caught:
            self.counts.idle_closed += 1
        return event

    def _head_bytes(self) -> int:
        """The size of the head that has just come; exact where it matters, for asking h11 copies what follows."""
        if self._fed <= self.limits.head_bytes:
            return self._fed
        return self._fed - len(self.connection.trailing_data[0])

    async def _refuse(self, status: int) -> None:
        """Answers what cannot be a request, and does not read on."""
        self.counts.requests_refused += 1
        self.unread = True
        if self.connection.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            await self._send_error_response(status)

    async def _recycled(self) -> bool:
        """Makes ready for the next request. Returns: False if this was the last one."""
        connection = self.connection
        whole = connection.their_state is not h11.SEND_BODY
        if (
            self.gone
            or self.context.terminated.is_set()
            or connection.our_state is not h11.DONE
            or not (whole or await self._body.discard(self.limits))
        ):
            self.unread = not whole
            return False
        connection.start_next_cycle()
        self._fed = len(connection.trailing_data[0]) or len(self._ahead) - self._at
        if self._fed:
            # Of many requests that were sent at once, none may need to wait for anything.
            await trio.lowlevel.checkpoint()
        return True

    async def pass_on(self, stream: GuardedWebsocket) -> None:
        """Hands everything that comes to the websocket, for as long as that lasts."""
        self._reading = True
        try:
            early = self.connection.next_event()
            if isinstance(early, Data):
                await stream.handle(early)
            while not (stream.closed or stream.over):
                data = await self._wire.receive()
                if not data:
                    break
                await stream.handle(Data(stream_id=STREAM_ID, data=data))
        finally:
            self._reading = False
            # However it came about: its handler must hear of it.
            stream.finish()
        await stream.handle(StreamClosed(stream_id=STREAM_ID))

    def end_reading(self) -> None:
        """The websocket is over, and nothing waits to be sent. (A cancel scope would weigh as much as the stream.)"""
        if self._reading:
            self._wire.end_reading()

    # -- what hypercorn's protocol does otherwise --------------------------------------------------------------------

    async def stream_send(self, event: StreamEvent) -> None:
        """What a stream sends. A connection that ends with this answer says so: else the client would send its next
        request into it, and could not know whether it was taken."""
        if (
            isinstance(event, Response)
            and event.status_code >= 200
            and self._must_end(event.status_code)
            and CLOSE not in event.headers
        ):
            event = replace(event, headers=[*event.headers, CLOSE])
        await super().stream_send(event)

    def _must_end(self, status: int) -> bool:
        return self.context.terminated.is_set() or status in LAST_WORDS

    def ends_with(self, status: int) -> bool:
        """Whether the connection ends with an answer of that status, for reasons that the app does not know."""
        had_all = self.keep_alive_requests >= self.config.keep_alive_max_requests
        return had_all or self._must_end(status)

    async def _send_h11_event(self, event: H11SendableEvent) -> None:
        """A head waits for what follows it, and leaves with that in one write; what is empty is not written."""
        if type(event) is h11.Response:
            self._held = event
            return
        try:
            head = b"" if self._held is None else self.connection.send(self._held)
            self._held = None
            data = (head or b"") + (self.connection.send(event) or b"")
        except h11.LocalProtocolError:
            if self.connection.their_state is not h11.ERROR:
                raise
        else:
            if data:
                await self.send(RawData(data=data))
            if type(event) is h11.InformationalResponse and event.status_code == UPGRADED:
                # From here on only frames come and go, and h11 would keep its request for as long.
                self.connection = self._body = None  # type: ignore[assignment]

    async def _maybe_recycle(self) -> None:
        """The stream is done with; ``serve`` sees to the next one."""
        await self._close_stream()
        self.end_reading()
