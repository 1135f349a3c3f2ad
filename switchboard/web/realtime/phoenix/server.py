"""All Phoenix connections of a process: who is connected, which topics there are, who may stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import trio

from switchboard.engine.clock import Instant
from switchboard.engine.engine import Engine
from switchboard.engine.runtime.timers import Timers
from switchboard.web.failures import LoginRequired
from switchboard.web.realtime.hub import Channel, Hub
from switchboard.web.realtime.lock import Locks
from switchboard.web.realtime.phoenix.connection import Connection, Way
from switchboard.web.realtime.phoenix.frames import Version
from switchboard.web.realtime.phoenix.sessions import Sessions
from switchboard.web.realtime.phoenix.speaking import Place, Speaker, Speaking
from switchboard.web.realtime.phoenix.topics import Topic
from switchboard.web.security import Token, Tokens

if TYPE_CHECKING:
    from switchboard.web.services import Services

SILENCE_SECONDS = 60.0
"""contracts/realtime.md: no frame for so long closes. Clients send a heartbeat every 30 s, or poll."""

VOID = 1008
"""The close code of a void token. RFC 6455, policy violation: who comes again with the same token meets a 403."""

SILENT = 1011
"""The close code of who is silent, as the transport's own. Clients of old do not come again after 1000."""


class PhoenixServer:
    """Connections come from ``socket`` and ``longpoll``. It tells through the hub of the server's other protocols.

    ``serve`` must have been called before the first connection.
    """

    speaking: Speaking

    def __init__(self, engine: Engine, tokens: Tokens, hub: Hub, timers: Timers) -> None:
        self.connections: dict[Connection, None] = {}
        self.hub = hub
        self.timers = timers
        self.sessions = Sessions()
        self.seconds = 0.0
        """How long one frame's doing may take."""
        self._engine = engine
        self._tokens = tokens
        self._topics: dict[str, Topic] = {}
        self._opening = Locks()
        self._refs = 0
        tokens.when_revoked(self._revoked)

    def serve(self, services: Services, speaking: Speaking) -> None:
        """The dialect whose topics these are, before anybody connects."""
        self._services, self.speaking = services, speaking
        self.seconds = services.settings.request_seconds

    def new_id(self) -> str:
        """The id of one frame's doing, in the journal and in the log."""
        return self._engine.ids.new(self.now())

    def new_ref(self) -> str:
        """Names one socket's presence in one topic, for as long as the process lives and after it."""
        self._refs += 1
        return f"{self.new_id()}{self._refs:x}"

    def now(self) -> Instant:
        """The engine's time."""
        return self._engine.clock.now()

    # -- connections --------------------------------------------------------------------------------------------

    async def admit(self, given: Sequence[str]) -> tuple[Token, Speaker]:
        """Who comes with one of these tokens; the first that is good counts. Raises: LoginRequired, StoreDown."""
        why = LoginRequired()
        for text in given:
            try:
                token, account = await self.speaking.authenticate(self._services, text)
            except LoginRequired as error:
                why = error
            else:
                return token, Speaker(self._services, account)
        raise why

    def connect(self, way: Way, token: Token, speaker: Speaker, version: Version) -> Connection:
        """A new connection, whose way out is open."""
        connection = Connection(self, way, token, speaker, version)
        self.connections[connection] = None
        moment = self._engine.clock.trio_time(token.expires_at)
        expired = partial(way.close, VOID, "the token has expired")
        connection.timers = [self.timers.at(moment, expired)]
        self._look(connection)
        self.closes_if_void(connection)
        return connection

    def _look(self, connection: Connection) -> None:
        """Closes who has been silent."""
        if connection.gone:
            return
        due = connection.heard_at + SILENCE_SECONDS
        if trio.current_time() >= due:
            connection.way.close(SILENT, "no frame for 60 s")
            return
        connection.timers[1:] = [self.timers.at(due, partial(self._look, connection))]

    def disconnect(self, connection: Connection) -> None:
        """It has gone: everybody who has to hears of it. Repeated: nothing happens."""
        connection.gone = True
        self.connections.pop(connection, None)
        for name in tuple(connection.subscriptions):
            connection.drop(name)
        for timer in connection.timers:
            timer.cancel()

    # -- topics -------------------------------------------------------------------------------------------------

    async def hold(self, name: str, place: Place, version: Version) -> tuple[Topic, Channel]:
        """The topic, open until it is released as often as it was held. Raises: StoreDown."""
        async with self._opening.of(place.key):
            topic = self._topics.get(place.key)
            if topic is None:
                topic = self._topics[place.key] = Topic(name, place, self.hub)
            # Before the wait, so that whoever leaves meanwhile is not the last.
            topic.holders += 1
            try:
                return topic, await topic.channel(version)
            except BaseException:
                self.release(topic)
                raise

    def release(self, topic: Topic) -> None:
        """The last one closes it."""
        topic.holders -= 1
        if topic.holders == 0:
            topic.close()
            if self._topics.get(topic.key) is topic:
                del self._topics[topic.key]

    # -- who may stay -------------------------------------------------------------------------------------------

    def closes_if_void(self, connection: Connection) -> bool:
        """Whether the connection's token is good no more; then it is closed."""
        if not self._tokens.is_void(connection.token):
            return False
        connection.way.close(VOID, "the token is void")
        return True

    def _revoked(self) -> None:
        """Some token is void from now on."""
        for connection in tuple(self.connections):
            self.closes_if_void(connection)

    def statistics(self) -> Mapping[str, float]:
        """For the metrics."""
        return {
            "connections": len(self.connections),
            "topics": len(self._topics),
            "longpoll_sessions": len(self.sessions),
        }
