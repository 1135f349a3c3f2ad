"""dowell's channels: a room's id is its capability. Source: contracts/realtime.md, contracts/dowell.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from switchboard.engine.errors import NotAllowed, NotFound
from switchboard.engine.ids import is_id
from switchboard.engine.runtime.announcements import Announcement
from switchboard.web.call import Call
from switchboard.web.dialects.dowell.fields import REALM
from switchboard.web.dialects.dowell.shapes import message_shape, room_shape
from switchboard.web.realtime.hub import Rendered
from switchboard.web.realtime.listening import NOTHING, Admission, Listening, Plan
from switchboard.web.realtime.lookups import Lookups, renderers
from switchboard.web.services import Services

ROOM = "private-room-"


class Posted(msgspec.Struct, frozen=True):
    """What is needed of the announced message."""

    id: str


async def admit(call: Call, name: str) -> Admission:
    """See ``Listening``."""
    if not name.startswith(ROOM):
        raise NotAllowed
    try:
        room = await call.services.rooms.get(name.removeprefix(ROOM))
    except NotFound as error:
        raise NotAllowed from error
    if room.realm != REALM:
        raise NotAllowed
    return Admission()


def still(_state: Any, _account: str | None) -> bool:
    """Nothing takes a room's id back."""
    return True


async def plan(services: Services, name: str) -> Plan:
    """``private-room-<room>`` is fed by the room's own topic."""
    room = name.removeprefix(ROOM)
    if not name.startswith(ROOM) or not is_id(room):
        return NOTHING

    def rendering(announcement: Announcement, lookups: Lookups) -> Rendered | None:
        return _message(services.settings.widgets.products, room, announcement, lookups)

    return Plan((f"room/{room}",), *renderers(services, rendering))


def _message(
    products: Mapping[str, str], id: str, announcement: Announcement, lookups: Lookups
) -> Rendered | None:
    if not announcement.name.startswith("MessagePosted"):
        return None
    posted = msgspec.json.decode(announcement.body, type=Posted)
    message, room = lookups.message(posted.id), lookups.room(id)
    if message is None or room is None:
        return None
    shape = room_shape(room, products)
    return Rendered("message", message_shape(shape, message, read=False))


LISTENING = Listening(admit, plan, still)
