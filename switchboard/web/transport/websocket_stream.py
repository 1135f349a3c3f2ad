"""hypercorn's websocket stream with what it lacks: bounds, a pulse, an origin, an end that is told.

Over HTTP/1 and HTTP/2 alike. The connection's reader hands in what has come, which never waits. Pings and time limits
are called by the pulse, which all websockets share. What a socket does not take at once is sent by a task that is there
for so long; where something lies between, TLS or HTTP/2, that task is there all the time. Beside them there is the task
of the handler, or of whoever it has handed over to.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextvars import copy_context
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

from switchboard.engine.runtime.timers import Timer
from switchboard.web.transport import guard, origins
from switchboard.web.transport.frames import encode_binary, encode_ping, encode_pong, encode_text
from switchboard.web.transport.handover import HANDOVER, Handover, Successor
from switchboard.web.transport.inbox import INBOX, Inbox, Turns
from switchboard.web.transport.messages import Assembly, TooBig
from switchboard.web.transport.outlet import OUTLET, Outlet
from switchboard.web.transport.parting import farewell
from switchboard.web.transport.peer import PeerLeft, run_quietly
from switchboard.web.transport.pulse import pulse
from switchboard.web.transport.whole_messages import Whole, between_messages
from switchboard.web.transport.writing import Writer

EXTENSIONS = b"sec-websocket-extensions"

NO_EVENTS: deque[Any] = deque(maxlen=0)
"""wsproto's queue of what happens beside what has come, which is nothing: one for all, for it takes 700 bytes."""


class GuardedWebsocket(WSStream):
    """One websocket. Made by hypercorn's protocols, so with their signature."""

    # Above thirty attributes an instance's dictionary takes a kilobyte more.
    __slots__ = (
        "_asked_at",
        "_assembly",
        "_birth",
        "_code",
        "_draining",
        "_guard",
        "_handover",
        "_heard_at",
        "_inbox",
        "_limits",
        "_path",
        "_successor",
        "_tasks",
        "_timer",
        "_turns",
        "_turns_in",
        "_wake",
        "outlet",
        "over",
    )

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
        writer = writer or Writer(None, self._send_data, self._limits.send_seconds)
        self.outlet = Outlet(self._guard, writer, self._woken)
        self._wake = None if writer.direct else trio.Event()
        """Wakes the task that sends, where that is there all the time."""
        self._draining = False
        """It is there for a while."""
        self._timer: Timer | None = None
        """When the peer is looked at next."""
        self._handover: Handover | None = Handover()
        """Until the app has ended."""
        self._successor: Successor | None = None
        self._birth = copy_context()
        """The connection's own, without what the app adds to it."""
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
            scope[HANDOVER] = self._handover
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
                self.finish()
            await super().handle(event)

    async def _open(self, request: Request) -> None:
        # Not offered to hypercorn, compression cannot be negotiated: it would be undone before any limit is looked
        # at.
        headers = [pair for pair in request.headers if pair[0].lower() != EXTENSIONS]
        self._path = request.raw_path.partition(b"?")[0].decode("latin-1")
        await super().handle(replace(request, headers=headers))

    async def _take(self, data: bytes) -> None:
        """Reads frames. It waits for nobody, so a disconnect is seen whatever the handler does; of the thousands
        that one read can hold, some are left for later."""
        self._heard_at = trio.current_time()
        if self.over:
            return
        if between_messages(self.connection._proto):
            whole = Whole(data, self._assembly.most)
            for message, size in whole:
                self._deliver(message, size)
                if self.over:
                    return
                await self._turns_in.taken()
            data = whole.rest
            if not data:
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
        try:
            message = self._assembly.add(event)
        except TooBig:
            self._guard.counts.messages_too_big += 1
            self.outlet.close(self.outlet.codes.too_big, "message too big")
            return
        if message is not None:
            self._deliver(message, self._assembly.size)

    def _deliver(self, message: str | bytes, size: int) -> None:
        if self.outlet.closed_at is not None:
            return  # It comes too late.
        if not self._inbox.deliver(message, size):
            self._guard.counts.inboxes_full += 1
            self._guard.tell("websocket_overrun", path=self._path)
            self.outlet.close(self.outlet.codes.overrun, "too many messages at once")

    def _take_close(self, event: CloseConnection) -> None:
        if self.connection.state is ConnectionState.OPEN:
            # wsproto's word for what is no websocket frame, or no UTF-8; nothing more can be read.
            self._guard.counts.messages_malformed += 1
        self._code = int(event.code)
        unsaid = event.code == CloseReason.NO_STATUS_RCVD
        self.outlet.close(int(CloseReason.NORMAL_CLOSURE) if unsaid else self._code)
        self.finish()

    def finish(self) -> None:
        """Nothing is read any more; what waits is sent, the handler is told."""
        if self.over:
            return
        self.over = True
        if self._timer is not None:
            self._timer.cancel()
            farewell(cast(WorkerContext, self.context)).discard(self)
            self._guard.counts.websockets -= 1
        if self._successor is not None:
            self._successor.left()
        self._inbox.end(self._code)
        self.outlet.end()
        self._woken()

    # -- what goes out -----------------------------------------------------------------------------------------------

    async def app_send(self, message: Any) -> None:
        """What the app sends. Raises: PeerLeft: a message for a peer that has gone."""
        kind = None if message is None else message["type"]
        if kind == "websocket.send" and self.state is not ASGIWebsocketState.HANDSHAKE:
            await self._send_message(message)
        elif kind == "websocket.close" and self.state is ASGIWebsocketState.CONNECTED:
            self.outlet.close(int(message.get("code", 1000)), message.get("reason") or "")
        elif message is None and self.state is ASGIWebsocketState.CONNECTED:
            self._app_has_ended()
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

    def _app_has_ended(self) -> None:
        handover, self._handover = self._handover, None
        if handover is None or handover.serve is None:
            # Without a word; if it had closed, this one is not sent.
            self.outlet.close(int(CloseReason.INTERNAL_ERROR))
            return
        spawn = self._tasks.spawn
        self._successor = Successor(self._guard, handover, self._inbox, self.outlet, spawn)
        self._birth.run(self._successor.begin)
        if self.over:
            self._successor.left()
        else:
            self._forget_the_request()

    def _forget_the_request(self) -> None:
        """Drops what only the handshake and the app needed. (Deleted attributes would cost an instance more than it
        has.)"""
        request: Any = self
        request.scope = request.handshake = request.buffer = request.app_put = None
        request._birth = None

    def _accepted(self) -> None:
        self._heard_at = trio.current_time()
        self.connection._events = NO_EVENTS
        self.outlet.open = True
        self._guard.counts.websockets += 1
        farewell(cast(WorkerContext, self.context)).add(self)
        self._look_again(self._heard_at)
        if self._wake is not None:
            self._birth.run(self._tasks.spawn, self._keep)

    async def _send_data(self, data: memoryview) -> None:
        await self.send(Data(stream_id=self.stream_id, data=bytes(data)))

    # -- keeping it --------------------------------------------------------------------------------------------------

    def part(self) -> None:
        """The server ends: the peer is told so."""
        self.outlet.close(self.outlet.codes.goodbye, "server restarts")

    def _woken(self) -> None:
        """Something waits to be sent, or the end is near."""
        if self._wake is not None:
            self._wake.set()
        elif self.outlet.writer.waiting and not (self.over or self._draining):
            self._draining = True
            self._tasks.spawn(self._drain_for_now)
        if self.outlet.closed_at is not None and not self.over:
            self._look_again(self.outlet.closed_at)

    async def _drain_for_now(self) -> None:
        try:
            while self.outlet.writer.waiting and not self.over:
                await self._drain()
        finally:
            self._draining = False

    async def _keep(self) -> None:
        """Sends what waits, and ends the stream when it is over."""
        assert self._wake is not None, "or it is not there all the time"
        try:
            while not self.over:
                await self._wake.wait()
                self._wake = trio.Event()
                if self.outlet.writer.waiting:
                    await self._drain()
            await self.outlet.writer.drain()
            # Over HTTP/2 the end waits for the peer's window.
            with trio.move_on_after(self._limits.goodbye_seconds):
                await self.send(EndData(stream_id=self.stream_id))
            await self.send(StreamClosed(stream_id=self.stream_id))
        finally:
            self.finish()

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
        self.finish()
        if self._wake is None:
            self._tasks.end_reading()  # type: ignore[attr-defined]

    def _due(self) -> float:
        if self.outlet.closed_at is not None:
            return self.outlet.closed_at + self._limits.goodbye_seconds
        if self._asked_at > self._heard_at:
            return self._asked_at + self.outlet.pong_seconds
        return self._heard_at + self._limits.ping_seconds

    def _look_again(self, now: float) -> None:
        """The pulse calls when it is time, and as often as there may be something to ask: what comes in does not put
        it off."""
        if self._timer is not None:
            self._timer.cancel()
        moment = min(self._due(), now + self._limits.ping_seconds)
        self._timer = pulse().at(moment, self._look)

    def _look(self) -> None:
        now = trio.current_time()
        if not self.over and now >= self._due():
            self._on_time(now)
        if not self.over:
            self._look_again(now)

    def _on_time(self, now: float) -> None:
        if self.outlet.closed_at is not None:
            self._give_up()
        elif self._asked_at > self._heard_at:
            self._guard.counts.peers_silent += 1
            self.outlet.close(self.outlet.codes.silent, "no answer to a ping")
        else:
            self._asked_at = now
            self.outlet.send_encoded(encode_ping())
            if self._successor is not None:
                self._successor.rest()
