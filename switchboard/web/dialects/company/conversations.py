"""company's conversations of two people, and what is said in them.

Source: contracts/company.md. Who is in no conversation of that number, or asks for one that is not there, sees an
empty list, as with the original.
"""

from __future__ import annotations

from collections.abc import Iterable

from switchboard.engine.errors import Invalid, NotFound
from switchboard.engine.sessions.room import Room
from switchboard.engine.workflows.room_requests import NewMessage, pair
from switchboard.web.call import Call, Reply
from switchboard.web.dialects.company import shapes
from switchboard.web.dialects.company.errors import CannotConverse
from switchboard.web.dialects.company.shapes import Json, conversation_shape, message_shape
from switchboard.web.dialects.company.users import REALM
from switchboard.web.reading import read


async def _numbers(call: Call, accounts: Iterable[str]) -> dict[str, int]:
    """Account -> the number that clients know it by."""
    found = await call.services.directory.many(list(dict.fromkeys(accounts)))
    return {id: shapes.number_of(account) for id, account in found.items()}


async def converse(call: Call) -> Reply:
    """POST /api/conversations: 201, or 200 with the one that the two have already, whoever asks."""
    number = read(shapes.within(call.body, "conversation"), shapes.recipient)
    services, caller = call.services, call.caller
    other = await services.directory.by_identity(REALM, "serial", str(number))
    if other is None or other.id == caller.id or other.status != "active":
        raise CannotConverse
    new = pair(REALM, caller.id, other.id, numbered=True)
    room, made = await services.rooms.open(new, by=caller.id, caused_by=call.id)
    numbers = await _numbers(call, (caller.id, other.id))
    return Reply(conversation_shape(room, numbers), status=201 if made else 200)


async def conversations(call: Call) -> list[Json]:
    """GET /api/conversations: where the caller is sender or recipient, the newest first."""
    start, limit = call.parse_query(lambda reader: reader.page("start"))
    views = await call.services.room_lists.opened_for(call.caller.id, start or 0, limit)
    rooms = [view.room for view in views]
    numbers = await _numbers(call, (one.account for room in rooms for one in room.people))
    return [conversation_shape(room, numbers) for room in rooms]


async def _own(call: Call, number: int) -> Room | None:
    """The conversation of that number, if the caller is in it."""
    rooms = call.services.rooms
    try:
        room = await rooms.by_serial(REALM, number)
    except NotFound:
        return None
    return room if await rooms.admits(room, call.caller.id) else None


async def messages(call: Call) -> list[Json]:
    """GET /api/messages: ascending; ``start`` counts from the oldest, without it the newest come."""
    number = call.parse_query(shapes.conversation_of)
    start, limit = call.parse_query(lambda reader: reader.page("start"))
    room = await _own(call, number)
    if room is None:
        return []
    numbers = await _numbers(call, (one.account for one in room.people))
    found = await call.services.messages.page(room.id, start, limit)
    return [message_shape(message, number, numbers) for message in found]


async def say(call: Call) -> Reply:
    """POST /api/messages: 201 with the message."""
    given = call.parse(shapes.new_words)
    caller = call.caller
    room = await _own(call, given.conversation)
    if room is None:
        raise Invalid({"conversation_id": "does not exist"})
    message = NewMessage(sender=caller.id, role="party", text=given.content, numbered=True)
    posted = await call.services.rooms.post(
        room, message, key=call.key(REALM, "message"), caused_by=call.id
    )
    numbers = {caller.id: shapes.number_of(caller)}
    return Reply(message_shape(posted.message, given.conversation, numbers), status=201)
