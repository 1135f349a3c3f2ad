"""The relay: who is connected, what they are told, who may stay, which operators are there.

A connection hears the topic of its account and, if it is the desk's, that of its app's desk. Nothing that happens in a
room is on both, so it hears everything once and in order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import structlog
import trio

from switchboard.engine.errors import Unavailable
from switchboard.engine.queries.rooms import ReadMarker
from switchboard.engine.records import Account
from switchboard.engine.runtime.timers import Timer
from switchboard.engine.sessions.room import Room, desk, topics_of
from switchboard.engine.workflows.support_people import app_of, is_staff
from switchboard.web.dialects.ally.relay import frames
from switchboard.web.dialects.ally.relay.connection import Connection
from switchboard.web.dialects.ally.relay.rendering import Rendering
from switchboard.web.failures import Bug, expected
from switchboard.web.realtime.hub import Channel, Cursor, Member, Rendered
from switchboard.web.realtime.lock import Locks
from switchboard.web.security import Token
from switchboard.web.services import Services
from switchboard.web.transport import Frame, Outlet

VOID = 1008
"""The close code of a void token. RFC 6455, policy violation: who comes again with the same token meets a 401."""

HEARD_EVERY_SECONDS_MOST = 60.0
"""So often a connected operator is heard at least; of a shorter ``holder_timeout`` a third."""

HEARING_SECONDS_MOST = 30.0


class Shared:
    """A topic's channel, open for as long as anybody listens."""

    __slots__ = ("channel", "holders")

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.holders = 0


class Operator:
    """Somebody of a desk who is connected, on as many sockets as they have."""

    def __init__(self) -> None:
        self.sockets = 0
        self.timer: Timer | None = None
        self.being_heard = False


class Relay:
    """Connections come from ``socket``. It tells through the hub of the server's other protocols."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.connections: set[Connection] = set()
        self._hub = services.pusher.hub
        self._timers = services.pusher.timers
        self._shared: dict[str, Shared] = {}
        self._opening = Locks()
        self._operators: dict[str, Operator] = {}
        self._rendering = Rendering(services, self._shared.__contains__)
        timeout_seconds = services.rooms.holder_timeout / 1000
        self._heard_every = min(timeout_seconds / 3, HEARD_EVERY_SECONDS_MOST)
        self._log = structlog.get_logger("realtime")
        services.tokens.when_revoked(self._revoked)
        services.tokens.when_renewed(self._renewed)
        services.support.rooms.when_read(self._read)

    def new_id(self) -> str:
        """The id of one frame's doing, in the journal and in the log."""
        engine = self.services.engine
        return engine.ids.new(engine.clock.now())

    def known(self, error: Exception) -> Exception:
        """The error as ally's table knows it; a bug is in the log under its incident."""
        known = expected(error)
        if known is None:
            known = Bug(self.new_id())
            self._log.error("relay_failed", incident=known.incident, exc_info=error)
        return known

    # -- connections --------------------------------------------------------------------------------------------

    async def connect(self, outlet: Outlet, token: Token, account: Account) -> Connection:
        """A connection that is told everything from now on; what is told before its websocket is accepted is in the
        history that it reads afterwards. Raises: StoreDown; nothing is left then."""
        connection = Connection(self, outlet, token, account)
        topics = [f"account/{account.id}"]
        if is_staff(account):
            topics.append(desk(app_of(account)))
        try:
            for topic in topics:
                await self._enter(connection, topic)
        except BaseException:
            self._leave(connection)
            raise
        self.connections.add(connection)
        if is_staff(account):
            self._arrived(account.id)
        return connection

    def accepted(self, connection: Connection) -> None:
        """Its websocket is open: from now on it can be closed."""
        self._watch(connection)
        if self.services.tokens.is_void(connection.token):
            connection.outlet.close(VOID, "the token is void")

    def disconnect(self, connection: Connection) -> None:
        """It has gone."""
        self.connections.discard(connection)
        connection.ended()
        self._leave(connection)
        if connection.account.id in self._operators:
            self._left(connection.account.id)

    async def _enter(self, connection: Connection, topic: str) -> None:
        async with self._opening.of(topic):
            shared = self._shared.get(topic)
            if shared is None:
                render = self._rendering
                shared = Shared(
                    await self._hub.channel(
                        [topic], render.rendered, _as_rendered, render.rendered_now
                    )
                )
                self._shared[topic] = shared
            shared.holders += 1
            member = connection.members[topic] = Member(connection.outlet)
        await shared.channel.join(member, lambda _cursor: None)

    def _leave(self, connection: Connection) -> None:
        for topic, member in connection.members.items():
            shared = self._shared[topic]
            shared.channel.leave(member)
            shared.holders -= 1
            if shared.holders == 0:
                shared.channel.close()
                del self._shared[topic]
        connection.members = {}

    # -- who may stay -------------------------------------------------------------------------------------------

    def _watch(self, connection: Connection) -> None:
        moment = self.services.engine.clock.trio_time(connection.token.expires_at)
        connection.expiry = self._timers.at(moment, partial(self._expired, connection))

    def _expired(self, connection: Connection) -> None:
        connection.outlet.close(VOID, "the token has expired")

    def _revoked(self) -> None:
        """Some token is void from now on."""
        for connection in self.connections:
            if self.services.tokens.is_void(connection.token):
                connection.outlet.close(VOID, "the token was revoked")

    def _renewed(self, old: Token, new: Token) -> None:
        for connection in self.connections:
            if connection.token.jti == old.jti and connection.token.account == old.account:
                connection.token = new
                if connection.expiry is not None:
                    connection.expiry.cancel()
                    self._watch(connection)

    def call_at(self, moment: float, callback: Callable[[], None]) -> Timer:
        """``callback`` is called at that moment of Trio's clock; it must be quick."""
        return self._timers.at(moment, callback)

    # -- which operators are there ------------------------------------------------------------------------------

    def _arrived(self, operator: str) -> None:
        here = self._operators.setdefault(operator, Operator())
        here.sockets += 1
        if here.sockets == 1:
            self._goes_on(operator, here)

    def _left(self, operator: str) -> None:
        here = self._operators[operator]
        here.sockets -= 1
        if here.sockets == 0:
            del self._operators[operator]
            if here.timer is not None:
                here.timer.cancel()
            # The time that it has to come back counts from now.
            self._hear_soon(operator, here)

    def _goes_on(self, operator: str, here: Operator) -> None:
        self._hear_soon(operator, here)
        again = partial(self._goes_on, operator, here)
        here.timer = self._timers.at(trio.current_time() + self._heard_every, again)

    def _hear_soon(self, operator: str, here: Operator) -> None:
        if not here.being_heard:
            here.being_heard = True
            self._hub.feeds.spawn(partial(self._hear, operator, here))

    async def _hear(self, operator: str, here: Operator) -> None:
        """It goes on holding its rooms. What fails is tried again in time: a third of a room's patience has gone."""
        try:
            with trio.fail_after(HEARING_SECONDS_MOST):
                await self.services.rooms.hear(operator)
        except (Unavailable, trio.TooSlowError) as error:
            self._log.warning("operator_not_heard", operator=operator, error=repr(error))
        except Exception as error:
            self._log.error("operator_not_heard", operator=operator, exc_info=error)
        finally:
            here.being_heard = False

    # -- telling ------------------------------------------------------------------------------------------------

    async def _read(self, room: Room, marker: ReadMarker, origin: object) -> None:
        content = {"room": room.id, "user": marker.reader, "message": marker.message}
        frame = frames.frame("read", content)
        for topic in topics_of(room):
            shared = self._shared.get(topic)
            if shared is not None:
                members = origin.members if isinstance(origin, Connection) else {}
                await shared.channel.broadcast(frame, members.get(topic))

    def statistics(self) -> Mapping[str, float]:
        """For the metrics."""
        return {
            "connections": len(self.connections),
            "topics": len(self._shared),
            "operators": len(self._operators),
        }


def _as_rendered(rendered: Rendered, _cursor: Cursor) -> Frame:
    """Rendered to the frame itself, because several topics tell the same."""
    frame: Frame = rendered.data
    return frame
