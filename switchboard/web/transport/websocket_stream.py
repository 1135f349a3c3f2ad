"""hypercorn's websocket stream with what it lacks: bounds, a pulse, an origin, an end that is told.

Over HTTP/1 and HTTP/2 alike. The connection's reader hands in what has come, which never waits; one task, the keeper,
sends what waits, pings, and ends the stream. Beside them there is the task of the handler.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from math import inf
from typing import Any, cast

import trio
from hypercorn.config import Config
from hypercorn.protocol.events import (
    Body,
    Data,
    EndBody,
    EndData,
    Event,
    Request,
    StreamClosed,
)
from hypercorn.protocol.ws_stream import ASGIWebsocketState, WSStream
from hypercorn.trio.task_group import TaskGroup, _handle
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import AppWrapper
from wsproto.connection import ConnectionState
from wsproto.events import CloseConnection, Message, Ping
from wsproto.frame_protocol import CloseReason

from switchboard.web.transport import guard, origins
from switchboard.web.transport.frames import encode_binary, encode_ping, encode_pong, encode_text
from switchboard.web.transport.inbox import INBOX, Inbox, Turns
from switchboard.web.transport.messages import Assembly, TooBig
from switchboard.web.transport.outlet import OUTLET, Outlet
from switchboard.web.transport.parting import farewell
from switchboard.web.transport.peer import PeerLeft, run_quietly
from switchboard.web.transport.writing import Writer

EXTENSIONS = b"sec-websocket-extensions"


class GuardedWebsocket(WSStream):
    """One websocket. Made by hypercorn's protocols, so with their signature."""

    def __init__(
        self,
        app: AppWrapper,
        config: Config,
        context: WorkerContext,
        task_group: TaskGroup,
        ssl: bool,
        client: tuple[str, int] | None,
        server: tuple[str, int] | None,
        send: Callable[[Event], Awaitable[None]],
        stream_id: int,
    ) -> None:
        super().__init__(app, config, context, task_group, ssl, client, server, send, stream_id)
        self._guard = guard.current()
        self._limits = self._guard.limits
        self._tasks = task_group
        # hypercorn has the app started by its task group, and would start pings of its own: both come to us.
        self.task_group = self  # type: ignore[assignment]
        self._inbox = Inbox(self._limits)
        self._assembly = Assembly(self._limits.message_bytes)
        self._turns, self._turns_in = Turns(), Turns()
        # Over HTTP/1 the connection's own writer; over HTTP/2 frames are data of a stream.
        writer: Writer | None = getattr(task_group, "writer", None)
        self.outlet = Outlet(
            self._guard, writer or Writer(None, self._send_data, self._limits.send_seconds)
        )
        self._heard_at = self._asked_at = -inf
        self._code = int(CloseReason.ABNORMAL_CLOSURE)
        self.over = False
        """Nothing is read or sent any more."""

    # -- what hypercorn's task group is asked for --------------------------------------------------------------------

    async def spawn_app(
        self, app: AppWrapper, config: Config, scope: Any, send: Callable[..., Awaitable[None]]
    ) -> Callable[[Mapping[str, Any]], Awaitable[None]]:
        """Starts the app; what it receives comes from our inbox. A foreign page is refused instead."""
        if origins.allowed(scope["headers"], self._limits.origins):
            scope[OUTLET], scope[INBOX] = self.outlet, self._inbox
            thread = trio.to_thread.run_sync, trio.from_thread.run
            quiet = partial(run_quietly, app)
            self._tasks.spawn(_handle, quiet, config, scope, self._inbox.receive, send, *thread)
        else:
            self._guard.counts.origins_refused += 1
            await self._send_error_response(403)
            self.closed = True
        return self._inbox.put

    def spawn(self, *_: object) -> None:
        """hypercorn's pings, for which nobody checks the answer, are not started."""

    # -- what comes in -----------------------------------------------------------------------------------------------

    async def handle(self, event: Event) -> None:
        """What hypercorn's protocols have for this stream."""
        if isinstance(event, Request):
            await self._open(event)
        elif isinstance(event, Body | Data) and self.state is not ASGIWebsocketState.HANDSHAKE:
            if self.state is ASGIWebsocketState.CONNECTED:
                await self._take(event.data)
        else:
            if isinstance(event, StreamClosed | EndBody):
                self._finish()
            await super().handle(event)

    async def _open(self, request: Request) -> None:
        # Not offered to hypercorn, compression cannot be negotiated: it would be undone before any limit is looked
        # at.
        headers = [pair for pair in request.headers if pair[0].lower() != EXTENSIONS]
        await super().handle(replace(request, headers=headers))

    async def _take(self, data: bytes) -> None:
        """Reads frames. It waits for nobody, so a disconnect is seen whatever the handler does; of the thousands
        that one read can hold, some are left for later."""
        self._heard_at = trio.current_time()
        if self.over:
            return
        self.connection.receive_data(data)
        for event in self.connection.events():
            if isinstance(event, Message):
                self._take_message(event)
            elif isinstance(event, Ping):
                self.outlet.send_encoded(encode_pong(bytes(event.payload)))
            elif isinstance(event, CloseConnection):
                self._take_close(event)
            if self.over:
                return
            await self._turns_in.taken()

    def _take_message(self, event: Message[Any]) -> None:
        if self.outlet.closed_at is not None:
            return  # It comes too late.
        codes = self.outlet.codes
        try:
            message = self._assembly.add(event)
        except TooBig:
            self._guard.counts.messages_too_big += 1
            self.outlet.close(codes.too_big, "message too big")
            return
        if message is not None and not self._inbox.deliver(message, self._assembly.size):
            self._guard.counts.inboxes_full += 1
            self._guard.tell("websocket_overrun", path=self.scope["path"])
            self.outlet.close(codes.overrun, "too many messages at once")

    def _take_close(self, event: CloseConnection) -> None:
        if self.connection.state is ConnectionState.OPEN:
            # wsproto's word for what is no websocket frame, or no UTF-8; nothing more can be read.
            self._guard.counts.messages_malformed += 1
        self._code = int(event.code)
        unsaid = event.code == CloseReason.NO_STATUS_RCVD
        self.outlet.close(int(CloseReason.NORMAL_CLOSURE) if unsaid else self._code)
        self._finish()

    def _finish(self) -> None:
        """Nothing is read any more; the keeper sends what waits and ends the stream, the handler is told."""
        if not self.over:
            self.over = True
            self._inbox.end(self._code)
            self.outlet.end()
            self.outlet.wake.set()

    # -- what goes out -----------------------------------------------------------------------------------------------

    async def app_send(self, message: Any) -> None:
        """What the app sends. Raises: PeerLeft: a message for a peer that has gone."""
        kind = None if message is None else message["type"]
        if kind == "websocket.send" and self.state is not ASGIWebsocketState.HANDSHAKE:
            await self._send_message(message)
        elif kind == "websocket.close" and self.state is ASGIWebsocketState.CONNECTED:
            self.outlet.close(int(message.get("code", 1000)), message.get("reason") or "")
        elif message is None and self.state is ASGIWebsocketState.CONNECTED:
            # The app has ended without a word; if it had closed, this one is not sent.
            self.outlet.close(int(CloseReason.INTERNAL_ERROR))
        elif kind == "websocket.accept":
            await super().app_send(message)
            if self.state is ASGIWebsocketState.CONNECTED and not self.closed:
                self._accepted()
        else:
            await super().app_send(message)

    async def _send_message(self, message: Mapping[str, Any]) -> None:
        data = message.get("bytes")
        frame = encode_text(message["text"]) if data is None else encode_binary(bytes(data))
        sent = await self.outlet.send(frame)
        if not sent:
            # Who does not notice the error and goes on in a loop must not keep the server for itself.
            await trio.lowlevel.checkpoint()
            raise PeerLeft("the websocket is closed")
        await self._turns.taken()

    def _accepted(self) -> None:
        self._heard_at = trio.current_time()
        self.outlet.open = True
        self._guard.counts.websockets += 1
        self._tasks.spawn(self._keep)

    async def _send_data(self, data: memoryview) -> None:
        await self.send(Data(stream_id=self.stream_id, data=bytes(data)))

    # -- the keeper --------------------------------------------------------------------------------------------------

    def part(self) -> None:
        """The server ends: the peer is told so."""
        self.outlet.close(self.outlet.codes.goodbye, "server restarts")

    async def _keep(self) -> None:
        """Sends what waits, pings, and ends the stream when it is over."""
        partings = farewell(cast(WorkerContext, self.context))
        partings.add(self)
        try:
            while not self.over:
                # Looked at as often as there may be something to ask: what comes in meanwhile wakes nobody.
                soon = trio.current_time() + self._limits.ping_seconds
                with trio.move_on_at(min(self._due(), soon)):
                    await self.outlet.wake.wait()
                self.outlet.wake = trio.Event()
                if self.outlet.writer.waiting:
                    await self._drain()
                self._on_time(trio.current_time())
            await self.outlet.writer.drain()
            # Over HTTP/2 the end waits for the peer's window.
            with trio.move_on_after(self._limits.goodbye_seconds):
                await self.send(EndData(stream_id=self.stream_id))
            await self.send(StreamClosed(stream_id=self.stream_id))
        finally:
            partings.discard(self)
            self._guard.counts.websockets -= 1
            self._finish()

    async def _drain(self) -> None:
        drained = await self.outlet.writer.drain()
        if drained and not self.outlet.writer.gone:
            self.outlet.drained()
        elif self.outlet.open and not self.outlet.writer.gone:
            self.outlet.close_slow()
        else:
            self._give_up()

    def _give_up(self) -> None:
        """The peer does not take what still waits."""
        if self.outlet.writer.waiting:
            self.outlet.writer.lose()
        self._finish()

    def _due(self) -> float:
        if self.outlet.closed_at is not None:
            return self.outlet.closed_at + self._limits.goodbye_seconds
        if self._asked_at > self._heard_at:
            return self._asked_at + self.outlet.pong_seconds
        return self._heard_at + self._limits.ping_seconds

    def _on_time(self, now: float) -> None:
        if self.over or now < self._due():
            return
        if self.outlet.closed_at is not None:
            self._give_up()
        elif self._asked_at > self._heard_at:
            self._guard.counts.peers_silent += 1
            self.outlet.close(self.outlet.codes.silent, "no answer to a ping")
        else:
            self._asked_at = now
            self.outlet.send_encoded(encode_ping())
