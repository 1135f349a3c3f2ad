"""dowell's room-service: one path, whose field ``type`` says what is wanted. Source: contracts/dowell.md."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from switchboard.engine.errors import NotFound
from switchboard.engine.runtime.letter import Key
from switchboard.engine.sessions.room import Room
from switchboard.engine.workflows.room_requests import NewMessage
from switchboard.web.call import Call
from switchboard.web.dialects.dowell.errors import UnknownRequestType
from switchboard.web.dialects.dowell.fields import (
    NAME_LENGTH_MOST,
    REALM,
    given,
    has_key,
    only_staff,
    parse,
)
from switchboard.web.dialects.dowell.rooms import shown
from switchboard.web.dialects.dowell.shapes import (
    STAFF,
    VISITOR,
    Attributes,
    Json,
    details_of,
    message_shape,
    room_shape,
)
from switchboard.web.reading import Reader

FOUND = "Room deatils based on workspace id"
"""As the original has it; clients compare it."""


async def _widget_room(call: Call, id: str) -> Room:
    """A room of this dialect. Raises: NotFound."""
    room = await call.services.rooms.get(id)
    if room.realm != REALM:
        raise NotFound("room")
    return room


async def _room_or_none(call: Call, id: str) -> Room | None:
    try:
        return await _widget_room(call, id)
    except NotFound:
        return None


def _room_id(reader: Reader) -> str:
    # Not ``reference``: an id that is none is an empty list or not found, never a wrong field.
    return reader.required_text("room_id")


# -- create_message ---------------------------------------------------------------------------------------------


class Said(NamedTuple):
    """The fields of create_message."""

    room_id: str
    data: Any
    by_visitor: bool
    author: str | None
    type: str


def _said(reader: Reader) -> Said:
    data = reader.anything("message_data")
    if data is None or data == "":
        reader.complain("message_data", "is required")
    side = reader.flag("side")
    if side is None:
        reader.complain("side", "is required")
    return Said(
        room_id=_room_id(reader),
        data=data,
        by_visitor=bool(side),
        author=reader.text("auther", "author", most=NAME_LENGTH_MOST) or None,
        type=reader.text("message_type", most=NAME_LENGTH_MOST) or "text",
    )


async def _create(call: Call) -> Json:
    said = parse(call, _said)
    room = await _widget_room(call, said.room_id)
    if not said.by_visitor:
        await only_staff(call, details_of(room).org_id)
    text = said.data if isinstance(said.data, str) else None
    data = None if text is not None else said.data
    attributes = Attributes(author=said.author, type=said.type, data=data)
    message = NewMessage(
        sender=VISITOR if said.by_visitor else STAFF,
        role="client" if said.by_visitor else "staff",
        text=text,
        attributes=msgspec.json.encode(attributes).decode(),
    )
    key = _key(call, room, message.sender)
    posted = await call.services.rooms.post(room, message, key=key, caused_by=call.id)
    return {
        "success": True,
        "message": "Message updated successfully",
        "response": {"isSuccess": True, "inserted_id": posted.message.id},
    }


def _key(call: Call, room: Room, sender: str) -> Key | None:
    """The room's id stands for its caller; the fields count wherever they came from."""
    key = call.key(REALM, "create_message", f"{room.id}/{sender}")
    if key is None:
        return None
    fields = msgspec.json.encode(given(call), order="deterministic")
    return key._replace(digest=hashlib.sha256(fields).digest())


# -- get_messages, get_room_by_id -------------------------------------------------------------------------------


async def _messages(call: Call) -> Json:
    def fields(reader: Reader) -> tuple[str, int | None, int, str | None]:
        return _room_id(reader), *reader.page("start"), reader.text("envelope")

    id, start, limit, envelope = parse(call, fields)
    room = await _room_or_none(call, id)
    listed = [] if room is None else await _listed(call, room, start, limit)
    if envelope == "legacy" or call.services.settings.widgets.legacy_envelope:
        return {"isSuccess": True, "data": listed}
    return {"success": True, "message": FOUND, "response": listed}


async def _listed(call: Call, room: Room, start: int | None, limit: int) -> list[Json]:
    services = call.services
    messages = await services.messages.page(room.id, start, limit)
    markers = await services.room_lists.markers(room.id, (VISITOR, STAFF))
    read = {reader: marker.number for reader, marker in markers.items()}
    if await has_key(call, details_of(room).org_id) and read.get(STAFF, 0) < room.messages:
        # Only the staff's key says who reads; whoever writes has read what came before anyway.
        await services.rooms.mark_all_read(STAFF, room)
    shape = room_shape(room, services.settings.widgets.products)
    other = {VISITOR: STAFF, STAFF: VISITOR}
    return [
        message_shape(shape, one, read.get(other[one.sender], 0) >= one.number) for one in messages
    ]


async def _room(call: Call) -> Json:
    room = await _room_or_none(call, parse(call, _room_id))
    listed = [] if room is None else [await shown(call, room)]
    return {"success": True, "message": FOUND, "response": listed}


# -- delete_room ------------------------------------------------------------------------------------------------


def _deleted(reader: Reader) -> str:
    if reader.flag("is_active"):
        # There may be a newer active room of the same four.
        reader.complain("is_active", "cannot be true")
    return _room_id(reader)


async def _delete(call: Call) -> Json:
    room = await _widget_room(call, parse(call, _deleted))
    await call.services.rooms.close(room.id, by=VISITOR, caused_by=call.id)
    return {
        "success": True,
        "message": "Room deleted successfully",
        "response": {"isSuccess": True},
    }


TYPES: Mapping[str, Callable[[Call], Awaitable[Json]]] = {
    "create_message": _create,
    "get_messages": _messages,
    "get_room_by_id": _room,
    "delete_room": _delete,
}
"""By the field ``type``, for any verb."""


async def service(call: Call) -> Json:
    """GET, POST, DELETE room-service/."""
    wanted = TYPES.get(parse(call, lambda reader: reader.text("type")) or "")
    if wanted is None:
        raise UnknownRequestType
    return await wanted(call)
