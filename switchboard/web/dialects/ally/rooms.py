"""ally's calls about rooms: what they hold, who holds them, their tags."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from switchboard.engine.errors import Invalid
from switchboard.engine.ids import is_id
from switchboard.engine.sessions.room import Room
from switchboard.engine.workflows.messages import Message
from switchboard.engine.workflows.room_lists import RoomView
from switchboard.engine.workflows.support_people import only_administrators
from switchboard.web.call import Call
from switchboard.web.dialects.ally.callers import id_in
from switchboard.web.dialects.ally.errors import UnsupportedTag
from switchboard.web.dialects.ally.shapes import Json, message_shape, room_shape, tags_shape
from switchboard.web.reading import PAGE_MOST, Reader, read

MESSAGES_USUAL = 50
"""contracts/ally.md, GET /api/room/:id/messages."""


async def rooms_shape(call: Call, views: Sequence[RoomView]) -> list[Json]:
    """Rooms with their members."""
    members = await call.services.room_lists.members([view.room.id for view in views])
    return [room_shape(view, members.get(view.room.id, ())) for view in views]


async def _shown(call: Call, room: Room) -> Json:
    view = await call.services.room_lists.view(room, call.caller.id)
    return (await rooms_shape(call, [view]))[0]


async def show(call: Call) -> Json:
    """GET /api/room/:id."""
    return await _shown(
        call, await call.services.support.rooms.seen(call.caller, id_in(call, "room"))
    )


async def activate(call: Call) -> Json:
    """PUT /api/room/:id/active: the caller holds it."""
    rooms = call.services.support.rooms
    return await _shown(call, await rooms.take(call.caller, id_in(call, "room"), caused_by=call.id))


async def deactivate(call: Call) -> Json:
    """DELETE /api/room/:id/active: nobody holds it, and its issue is closed unless ``close=0`` hands it over."""
    fields = {**call.query, **call.body}
    closes = read(fields, lambda reader: reader.flag("close"))
    rooms = call.services.support.rooms
    room = await rooms.free(
        call.caller, id_in(call, "room"), closes=closes is not False, caused_by=call.id
    )
    return await _shown(call, room)


class Wanted(NamedTuple):
    """Which messages of a room."""

    limit: int
    cursor: str | None
    newer: bool


def _wanted(reader: Reader) -> Wanted:
    limit = reader.integer("limit", least=0, most=10**9)
    cursor = reader.text("last_read_message", most=100) or None
    newer = reader.choice("show", of=("old", "new")) == "new" if reader.has("show") else False
    return Wanted(min(MESSAGES_USUAL if limit is None else limit, PAGE_MOST), cursor, newer)


async def messages(call: Call) -> Json:
    """GET /api/room/:id/messages: before the cursor, or after it; ascending."""
    room = await call.services.support.rooms.seen(call.caller, id_in(call, "room"))
    wanted = call.parse_query(_wanted)
    reader = call.services.messages
    sequence = (
        None if wanted.cursor is None else (await _cursor(call, room, wanted.cursor)).sequence
    )
    if wanted.newer:
        found = await reader.after(room.id, sequence or 0, wanted.limit)
    else:
        found = await reader.before(room.id, sequence, wanted.limit)
    return {"messages": [message_shape(message) for message in found]}


async def _cursor(call: Call, room: Room, id: str) -> Message:
    message = await call.services.messages.get(id) if is_id(id) else None
    if message is None or message.room != room.id:
        raise Invalid({"last_read_message": "is no message of this room"})
    return message


async def add_tag(call: Call) -> Json:
    """POST /api/room/:id/tags."""
    return await _tagged(call, add=True)


async def remove_tag(call: Call) -> Json:
    """DELETE /api/room/:id/tag."""
    return await _tagged(call, add=False)


async def _tagged(call: Call, *, add: bool) -> Json:
    only_administrators(call.caller)
    room = id_in(call, "room")
    await call.services.support.rooms.of_app(call.caller, room)
    desk = call.services.rooms
    try:
        tag = read({**call.query, **call.body}, lambda reader: reader.required_text("tag"))
        change = desk.add_tag if add else desk.remove_tag
        changed = await change(room, tag, by=call.caller.id, caused_by=call.id)
    except Invalid as error:
        raise UnsupportedTag from error
    return await _shown(call, changed)


async def tags(call: Call) -> Json:
    """GET /api/tags: all that the app's rooms ever had."""
    found = await call.services.issues.tags(call.caller.organization or "")
    return {"tags": tags_shape(found)}
