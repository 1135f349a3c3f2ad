"""One Pusher connection: what its frames ask for. A malformed one is answered, never the end of anything."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
import structlog
import trio

from switchboard.engine.clock import Instant
from switchboard.engine.errors import Unavailable
from switchboard.engine.sessions.kind import Address
from switchboard.web.realtime.hub import Cursor, Member
from switchboard.web.realtime.pusher import frames
from switchboard.web.realtime.pusher.apps import App
from switchboard.web.realtime.pusher.frames import error, frame
from switchboard.web.realtime.pusher.rooms import Room, cursor_of, cursor_text
from switchboard.web.timers import Timer
from switchboard.web.transport import Outlet

if TYPE_CHECKING:
    from switchboard.web.realtime.pusher.server import PusherServer

SUBSCRIPTIONS_MOST = 200
"""Channels of one connection: a page needs a handful; each costs some 2 kB."""

CLIENT_EVENTS_A_SECOND = 10
CLIENT_EVENTS_AT_ONCE = 100
"""contracts/realtime.md."""

CHANNEL_DATA_LENGTH_MOST = 2048
USER_LENGTH_MOST = 128
"""Pusher allows 1 kB of user_info and 128 characters of a user_id; all of 100 users are told to each who comes."""

SIGNED_IN = "#user"
"""The grant of a sign-in stands under it, which is no channel's name."""


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """On whose word a channel may be listened to."""

    account: str | None = None
    jti: str | None = None
    issued_at: Instant = 0
    expires_at: Instant | None = None
    session: Address | None = None


class Subscription:
    """One channel of a connection."""

    def __init__(self, room: Room, member: Member, user: str | None) -> None:
        self.room = room
        self.member = member
        self.user = user


class Connection:
    """The state of one socket."""

    def __init__(self, server: PusherServer, app: App, socket_id: str, outlet: Outlet) -> None:
        self.app = app
        self.socket_id = socket_id
        self.outlet = outlet
        self.subscriptions: dict[str, Subscription] = {}
        self.grants: dict[str, Grant] = {}
        self.expiries: dict[str, Timer] = {}
        self.voided: set[str] = set()
        """Channels that were taken back, until they are granted again; not more than there were grants."""
        self.looking: Timer | None = None
        """When its silence is looked at next."""
        self.user: str | None = None
        """Who has signed in."""
        self.heard_at = trio.current_time()
        self._server = server
        self._tokens = float(CLIENT_EVENTS_AT_ONCE)
        self._filled_at = self.heard_at

    async def handle(self, message: str | bytes) -> None:
        """One frame. Raises: nothing that a client can cause."""
        self.heard_at = trio.current_time()
        try:
            received = msgspec.json.decode(message, type=frames.Received)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            self._error(None, "a frame must be JSON with an event and its data")
            return
        try:
            await self._handle(received)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            self._error(None, f"the data of {received.event[:40]} is not what it must be")
        except Unavailable:
            self._error(frames.OVER_CAPACITY, "try again")
        except Exception as bug:
            structlog.get_logger("realtime").error(
                "frame_failed", event=received.event[:40], exc_info=bug
            )
            self._error(None, "internal error")

    async def _handle(self, received: frames.Received) -> None:
        match received.event:
            case "pusher:ping":
                self.outlet.send_encoded(frame("pusher:pong", "{}"))
            case "pusher:pong":
                pass
            case "pusher:subscribe":
                await self._subscribe(_data(received, frames.Subscribing))
            case "pusher:unsubscribe":
                self.leave(_data(received, frames.Unsubscribing).channel)
            case "pusher:signin":
                self._sign_in(_data(received, frames.SigningIn))
            case event if event.startswith("client-"):
                await self._client_event(received)
            case event:
                self._error(None, f"there is no event {event[:40]}")

    def _error(self, code: int | None, message: str) -> None:
        self.outlet.send_encoded(error(code, message))

    # -- subscribing --------------------------------------------------------------------------------------------

    async def _subscribe(self, wanted: frames.Subscribing) -> None:
        name = wanted.channel
        if not frames.CHANNEL.fullmatch(name):
            self._refuse(name[: frames.CHANNEL_LENGTH_MOST], 400, "no channel can have this name")
            return
        if name in self.subscriptions:
            self._error(None, f"already subscribed to {name}")
            return
        if len(self.subscriptions) >= SUBSCRIPTIONS_MOST:
            self._refuse(name, 403, "too many channels")
            return
        who = None
        if frames.needs_auth(name):
            if not self._signed(name, wanted):
                self._refuse(name, 401, "the signature is not of this socket and channel")
                return
            if self._server.is_void(self, name):
                self._refuse(name, 403, "you may not listen to this any more")
                return
        if frames.is_presence(name):
            who = self._who(wanted)
            if who is None:
                self._refuse(name, 400, "channel_data must have a user_id and be short")
                return
        await self._enter(name, who, wanted.since)

    def _signed(self, name: str, wanted: frames.Subscribing) -> bool:
        key, _, signature = (wanted.auth or "").partition(":")
        text = f"{self.socket_id}:{name}"
        if wanted.channel_data is not None:
            text += f":{wanted.channel_data}"
        return key == self.app.key and self.app.signed(signature, text)

    @staticmethod
    def _who(wanted: frames.Subscribing) -> frames.ChannelData | None:
        given = wanted.channel_data or ""
        if len(given) > CHANNEL_DATA_LENGTH_MOST:
            return None
        try:
            who = msgspec.json.decode(given, type=frames.ChannelData)
        except (msgspec.MsgspecError, RecursionError):
            return None
        return who if 0 < len(str(who.user_id)) <= USER_LENGTH_MOST else None

    async def _enter(
        self, name: str, who: frames.ChannelData | None, since: str | int | None
    ) -> None:
        room = await self._server.hold(self.app, name)
        user = None if who is None else str(who.user_id)
        if user is not None and not room.has_place(user):
            self._server.release(self.app, room)
            self._refuse(name, 403, "the channel is full")
            return
        member = Member(self.outlet)
        subscription = self.subscriptions[name] = Subscription(room, member, user)
        if since is not None and room.channel.topics:
            try:
                await self._enter_again(subscription, cursor_of(since))
            except Unavailable:
                self.leave(name)
                raise
            return

        def joined(cursor: Cursor) -> None:
            if who is not None:
                room.enter(member, who)
            self._succeeded(room, who is not None, cursor)

        await room.channel.join(member, joined)

    async def _enter_again(self, subscription: Subscription, since: Cursor | None) -> None:
        """What was announced meanwhile comes first; the socket is read on while it is sent."""
        channel, member = subscription.room.channel, subscription.member
        if since is None or not await channel.resumable(since):
            self._server.hub.counts.resumes_refused += 1
            await channel.join(member, partial(self._not_resumed, subscription.room))
            return
        self._succeeded(subscription.room, False, since)
        self._server.hub.feeds.spawn(partial(self._resume, subscription, since))

    async def _resume(self, subscription: Subscription, since: Cursor) -> None:
        channel = subscription.room.channel
        try:
            await channel.resume(subscription.member, since)
        except Exception as failure:
            if not isinstance(failure, Unavailable):
                structlog.get_logger("realtime").error("resume_failed", exc_info=failure)
            self._server.hub.counts.resumes_refused += 1
            await channel.join(
                subscription.member, partial(self._not_resumed, subscription.room, again=True)
            )

    def _not_resumed(self, room: Room, cursor: Cursor, *, again: bool = False) -> None:
        if not again:
            self._succeeded(room, False, cursor)
        told = frame("pusher:cannot_resume", "{}", room.name, seq=cursor_text(cursor))
        self.outlet.send_encoded(told)

    def _succeeded(self, room: Room, presence: bool, cursor: Cursor) -> None:
        data = room.roll() if presence else "{}"
        beside = {"seq": cursor_text(cursor)} if cursor else {}
        self.outlet.send_encoded(
            frame("pusher_internal:subscription_succeeded", data, room.name, **beside)
        )
        if frames.is_cache(room.name):
            missed = frame("pusher:cache_miss", "{}", room.name)
            self.outlet.send_encoded(room.cached or missed)

    def _refuse(self, name: str, status: int, message: str) -> None:
        data = {"type": "AuthError", "error": message, "status": status}
        self.outlet.send_encoded(frame("pusher:subscription_error", data, name))

    # -- leaving ------------------------------------------------------------------------------------------------

    def leave(self, name: str) -> None:
        """Ends a subscription, if there is one."""
        subscription = self.subscriptions.pop(name, None)
        if subscription is None:
            return
        subscription.room.channel.leave(subscription.member)
        if subscription.user is not None:
            subscription.room.leave(subscription.member, subscription.user)
        self._server.release(self.app, subscription.room)

    def expel(self, name: str) -> None:
        """Ends a subscription that is allowed no more, and says so."""
        if name in self.subscriptions:
            self.leave(name)
            self._refuse(name, 403, "you may not listen to this any more")

    # -- signing in, speaking -----------------------------------------------------------------------------------

    def _sign_in(self, given: frames.SigningIn) -> None:
        key, _, signature = given.auth.partition(":")
        text = f"{self.socket_id}::user::{given.user_data}"
        if key != self.app.key or not self.app.signed(signature, text):
            self._error(frames.NOT_AUTHORIZED, "the signature is not of this socket and user")
            return
        if self._server.is_void(self, SIGNED_IN):
            self._error(frames.NOT_AUTHORIZED, "the token is void")
            return
        user = msgspec.json.decode(given.user_data, type=frames.UserData).id
        if self.user not in (None, user):
            self._error(frames.NOT_AUTHORIZED, "somebody else has signed in here")
            return
        self.user = user
        self._server.signed_in(self)
        self.outlet.send_encoded(frame("pusher:signin_success", {"user_data": given.user_data}))

    async def _client_event(self, received: frames.Received) -> None:
        name = received.channel or ""
        subscription = self.subscriptions.get(name)
        problem = self._problem(received, subscription)
        if problem is not None:
            self._error(frames.REFUSED, problem)
            return
        assert subscription is not None
        beside: dict[str, Any] = {}
        if subscription.user is not None:
            beside["user_id"] = subscription.user
        told = frame(received.event, _text_of(received.data), name, **beside)
        await subscription.room.channel.broadcast(told, subscription.member)

    def _problem(self, received: frames.Received, subscription: Subscription | None) -> str | None:
        if not self._take_token():
            return "client events come too fast"
        if subscription is None:
            return "client events are for channels that you have joined"
        name = subscription.room.name
        if not frames.needs_auth(name):
            return "client events are for private and presence channels"
        if frames.is_encrypted(name):
            return "client events are not for encrypted channels"
        if len(received.event) > frames.EVENT_LENGTH_MOST:
            return "the name of a client event is too long"
        if len(bytes(received.data)) > frames.DATA_BYTES_MOST:
            return "the data of a client event is too long"
        return None

    def _take_token(self) -> bool:
        now = trio.current_time()
        gained = (now - self._filled_at) * CLIENT_EVENTS_A_SECOND
        self._tokens = min(float(CLIENT_EVENTS_AT_ONCE), self._tokens + gained)
        self._filled_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


def _data(received: frames.Received, kind: Any) -> Any:
    """The event's data; some clients send it as a JSON string."""
    raw = bytes(received.data)
    if raw.startswith(b'"'):
        raw = msgspec.json.decode(raw, type=str).encode()
    return msgspec.json.decode(raw, type=kind)


def _text_of(data: msgspec.Raw) -> str:
    """Text goes on as it is, anything else as JSON in a string, as all that a server sends."""
    raw = bytes(data)
    if raw.startswith(b'"'):
        return msgspec.json.decode(raw, type=str)
    # Raw JSON is not looked at by the decoder of the frame: what is none must not be handed to others.
    return msgspec.json.encode(msgspec.json.decode(raw)).decode()
