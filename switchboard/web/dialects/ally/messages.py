"""ally's calls about single messages."""

from __future__ import annotations

from switchboard.engine.ids import is_id
from switchboard.web.call import Call, Page
from switchboard.web.dialects.ally.callers import id_in
from switchboard.web.dialects.ally.shapes import Json, message_shape
from switchboard.web.reading import PAGE_MOST


async def several(call: Call) -> Json:
    """GET /api/messages: those of the ids that the caller may see; malformed ones are skipped."""
    ids = call.parse_query(lambda reader: reader.strings("id", most=PAGE_MOST)) or ()
    found = await call.services.support.rooms.messages(call.caller, [id for id in ids if is_id(id)])
    return {"messages": [message_shape(message) for message in found]}


async def show(call: Call) -> Json:
    """GET /api/message/:id."""
    message = await call.services.support.rooms.message(call.caller, id_in(call, "message"))
    return message_shape(message)


async def read(call: Call) -> Page:
    """PUT /api/message/:id/read: the marker only moves forward. Answered with nothing, as HTML."""
    await call.services.support.rooms.read(call.caller, id_in(call, "message"))
    return Page("text/html; charset=utf-8", b"")
