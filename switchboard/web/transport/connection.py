"""A connection as hypercorn's Trio worker makes it, with what it lacks: an admission, deadlines, a direct write, an
end."""

from __future__ import annotations

import os
import socket
import struct
from math import inf
from typing import Any

import trio
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.protocol import ProtocolWrapper
from hypercorn.trio.task_group import TaskGroup
from hypercorn.trio.tcp_server import MAX_RECV, TCPServer
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import AppWrapper, ConnectionState, LifespanState
from hypercorn.utils import parse_socket_addr

from switchboard.web.transport import guard
from switchboard.web.transport.http1 import Http1
from switchboard.web.transport.parting import farewell
from switchboard.web.transport.writing import Writer

RESET = struct.pack("ii", 1, 0)
"""SO_LINGER for no time: the system forgets what it has not sent, instead of keeping it for minutes."""


class NoTask:
    """In the place of hypercorn's idle task: the deadline is one of the reading itself."""

    async def restart(self, *_: object) -> None:
        """Nothing is started."""

    async def stop(self) -> None:
        """Nothing was."""


NO_TASK = NoTask()


class Connection(TCPServer):
    """One connection. Made by hypercorn's worker, so with its signature."""

    def __init__(
        self,
        app: AppWrapper,
        config: Config,
        context: WorkerContext,
        state: LifespanState,
        stream: Any,
    ) -> None:
        super().__init__(app, config, context, state, stream)
        self.guard = guard.current()
        self._direct = isinstance(stream, trio.SocketStream)
        self._socket: trio.socket.SocketType = (
            stream.socket if self._direct else stream.transport_stream.socket
        )
        self.writer = Writer(
            self._socket if self._direct else None, stream.send_all, self.guard.limits.send_seconds
        )
        self.idle_task = NO_TASK  # type: ignore[assignment]
        # The writer has a lock of its own, once it needs one.
        self.send_lock = None  # type: ignore[assignment]
        self._idle: trio.CancelScope | None = None
        """Around the reading of HTTP/2; its deadline is moved when the last of its requests ends."""

    # -- from the admission to the end -------------------------------------------------------------------------------

    async def run(self) -> None:
        """The whole life of the connection. A fault of ours ends it alone: from here an error would end the
        server."""
        address = self._address()
        reason = self.guard.admit(address)
        if reason is not None:
            self._turn_away(reason)
            return
        try:
            if self._direct or await self._shake_hands():
                await self._converse()
        except* Exception as errors:
            self.guard.counts.connections_failed += 1
            self.guard.tell("connection_failed", errors)
        finally:
            self.guard.leave(address)

    async def _converse(self) -> None:
        """hypercorn's own does the same, but finds out by an error whether there is TLS, and that keeps a frame."""
        family = self._socket.family
        alpn = "http/1.1" if self._direct else self.stream.selected_alpn_protocol()
        try:
            client = parse_socket_addr(family, self._socket.getpeername())
            server = parse_socket_addr(family, self._socket.getsockname())
            async with TaskGroup() as tasks:
                self._task_group = tasks
                self.protocol = ProtocolWrapper(
                    self.app,
                    self.config,
                    self.context,
                    tasks,
                    ConnectionState(self.state),
                    not self._direct,
                    client,
                    server,
                    self.protocol_send,
                    alpn,
                )
                await self.protocol.initiate()
                await self._read_data()
        except OSError:
            # The peer has left before anything was done.
            pass
        finally:
            self._socket.close()

    def _address(self) -> str | None:
        try:
            peer = self._socket.getpeername()
        except OSError:
            return None  # It has left already.
        return str(peer[0]) if isinstance(peer, tuple) else None

    def _turn_away(self, reason: str) -> None:
        """Says that there is no room, if the client speaks plainly, and closes; there is no time to wait for
        anything."""
        self.guard.tell("connection_refused", reason=reason)
        if self._direct:
            wait = self.guard.limits.retry_after_seconds
            self.writer.put(
                b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: %d\r\nContent-Length: 0\r\n"
                b"Connection: close\r\n\r\n" % wait
            )
            self._end_writing()
            # What has come already would else make the system throw the answer away.
            self._throw_away()
        self._socket.close()

    async def _shake_hands(self) -> bool:
        """TLS. Returns: False if the client cannot or does not."""
        with trio.move_on_after(self.guard.limits.head_seconds):
            try:
                await self.stream.do_handshake()
            except (OSError, trio.BrokenResourceError):
                return False
            return True
        self.guard.counts.heads_cut += 1
        return False

    async def _read_data(self) -> None:
        protocol = self.protocol.protocol
        if isinstance(protocol, Http1):
            websocket = await protocol.serve()
            if websocket is not None:
                # What chose the protocol is not needed any more.
                self.protocol = protocol  # type: ignore[assignment]
                await protocol.pass_on(websocket)
            await self._finish(unread=protocol.unread)
        else:
            await self._feed()

    async def _feed(self) -> None:
        """HTTP/2: hypercorn's protocol is given what comes, and has tasks of its own."""
        partings = farewell(self.context)
        partings.add(self)
        try:
            with trio.move_on_after(self.guard.limits.keep_alive_seconds) as self._idle:
                while data := await self.receive():
                    await self.protocol.handle(RawData(data))
            if self._idle.cancelled_caught:
                self.guard.counts.idle_closed += 1
            await self.protocol.handle(Closed())
        finally:
            partings.discard(self)
        self._socket.close()

    def part(self) -> None:
        """The server ends: a connection without a request does not wait for one."""
        if self._idle is not None and self._idle.deadline != inf:
            self._idle.cancel()

    async def _finish(self, *, unread: bool) -> None:
        """The end in order: what waits is sent, the peer hears that nothing follows, then it is closed.

        Args:
            unread: the client may be sending still: closed at once, its system would throw our last words away.
        """
        limits = self.guard.limits
        if not await self.writer.drain() or self.writer.gone:
            self.abort()
            return
        with trio.move_on_after(limits.linger_seconds, shield=True):
            if unread:
                await self._linger()
            elif not self._direct:
                await self.stream.aclose()
        self._socket.close()

    async def _linger(self) -> None:
        """Says that nothing follows, and throws away what comes."""
        self._end_writing()
        # Under TLS too: what is not read needs not to be deciphered.
        self._direct = True
        thrown = 0
        while thrown < self.guard.limits.linger_bytes and (data := await self.receive()):
            thrown += len(data)

    def abort(self) -> None:
        """The end without a word: what the system has not sent yet is forgotten too."""
        self.writer.lose()
        if self._socket.fileno() != -1:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            self._socket.close()

    async def _close(self) -> None:
        """hypercorn's end of everything; by now there is nothing left to be said."""
        self._socket.close()

    def _end_writing(self) -> None:
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:
            return  # The peer has gone: it needs not to be told.

    def _throw_away(self) -> None:
        try:
            os.read(self._socket.fileno(), MAX_RECV)
        except OSError:
            return  # Nothing has come, or the peer has gone.

    # -- reading and writing -----------------------------------------------------------------------------------------

    async def receive(self) -> bytes:
        """What has come; empty when nothing more will."""
        try:
            if not self._direct:
                return bytes(await self.stream.receive_some(MAX_RECV))
            while True:
                await trio.lowlevel.wait_readable(self._socket)
                try:
                    return os.read(self._socket.fileno(), MAX_RECV)
                except BlockingIOError:
                    continue  # Somebody in the system has changed his mind; rare, and allowed.
        except (OSError, trio.BrokenResourceError, trio.ClosedResourceError):
            return b""

    def end_reading(self) -> None:
        """Whoever waits in ``receive`` gets nothing more."""
        trio.lowlevel.notify_closing(self._socket)

    async def protocol_send(self, event: Event) -> None:
        """What hypercorn's protocols have for the connection."""
        if isinstance(event, RawData):
            self.writer.put(event.data)
            if self.writer.waiting and not await self.writer.drain():
                self.guard.counts.slow_readers += 1
                self.abort()
        elif isinstance(event, Updated) and self._idle is not None:
            wait = self.guard.limits.keep_alive_seconds
            self._idle.deadline = trio.current_time() + wait if event.idle else inf
        else:
            await super().protocol_send(event)
