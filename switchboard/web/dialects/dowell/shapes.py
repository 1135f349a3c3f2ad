"""dowell's JSON: rooms and messages as widgets read them. Source: contracts/dowell.md and the seed's samples."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from switchboard.engine.sessions.room import Room
from switchboard.engine.workflows.messages import Message
from switchboard.engine.workflows.room_lists import RoomView
from switchboard.web.wire import time_text

Json = dict[str, Any]

GREETING = "How may I help you"
"""The contract's: what a room shows in which nobody has written."""

EVENT_PREFIX = "FB1010000000"
EVENT_NUMBERS = 10**7
"""The contract's: ``FB1010000000<unix>#<7 digits>``."""

VISITOR, STAFF = "visitor", "staff"
"""A widget's two sides as senders and readers: nobody has an account."""


class Details(msgspec.Struct, frozen=True):
    """What a room was opened with."""

    user_id: str
    org_id: str
    portfolio_name: str
    product_name: str


class Attributes(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a message has beside its text."""

    author: str | None = None
    type: str = "text"
    data: Any = None
    """``message_data`` if it is no text."""


def details_of(room: Room) -> Details:
    """What the room was opened with."""
    return msgspec.json.decode(room.details or "", type=Details)


def event_id(room: Room) -> str:
    """A number that comes from the room alone, and from which its id cannot be found."""
    digest = hashlib.sha256(room.id.encode()).digest()
    number = int.from_bytes(digest[:8], "big") % EVENT_NUMBERS
    return f"{EVENT_PREFIX}{room.created_at // 1000}#{number:07d}"


def room_shape(room: Room, products: Mapping[str, str], message_data: Any = GREETING) -> Json:
    """A room with the seed's keys."""
    details = details_of(room)
    code = products.get(details.product_name, "")
    return {
        "_id": room.id,
        "eventId": event_id(room),
        "user_id": details.user_id,
        "org_id": details.org_id,
        "portfolio_name": details.portfolio_name,
        "room_room_id": f"{code}-{details.user_id}",
        "product_name": details.product_name,
        "message_data": message_data,
        "is_active": room.phase == "active",
    }


def message_data(message: Message | None) -> Any:
    """What was said: a text, or whatever else JSON can hold."""
    if message is None:
        return GREETING
    return message.text if message.text is not None else _attributes(message).data


def _attributes(message: Message) -> Attributes:
    return msgspec.json.decode(message.attributes or "{}", type=Attributes)


def message_shape(room: Json, message: Message, read: bool) -> Json:
    """A message: the seed's keys of its room, and its own."""
    attributes = _attributes(message)
    return {
        **room,
        "_id": message.id,
        "message_data": message_data(message),
        "side": message.role == "client",
        "author": attributes.author,
        "auther": attributes.author,
        "message_type": attributes.type,
        "read": read,
        "room_id": message.room,
        "created_at": time_text(message.at),
    }


def listed_shape(view: RoomView, products: Mapping[str, str]) -> Json:
    """A room in the staff's list, with its last message and how many the staff has not read."""
    last = view.last_message
    shape = room_shape(view.room, products, message_data(last))
    # A visitor is known to have read what came before it wrote, so never the staff's last word.
    by_visitor = last is not None and last.role == "client"
    seen = by_visitor and view.unread == 0
    return {
        **shape,
        "room_id": view.room.id,
        "last_message": None if last is None else message_shape(shape, last, seen),
        "unread_count": view.unread,
        "created_at": time_text(view.room.created_at),
        "updated_at": time_text(view.room.active_at),
    }
