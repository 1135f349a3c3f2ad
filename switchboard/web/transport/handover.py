"""Who serves a websocket once it is open: somebody else than the handler that opened it.

A handler of Quart's stands on some twenty frames, with its request, the headers and three contexts, which is more than
all the rest of an idle connection, and each message passes through them. All that is done with once the websocket is
accepted. So a handler may hand it over and return. Who takes over holds nothing of what was before, and has a task only
while there is something to do: an idle connection has one task, that of its reader.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NoReturn, TypeAlias

import structlog
import trio
from wsproto.frame_protocol import CloseReason

from switchboard.web.transport.guard import Guard
from switchboard.web.transport.inbox import Inbox
from switchboard.web.transport.outlet import Outlet

LOG = structlog.get_logger("transport")

HANDOVER = "switchboard.handover"
"""The key of the ASGI scope under which a websocket's ``Handover`` is found."""

Receive: TypeAlias = Callable[[], Awaitable[str | bytes]]
"""The next message. The last one is followed by a cancellation."""

Taker: TypeAlias = Callable[[str | bytes], bool]
"""Takes a message at once, or returns False and has done nothing."""

Serve: TypeAlias = Callable[[Receive], Awaitable[object]]
"""Serves a websocket: handles what it receives until it is cancelled, or returns, which closes the websocket. While it
rests (``Handover.to``) it may be cancelled at any time; it is called again with the next message."""


class Handover:
    """To whom a websocket is handed over, if it is."""

    __slots__ = ("at_end", "resting", "serve", "successor", "taker")

    def __init__(self) -> None:
        self.serve: Serve | None = None
        self.at_end: Callable[[], None]
        self.taker: Taker | None = None
        self.resting: Callable[[], bool] | None = None
        self.successor: Successor | None = None

    def to(
        self,
        serve: Serve,
        at_end: Callable[[], None],
        *,
        taker: Taker | None = None,
        resting: Callable[[], bool] | None = None,
    ) -> None:
        """Hands it over.

        Args:
            serve: takes over when the handler, which has accepted the websocket, returns.
            at_end: called once, when the websocket has ended and nobody serves it any more.
            taker: see ``Inbox.listen``: what it takes needs no task.
            resting: whether ``serve`` waits with nothing to do; by default, while it waits in ``receive``.
        """
        self.serve, self.at_end = serve, at_end
        self.taker, self.resting = taker, resting

    def call(self) -> None:
        """Sees to it that ``serve`` runs, or runs again if it is just being cancelled: there is something to do that
        came by another way than the inbox."""
        if self.successor is not None:
            self.successor.call()


class Life:
    """How long somebody may serve a websocket: until ``end``, or ``handler_seconds`` after its peer has left."""

    __slots__ = ("_guard", "scope")

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self.scope = trio.CancelScope()

    def hurry(self) -> None:
        """The peer has left."""
        moment = trio.current_time() + self._guard.limits.handler_seconds
        self.scope.deadline = min(self.scope.deadline, moment)

    async def end(self) -> NoReturn:
        """Whoever it is that calls this, there is nobody left to serve."""
        self.scope.cancel()
        # Whoever swallows this and goes on in a loop meets it again at every step.
        await trio.lowlevel.checkpoint()
        raise AssertionError("a cancelled scope lets nobody pass")

    def count(self) -> None:
        """Called when the scope has been left: whether it was too long."""
        if self.scope.cancelled_caught and trio.current_time() >= self.scope.deadline:
            self._guard.counts.handlers_cancelled += 1


class Successor:
    """Who has taken over."""

    __slots__ = (
        "_again",
        "_at_end",
        "_done",
        "_ended",
        "_guard",
        "_idle",
        "_inbox",
        "_life",
        "_outlet",
        "_resting",
        "_serve",
        "_spawn",
        "_taker",
    )

    def __init__(
        self,
        guard: Guard,
        handover: Handover,
        inbox: Inbox,
        outlet: Outlet,
        spawn: Callable[[Callable[[], Awaitable[None]]], None],
    ) -> None:
        assert handover.serve is not None, "somebody takes over"
        self._serve = handover.serve
        self._at_end = handover.at_end
        self._taker = handover.taker
        self._resting = handover.resting or self._waits
        handover.successor = self
        self._guard = guard
        self._inbox = inbox
        self._outlet = outlet
        self._spawn = spawn
        self._life: Life | None = None
        """There is a task."""
        self._idle = False
        """It waits for a message."""
        self._again = False
        """Somebody has called for the task while there was one."""
        self._done = self._ended = False

    def begin(self) -> None:
        """Takes over. A task is there from the first message on."""
        self._outlet.when_ended(None)
        self._inbox.listen(self.call, self._taker)
        if self._again or not self._inbox.quiet:
            self.call()

    def rest(self) -> None:
        """Ends the task if there is nothing to do: it has been so for a while."""
        if self._life is not None and self._inbox.quiet and self._resting():
            self._life.scope.cancel()

    def _waits(self) -> bool:
        return self._idle

    def left(self) -> None:
        """The peer has left."""
        if self._life is None:
            self._end()
        else:
            self._life.hurry()

    def call(self) -> None:
        """See ``Handover.call``."""
        self._again = self._life is not None
        if self._life is None and not self._done:
            self._life = Life(self._guard)
            self._spawn(self._run)

    async def _run(self) -> None:
        life = self._life
        assert life is not None, "begun with it"
        code = CloseReason.NORMAL_CLOSURE
        try:
            with life.scope:
                await self._serve(self._receive)
        except Exception as error:
            LOG.error("websocket_failed", exc_info=error)
            code = CloseReason.INTERNAL_ERROR
        except BaseException:
            self._life = None
            self._end()
            raise
        self._life = None
        life.count()
        if self._outlet.ended:
            self._end()
        elif life.scope.cancelled_caught:
            self.begin()
        else:
            self._done = True
            self._outlet.close(int(code))

    async def _receive(self) -> str | bytes:
        """See ``Receive``."""
        self._idle = True
        try:
            message = await self._inbox.receive()
        finally:
            self._idle = False
        if message["type"] != "websocket.receive":
            assert self._life is not None, "it is the task that asks"
            await self._life.end()
        data: bytes | None = message["bytes"]
        text: str = message["text"]
        return text if data is None else data

    def _end(self) -> None:
        if self._ended:
            return
        self._done = self._ended = True
        try:
            self._at_end()
        except Exception as error:
            # Whoever calls has the connection's own end to see to.
            LOG.error("websocket_failed", exc_info=error)
