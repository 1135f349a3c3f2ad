"""company's topics: who may join, what is told there, what may be pushed.

Source: contracts/realtime.md, 'Phoenix channels'. ``room:chat`` is every conversation of whoever joins it, as in the
original; ``room:<number>`` is one conversation, for its two people alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from quart_trio import QuartTrio

from switchboard.engine.errors import Invalid, NotAllowed, NotFound
from switchboard.engine.records import Account
from switchboard.engine.runtime.announcements import Announcement
from switchboard.engine.sessions.room import Room, RoomNotice
from switchboard.engine.workflows.messages import Message
from switchboard.engine.workflows.room_requests import NewMessage
from switchboard.web.authentication import authenticate
from switchboard.web.call import Statistics
from switchboard.web.dialects.company import shapes
from switchboard.web.dialects.company.errors import failure
from switchboard.web.dialects.company.shapes import Json, message_shape, number_of
from switchboard.web.dialects.company.users import AUDIENCE, REALM
from switchboard.web.reading import read
from switchboard.web.realtime.lookups import Lookups, renderers
from switchboard.web.realtime.phoenix.socket import add_socket
from switchboard.web.realtime.phoenix.speaking import (
    Place,
    Push,
    Speaker,
    Speaking,
    Told,
    UnmatchedEvent,
    UnmatchedTopic,
)
from switchboard.web.security import Token
from switchboard.web.services import Services

ROOM, CHAT = "room:", "room:chat"

DIGITS_MOST = 16
"""Of a conversation's number: ``shapes.NUMBER_MOST`` has as many."""

READ_BACK_MOST = 1000
"""Messages that are looked through for the one that somebody has read: ten pages. Nobody has so many unread, and a
marker never goes back."""

PAGE = 100


class Posted(msgspec.Struct, frozen=True):
    """What is needed of the announced message."""

    id: str


def add_channels(app: QuartTrio, services: Services) -> Statistics:
    """Registers the websocket; returns what is counted."""
    services.phoenix.serve(services, SPEAKING)
    add_socket(app, services.phoenix, f"/{AUDIENCE}/socket")
    return services.phoenix.statistics


async def _authenticate(services: Services, text: str) -> tuple[Token, Account]:
    return await authenticate(services, text, AUDIENCE)


# -- joining ----------------------------------------------------------------------------------------------------


async def join(speaker: Speaker, topic: str, _payload: Any) -> Place:
    """See ``Speaking``."""
    if topic == CHAT:
        return _inbox(speaker)
    number = topic.removeprefix(ROOM)
    if not topic.startswith(ROOM) or not (number.isascii() and number.isdigit()):
        raise UnmatchedTopic
    room = await _own(speaker, int(number)) if len(number) <= DIGITS_MOST else None
    if room is None or str(room.serial) != number:
        # Whether it is somebody else's or nobody's is not told.
        raise NotAllowed
    return _conversation(speaker, room)


async def _own(speaker: Speaker, number: int) -> Room | None:
    """The conversation of that number, if the speaker is in it."""
    rooms = speaker.services.rooms
    try:
        room = await rooms.by_serial(REALM, number)
    except NotFound:
        return None
    return room if await rooms.admits(room, speaker.account.id) else None


def _inbox(speaker: Speaker) -> Place:
    services, account = speaker.services, speaker.account.id

    def rendering(announcement: Announcement, lookups: Lookups) -> Told | None:
        if announcement.name != "room":
            return None
        notice = msgspec.json.decode(announcement.body, type=RoomNotice)
        if notice.what != "message" or notice.message is None:
            return None
        room = lookups.room(notice.room)
        assert room is not None, "a room that has a message exists"
        return _told(lookups, room, notice.message, "receive_msg")

    how = renderers(services, rendering)
    return Place(f"{CHAT}/{account}", (f"account/{account}",), *how, _push_to_inbox)


def _conversation(speaker: Speaker, room: Room) -> Place:
    services = speaker.services

    def rendering(announcement: Announcement, lookups: Lookups) -> Told | None:
        if not announcement.name.startswith("MessagePosted"):
            return None
        posted = msgspec.json.decode(announcement.body, type=Posted)
        return _told(lookups, room, posted.id, "message")

    async def push(pushed: Push) -> Json:
        return await _push_to_conversation(pushed, room)

    present = str(number_of(speaker.account))
    how = renderers(services, rendering)
    return Place(f"{ROOM}{room.serial}", (f"room/{room.id}",), *how, push, present)


def _told(lookups: Lookups, room: Room, id: str, event: str) -> Told | None:
    message = lookups.message(id)
    if message is None or room.serial is None:
        return None
    sender = lookups.account(message.sender)
    assert sender is not None, "accounts are never deleted"
    return Told(event, _message(room, message, sender), id)


def _message(room: Room, message: Message, sender: Account) -> Json:
    assert room.serial is not None, "every conversation has a number"
    shape = message_shape(message, room.serial, {sender.id: number_of(sender)})
    return {"message": shape}


# -- pushing ----------------------------------------------------------------------------------------------------


async def _push_to_inbox(push: Push) -> Json:
    if push.event != "send_msg":
        raise UnmatchedEvent
    given = read(push.payload, shapes.sent)
    room = await _own(push.speaker, given.conversation)
    if room is None:
        raise Invalid({"conv": "does not exist"})
    await _only_between(push.speaker, room, given.user)
    return await _post(push, room, given.message, given.client_id, alone=True)


async def _only_between(speaker: Speaker, room: Room, user: int) -> None:
    """Raises: Invalid, unless that is the other one of the conversation."""
    others = [one.account for one in room.people if one.account != speaker.account.id]
    found = await speaker.services.directory.many(others)
    if user not in map(number_of, found.values()):
        raise Invalid({"user": "is not in the conversation"})


async def _push_to_conversation(push: Push, room: Room) -> Json:
    match push.event:
        case "shout":
            given = read(push.payload, shapes.shouted)
            return await _post(push, room, given.message, given.client_id, alone=False)
        case "typing":
            push.may_tell()
            typing = read(push.payload, lambda reader: reader.flag("typing"))
            who = number_of(push.speaker.account)
            await push.tell("typing", {"user_id": who, "typing": typing is not False})
            return {}
        case "read":
            return await _read(push, room)
    raise UnmatchedEvent


async def _post(push: Push, room: Room, text: str, client_id: str | None, *, alone: bool) -> Json:
    """Stores it. ``alone``: who pushed it is answered with it and not told of it beside that."""
    engine, sender = push.speaker.services.engine, push.speaker.account
    id = engine.ids.new(engine.clock.now())
    new = NewMessage(
        sender=sender.id, role="party", text=text, client_id=client_id, numbered=True, id=id
    )
    if alone:
        push.answered_with(id)
    posted = await push.speaker.services.rooms.post(room, new, caused_by=push.id)
    if posted.message.id != id:
        # It repeats what was stored before: nothing of that id will be told.
        push.not_answered_with(id)
    return _message(room, posted.message, sender)


async def _read(push: Push, room: Room) -> Json:
    push.may_tell()
    wanted = read(push.payload, shapes.message_number)
    message = await _numbered(push.speaker.services, room, wanted)
    if message is None:
        raise Invalid({"message_id": "is not among the latest messages"})
    account = push.speaker.account
    await push.speaker.services.rooms.mark_read(account.id, message)
    await push.tell("read", {"user_id": number_of(account), "message_id": wanted})
    return {}


async def _numbered(services: Services, room: Room, wanted: int) -> Message | None:
    """The conversation's message of that number, looked for from its end: numbers ascend, but for messages that were
    under way at the same time."""
    before: int | None = None
    for _ in range(READ_BACK_MOST // PAGE):
        page = await services.messages.before(room.id, before, PAGE)
        for message in page:
            if message.serial == wanted:
                return message
        if not page or max(one.serial or 0 for one in page) < wanted:
            return None
        before = page[0].sequence
    return None


# -- refusing ---------------------------------------------------------------------------------------------------


def refusal(error: Exception) -> Mapping[str, Any]:
    """What the calls would answer, with Phoenix's own word for it beside: ``reason``. Raises: KeyError."""
    answer = failure(error)
    reason = "unauthorized" if answer.status == 403 else answer.body.get("message", "invalid")
    return {"reason": reason, **answer.body}


SPEAKING = Speaking(_authenticate, join, refusal)
