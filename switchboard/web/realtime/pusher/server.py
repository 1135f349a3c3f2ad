"""All Pusher connections of a process: the apps, who is connected, which channels there are, who may stay."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import trio

from switchboard.engine.engine import Engine
from switchboard.engine.runtime.timers import Timers
from switchboard.engine.sessions.kind import Address
from switchboard.web.realtime.feeds import Feeds
from switchboard.web.realtime.hub import Hub
from switchboard.web.realtime.listening import NOTHING, Admission, Listening
from switchboard.web.realtime.lock import Locks
from switchboard.web.realtime.pusher import frames
from switchboard.web.realtime.pusher.apps import App
from switchboard.web.realtime.pusher.connection import Connection, Grant
from switchboard.web.realtime.pusher.frames import frame
from switchboard.web.realtime.pusher.rooms import Room
from switchboard.web.realtime.sources import NoticeSource, RoomSource, Source
from switchboard.web.security import Token, Tokens
from switchboard.web.transport import CloseCodes, Frame, Outlet

if TYPE_CHECKING:
    from switchboard.web.services import Services

ACTIVITY_SECONDS = 120
PONG_SECONDS = 30
"""contracts/realtime.md."""

CODES = CloseCodes(
    goodbye=frames.RECONNECT, slow=frames.RECONNECT, overrun=frames.RECONNECT, silent=frames.NO_PONG
)


CACHED_MOST = 1000
"""Last events of cache channels that are kept, of 10 KiB at most each: 10 MB."""

GRANTS_MOST = 400
"""Of one connection: twice the channels that it may have, as some are given back."""


class PusherServer:
    """Started by ``run``; connections come from ``socket``, servers from ``http_api``.

    ``serve`` must have been called before the first connection.
    """

    def __init__(self, engine: Engine, tokens: Tokens, apps: Sequence[App]) -> None:
        self.apps = {app.key: app for app in apps}
        self.by_id = {app.id: app for app in apps}
        self.by_dialect = {app.dialect: app for app in apps}
        self.connections: dict[str, Connection] = {}
        self.listening: Mapping[str, Listening] = {}
        """Dialect -> its channels."""
        self._engine = engine
        self._tokens = tokens
        self._cached: OrderedDict[tuple[str, str], Frame] = OrderedDict()
        self._rooms: dict[tuple[str, str], Room] = {}
        self._users: dict[tuple[str, str], set[Connection]] = {}
        self._watched: dict[Address, set[Connection]] = {}
        self._opening = Locks()
        self.timers = Timers()
        feeds = Feeds(engine.announcements, self._source)
        engine.store.sessions.when_quiet(feeds.deliver_some)
        self.hub = Hub(feeds)
        for kind in ("gig", "stream"):
            engine.observe(kind, self._session_changed)
        tokens.when_revoked(self._revoked)

    def serve(self, services: Services, listening: Mapping[str, Listening]) -> None:
        """From now on the dialects' channels are these; apps of other dialects have public channels alone."""
        self._services = services
        self.listening = listening

    def _source(self, topic: str) -> Source:
        store = self._engine.store
        kind, _, id = topic.partition("/")
        if kind == "room":
            return RoomSource(id, store.sessions, store.messages)
        return NoticeSource(topic, store.sessions)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """The feeds and the timers, until cancelled."""
        async with trio.open_nursery() as nursery:
            await nursery.start(self.hub.feeds.run)
            await nursery.start(self.timers.run)
            task_status.started()

    # -- connections --------------------------------------------------------------------------------------------

    def connect(self, app: App, outlet: Outlet) -> Connection:
        """A new connection, which has been told its socket id."""
        socket_id = f"{secrets.randbelow(10**9)}.{secrets.randbelow(10**9)}"
        outlet.codes = CODES
        connection = self.connections[socket_id] = Connection(self, app, socket_id, outlet)
        data = {"socket_id": socket_id, "activity_timeout": ACTIVITY_SECONDS}
        outlet.send_encoded(frame("pusher:connection_established", data))
        self._look(connection)
        return connection

    def _look(self, connection: Connection, asked_at: float | None = None) -> None:
        """Pings who has been silent, and gives up on who does not answer."""
        if self.connections.get(connection.socket_id) is not connection:
            return
        now, heard = trio.current_time(), connection.heard_at
        if asked_at is not None and heard <= asked_at:
            connection.outlet.close(frames.NO_PONG, "no pong")
        elif now - heard >= ACTIVITY_SECONDS:
            connection.outlet.send_encoded(frame("pusher:ping", "{}"))
            again = partial(self._look, connection, now)
            connection.looking = self.timers.at(now + PONG_SECONDS, again)
        else:
            again = partial(self._look, connection)
            connection.looking = self.timers.at(heard + ACTIVITY_SECONDS, again)

    def disconnect(self, connection: Connection) -> None:
        """It has gone: everybody who has to hears of it."""
        self.connections.pop(connection.socket_id, None)
        for name in tuple(connection.subscriptions):
            connection.leave(name)
        if connection.user is not None:
            key = (connection.app.key, connection.user)
            self._users.get(key, set()).discard(connection)
            if not self._users.get(key):
                self._users.pop(key, None)
        for name in tuple(connection.grants):
            self._take_back(connection, name)
        if connection.looking is not None:
            connection.looking.cancel()

    def signed_in(self, connection: Connection) -> None:
        """From now on it is found by its user."""
        assert connection.user is not None
        self._users.setdefault((connection.app.key, connection.user), set()).add(connection)

    def of_user(self, app: App, user: str) -> Sequence[Connection]:
        """The connections that the user has signed in on."""
        return tuple(self._users.get((app.key, user), ()))

    # -- channels -----------------------------------------------------------------------------------------------

    async def hold(self, app: App, name: str) -> Room:
        """The channel, open until it is released as often as it was held. Raises: StoreDown."""
        async with self._opening.of((app.key, name)):
            room = self._rooms.get((app.key, name))
            if room is None:
                plan = NOTHING
                listening = self.listening.get(app.dialect)
                # Into encrypted channels we say nothing: their events are boxes that a server of the owner's closed.
                fed = frames.needs_auth(name) and not frames.is_encrypted(name)
                if listening is not None and fed:
                    plan = await listening.plan(self._services, frames.plain(name))
                room = Room(name, self.hub, plan)
                room.cached = self._cached.get((app.key, name))
                await room.channel.open()
                self._rooms[app.key, name] = room
            room.holders += 1
            return room

    def release(self, app: App, room: Room) -> None:
        """The last one closes it."""
        room.holders -= 1
        if room.holders == 0:
            room.channel.close()
            if self._rooms.get((app.key, room.name)) is room:
                del self._rooms[app.key, room.name]

    def remember(self, app: App, name: str, told: Frame) -> None:
        """The last event of a cache channel, for those who come."""
        self._cached[app.key, name] = told
        self._cached.move_to_end((app.key, name))
        if len(self._cached) > CACHED_MOST:
            self._cached.popitem(last=False)
        room = self._rooms.get((app.key, name))
        if room is not None:
            room.cached = told

    def rooms(self, app: App) -> Mapping[str, Room]:
        """The app's channels that somebody listens to, by name."""
        return {
            name: room
            for (key, name), room in self._rooms.items()
            if key == app.key and room.occupied
        }

    def room(self, app: App, name: str) -> Room | None:
        """That channel, if anybody is in it."""
        return self._rooms.get((app.key, name))

    # -- who may stay -------------------------------------------------------------------------------------------

    def grant(
        self, app: App, socket_id: str, name: str, admission: Admission, token: Token | None
    ) -> None:
        """Remembers on whose word that socket may listen; of a socket that is not connected nothing."""
        connection = self.connections.get(socket_id)
        if connection is None or connection.app is not app:
            return
        given = Grant(
            account=None if token is None else token.account,
            jti=None if token is None else token.jti,
            issued_at=0 if token is None else token.issued_at,
            expires_at=None if token is None else token.expires_at,
            session=admission.session,
        )
        if name not in connection.grants and len(connection.grants) >= GRANTS_MOST:
            old = next(
                (one for one in connection.grants if one not in connection.subscriptions), None
            )
            if old is None:
                return
            # Its signature would be good for ever if nobody remembered on whose word it was given.
            self._void(connection, old)
        self._take_back(connection, name)
        connection.grants[name] = given
        connection.voided.discard(name)
        if admission.session is not None:
            self._watched.setdefault(admission.session, set()).add(connection)
        if token is not None:
            moment = self._engine.clock.trio_time(token.expires_at)
            timer = self.timers.at(moment, partial(self._expired, connection, name, given))
            connection.expiries[name] = timer

    def is_void(self, connection: Connection, name: str) -> bool:
        """Whether the word on which the channel was opened has been taken back since."""
        if name in connection.voided:
            return True
        grant = connection.grants.get(name)
        if grant is None or grant.expires_at is None or grant.account is None or grant.jti is None:
            return False
        token = Token(
            grant.account, grant.jti, connection.app.dialect, grant.issued_at, grant.expires_at
        )
        return self._tokens.is_void(token)

    def _expired(self, connection: Connection, name: str, grant: Grant) -> None:
        if connection.grants.get(name) is grant:
            connection.outlet.close(frames.NOT_AUTHORIZED, "the token has expired")

    def _revoked(self) -> None:
        """Some token is void from now on."""
        for connection in tuple(self.connections.values()):
            if any(self.is_void(connection, name) for name in connection.grants):
                connection.outlet.close(frames.NOT_AUTHORIZED, "the token was revoked")

    def _session_changed(self, address: Address, _before: object, after: object) -> None:
        for connection in tuple(self._watched.get(address, ())):
            still = self.listening[connection.app.dialect].still
            for name, grant in tuple(connection.grants.items()):
                if grant.session == address and not still(after, grant.account):
                    self._void(connection, name)
                    connection.expel(name)

    def _void(self, connection: Connection, name: str) -> None:
        """The channel's signature is good no more. A socket with too many of them has to come again, as a new one."""
        self._take_back(connection, name)
        connection.voided.add(name)
        if len(connection.voided) > GRANTS_MOST:
            connection.outlet.close(frames.RECONNECT, "too many channels were taken back")

    def _take_back(self, connection: Connection, name: str) -> None:
        """Forgets a grant, its timer and what it watches, if there is one."""
        timer = connection.expiries.pop(name, None)
        if timer is not None:
            timer.cancel()
        grant = connection.grants.pop(name, None)
        if grant is None or grant.session is None:
            return
        if any(one.session == grant.session for one in connection.grants.values()):
            return
        watching = self._watched.get(grant.session)
        if watching is not None:
            watching.discard(connection)
            if not watching:
                del self._watched[grant.session]

    def statistics(self) -> Mapping[str, float]:
        """For the metrics."""
        return {
            "connections": len(self.connections),
            "channels": len(self._rooms),
            "signed_in_users": len(self._users),
            **self.hub.statistics(),
        }
