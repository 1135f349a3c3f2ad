"""One connection, by whichever transport: what its frames ask for. A malformed one is answered, never the end."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Protocol

import structlog
import trio

from switchboard.web.failures import Bug, expected
from switchboard.web.realtime.hub import Channel, Cursor, Exit, Member
from switchboard.web.realtime.phoenix import frames
from switchboard.web.realtime.phoenix.frames import Malformed, Received, Ref, Version
from switchboard.web.realtime.phoenix.speaking import (
    Place,
    Push,
    Speaker,
    TooFast,
    UnmatchedEvent,
    UnmatchedTopic,
)
from switchboard.web.realtime.phoenix.topics import Topic
from switchboard.web.security import Token
from switchboard.web.timers import Timer

if TYPE_CHECKING:
    from switchboard.web.realtime.phoenix.server import PhoenixServer

TOPICS_MOST = 200
"""Of one connection: as many as of a Pusher one. Somebody with more conversations hears of all in one topic."""

TELLS_A_SECOND = 10
TELLS_AT_ONCE = 100
"""What is kept nowhere (typing), as client events of the Pusher protocol in contracts/realtime.md."""


class Way(Exit, Protocol):
    """The way out: a websocket's ``Outlet`` or what waits for the next poll."""

    def close(self, code: int, reason: str = "") -> None:
        """Ends the connection, with a code as of websockets."""


class Subscription:
    """One topic of a connection."""

    def __init__(
        self, place: Place, topic: Topic, channel: Channel, member: Member, join_ref: Ref
    ) -> None:
        self.place = place
        self.topic = topic
        self.channel = channel
        self.member = member
        self.join_ref = join_ref


class Connection:
    """The state of one client. Its frames are handled one after the other."""

    def __init__(
        self, server: PhoenixServer, way: Way, token: Token, speaker: Speaker, version: Version
    ) -> None:
        self.way = way
        self.token = token
        self.version = version
        self.subscriptions: dict[str, Subscription] = {}
        self.timers: list[Timer] = []
        """Of its silence and of its token's end."""
        self.heard_at = trio.current_time()
        self.gone = False
        self._server = server
        self._speaker = speaker
        self._allowance = float(TELLS_AT_ONCE)
        self._allowed_at = self.heard_at

    async def handle(self, data: str | bytes) -> None:
        """One frame. Raises: nothing that a client can cause."""
        self.heard_at = trio.current_time()
        try:
            received = frames.decode(self.version, data)
        except Malformed:
            nobody = Received(None, None, frames.SYSTEM, "", None)
            self._reply(nobody, "error", {"reason": "malformed frame"})
            return
        if self._server.closes_if_void(self):
            return
        try:
            with trio.fail_after(self._server.seconds):
                await self._handle(received)
        except Exception as error:
            self._failed(received, error)

    async def _handle(self, received: Received) -> None:
        if received.binary:
            self._reply(received, "error", {"reason": "binary payloads are not taken"})
            return
        match received.topic, received.event:
            case frames.SYSTEM, frames.HEARTBEAT:
                self._reply(received, "ok", {})
            case _, frames.JOIN:
                await self._join(received)
            case _, frames.LEAVE:
                self._leave(received)
            case _:
                await self._push(received)

    def _reply(self, to: Received, status: Literal["ok", "error"], response: Any) -> None:
        self.way.send_encoded(frames.reply(self.version, to, status, response))

    def _say(self, subscription: Subscription, event: str, payload: Any, ref: Ref = None) -> None:
        """Something for this client alone, in the topic that it has joined so."""
        name, join_ref = subscription.topic.name, subscription.join_ref
        self.way.send_encoded(frames.encode(self.version, name, event, payload, join_ref, ref))

    # -- joining and leaving ------------------------------------------------------------------------------------

    async def _join(self, received: Received) -> None:
        name = received.topic
        # A client that joins again has forgotten the first time, whatever became of it.
        self.drop(name)
        if len(self.subscriptions) >= TOPICS_MOST:
            self._reply(received, "error", {"reason": "too many topics"})
            return
        server = self._server
        place = await server.speaking.join(self._speaker, name, received.payload)
        topic, channel = await server.hold(name, place, self.version)
        if self.gone:
            server.release(topic)
            return
        member = Member(self.way)
        subscription = Subscription(place, topic, channel, member, received.join_ref)
        self.subscriptions[name] = subscription
        try:
            await channel.join(member, partial(self._joined, received, subscription))
        except BaseException:
            self._drop(subscription)
            raise

    def _joined(self, received: Received, subscription: Subscription, _cursor: Cursor) -> None:
        """From here on everything in the topic is told: what was committed before is in the history that the client
        reads afterwards."""
        self._reply(received, "ok", {})
        topic, user = subscription.topic, subscription.place.present
        if user is not None:
            topic.enter(subscription.member, user, self._server.new_ref(), self._server.now())
            self._say(subscription, frames.STATE, topic.presence())

    def _leave(self, received: Received) -> None:
        subscription = self.subscriptions.get(received.topic)
        self._reply(received, "ok", {})
        # A leave that names an older join has been overtaken by the newer one; version 1 names none.
        if subscription is not None and received.join_ref in (subscription.join_ref, None):
            self._say(subscription, frames.CLOSE, {}, subscription.join_ref)
            self._drop(subscription)

    def drop(self, name: str) -> None:
        """Ends a subscription, if there is one, without a word."""
        subscription = self.subscriptions.get(name)
        if subscription is not None:
            self._drop(subscription)

    def _drop(self, subscription: Subscription) -> None:
        name, member = subscription.topic.name, subscription.member
        if self.subscriptions.get(name) is not subscription:
            return
        del self.subscriptions[name]
        subscription.channel.leave(member)
        if subscription.place.present is not None:
            subscription.topic.leave(member, subscription.place.present)
        self._server.release(subscription.topic)

    # -- pushing ------------------------------------------------------------------------------------------------

    async def _push(self, received: Received) -> None:
        subscription = self.subscriptions.get(received.topic)
        if subscription is None or received.join_ref not in (subscription.join_ref, None):
            raise UnmatchedTopic
        if not isinstance(received.payload, dict):
            self._reply(received, "error", {"reason": "the payload must be an object"})
            return
        topic, member, answered = subscription.topic, subscription.member, list[str]()

        def answered_with(message: str) -> None:
            answered.append(message)
            topic.answer_with(self.version, message, member)

        push = Push(
            speaker=self._speaker,
            id=self._server.new_id(),
            event=received.event,
            payload=received.payload,
            tell=partial(topic.broadcast, besides=member),
            may_tell=self._take_allowance,
            answered_with=answered_with,
            not_answered_with=partial(topic.tell_again, self.version),
        )
        try:
            response = await subscription.place.push(push)
        except BaseException:
            # If it was stored all the same, this client is told so as everybody else is.
            for message in answered:
                topic.tell_again(self.version, message)
            raise
        self._reply(received, "ok", response)

    def _take_allowance(self) -> None:
        now = trio.current_time()
        gained = (now - self._allowed_at) * TELLS_A_SECOND
        self._allowance = min(float(TELLS_AT_ONCE), self._allowance + gained)
        self._allowed_at = now
        if self._allowance < 1:
            raise TooFast
        self._allowance -= 1

    # -- what goes wrong ----------------------------------------------------------------------------------------

    def _failed(self, received: Received, error: Exception) -> None:
        match error:
            case UnmatchedTopic():
                self._reply(received, "error", {"reason": "unmatched topic"})
                return
            case UnmatchedEvent():
                self._reply(received, "error", {"reason": "unmatched event"})
                return
            case TooFast():
                self._reply(received, "error", {"reason": "too fast"})
                return
        refusal, known = self._server.speaking.refusal, expected(error)
        if known is not None:
            try:
                self._reply(received, "error", refusal(known))
                return
            except KeyError:
                pass  # One that the dialect's table has no row for is a bug as well.
        bug = Bug(self._server.new_id())
        structlog.get_logger("realtime").error(
            "frame_failed",
            incident=bug.incident,
            push=received.event[:40],
            exc_info=error,
        )
        self._reply(received, "error", refusal(bug))
        subscription = self.subscriptions.get(received.topic)
        if subscription is not None:
            # The client joins again, as after the crash of a channel's process.
            self._say(subscription, frames.ERROR, {}, subscription.join_ref)
            self._drop(subscription)
