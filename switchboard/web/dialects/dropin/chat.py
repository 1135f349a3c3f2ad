"""dropin's chat of a gig.

Source: contracts/dropin.md, 'Endpoints'. The page is silent on clients that save what they received beside what they
sent. They are treated as auto's are (contracts/auto.md): the other side's copy within ten seconds is no new message.
"""

from __future__ import annotations

from typing import NamedTuple

from switchboard.engine.errors import Invalid, NotAllowed, NotFound
from switchboard.engine.ids import is_id
from switchboard.engine.sessions.gig import Gig
from switchboard.engine.sessions.kind import Address
from switchboard.engine.workflows.room_requests import NewMessage, chat
from switchboard.web.call import Call
from switchboard.web.dialects.dropin.shapes import Json, message_shape
from switchboard.web.reading import Reader

ECHO_WINDOW = 10_000
"""Milliseconds: contracts/auto.md, POST /chat/:streamId."""


class Saved(NamedTuple):
    """The fields of POST /chat/save."""

    gig: str
    sender: str | None
    message: str


def _saved(reader: Reader) -> Saved:
    sender = reader.reference("from") if reader.has("from") else None
    return Saved(reader.reference("gig"), sender, reader.required_text("message"))


async def _own_gig(call: Call, id: str) -> Gig:
    """The gig that the caller takes part in. Raises: NotFound, NotAllowed."""
    gig = await call.services.engine.read(Address("gig", id)) if is_id(id) else None
    if not isinstance(gig, Gig):
        raise NotFound("gig")
    if call.caller.id not in (gig.customer, gig.operator):
        raise NotAllowed
    return gig


async def save(call: Call) -> Json:
    """POST /chat/save: from either party; without ``from`` it is the caller's."""
    given = call.parse(_saved)
    gig, caller = await _own_gig(call, given.gig), call.caller.id
    sender = given.sender or caller
    if sender not in (gig.customer, gig.operator):
        raise Invalid({"from": "must be a party of the gig"})
    rooms = call.services.rooms
    room, _ = await rooms.open(chat("gig", gig.id), by=caller, caused_by=call.id)
    message = NewMessage(
        sender=sender,
        role="party",
        text=given.message,
        verified=sender == caller,
        via=caller,
        echo_window=ECHO_WINDOW,
    )
    key = call.key("people", "chat")
    posted = await rooms.post(room, message, key=key, caused_by=call.id)
    return message_shape(gig.id, posted.message)


async def history(call: Call) -> list[Json]:
    """GET /chat/:gigId: ascending; skip counts from the oldest, without it the newest come."""
    gig = await _own_gig(call, call.arguments["gig"])
    skip, limit = call.parse_query(lambda reader: reader.page("skip"))
    room = await call.services.rooms.find("people", "gig", gig.id)
    if room is None:
        return []
    messages = await call.services.messages.page(room.id, skip, limit)
    return [message_shape(gig.id, message) for message in messages]
