"""auto's chat of a stream.

Source: contracts/auto.md, POST and GET /chat/:streamId. Clients of both sides save what they received beside what they
sent, so no token is asked for: whoever holds the stream's id may say what the dealer or the guest has written, and the
other side's copy within ten seconds is no new message. ``verified`` says that it came with that party's own token.
"""

from __future__ import annotations

from typing import NamedTuple

from switchboard.engine.errors import Invalid, NotFound
from switchboard.engine.ids import is_id
from switchboard.engine.sessions.kind import Address
from switchboard.engine.sessions.stream import Party, Stream
from switchboard.engine.workflows.room_requests import NewMessage, chat
from switchboard.web.call import Call
from switchboard.web.dialects.auto.callers import REALM, caller_of, key_of
from switchboard.web.dialects.auto.shapes import Json, chat_shape
from switchboard.web.reading import Reader

ECHO_WINDOW = 10_000
"""Milliseconds: contracts/auto.md."""

LIMIT_USUAL = 10
"""contracts/auto.md, GET /chat/:streamId."""


class Said(NamedTuple):
    """The fields of POST /chat/:streamId."""

    sender: str
    message: str


def _said(reader: Reader) -> Said:
    return Said(reader.required_text("from", most=100), reader.required_text("message"))


async def _stream(call: Call) -> Stream:
    id = call.arguments["stream"]
    stream = await call.services.engine.read(Address("stream", id)) if is_id(id) else None
    if not isinstance(stream, Stream):
        raise NotFound("stream")
    return stream


def _party_of(stream: Stream, sender: str) -> Party | None:
    """Who of the stream's two people is meant; a guest who gave no name goes by the stream's id."""
    if sender == stream.dealer:
        return "dealer"
    return "viewer" if sender == (stream.guest or stream.id) else None


async def say(call: Call) -> Json:
    """POST /chat/:streamId."""
    stream, caller = await _stream(call), await caller_of(call)
    given = call.parse(_said)
    party = _party_of(stream, given.sender)
    if party is None:
        raise Invalid({"from": "must be the stream's dealer or guest"})
    proven = caller.party(stream)
    rooms = call.services.rooms
    room, _ = await rooms.open(chat("stream", stream.id), by=given.sender, caused_by=call.id)
    message = NewMessage(
        sender=given.sender,
        role="party",
        text=given.message,
        verified=proven == party,
        via=proven or f"address/{call.address}",
        echo_window=ECHO_WINDOW,
    )
    key = key_of(call, "chat", caller)
    posted = await rooms.post(room, message, key=key, caused_by=call.id)
    return chat_shape(stream.id, posted.message)


async def history(call: Call) -> list[Json]:
    """GET /chat/:streamId: ascending; ``start`` counts from the oldest, without it the newest come."""
    stream = await _stream(call)
    start, limit = call.parse_query(lambda reader: reader.page("start", LIMIT_USUAL))
    room = await call.services.rooms.find(REALM, "stream", stream.id)
    if room is None:
        return []
    messages = await call.services.messages.page(room.id, start, limit)
    return [chat_shape(stream.id, message) for message in messages]
