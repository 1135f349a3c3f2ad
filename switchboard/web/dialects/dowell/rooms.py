"""dowell's rooms: finding or making one's own, and the staff's list. Source: contracts/dowell.md."""

from __future__ import annotations

import msgspec

from switchboard.engine.errors import Invalid
from switchboard.engine.sessions.room import Room
from switchboard.engine.workflows.room_requests import NewRoom, key_of
from switchboard.web.call import Call
from switchboard.web.dialects.dowell.errors import WrongData
from switchboard.web.dialects.dowell.fields import NAME_LENGTH_MOST, REALM, only_staff, parse
from switchboard.web.dialects.dowell.shapes import (
    STAFF,
    VISITOR,
    Details,
    Json,
    listed_shape,
    message_data,
    room_shape,
)
from switchboard.web.reading import Reader


def _product(reader: Reader, call: Call) -> str:
    name = reader.required_text("product_name", most=NAME_LENGTH_MOST)
    if name and name not in call.services.settings.widgets.products:
        reader.complain("product_name", "is no known product")
    return name


async def control(call: Call) -> Json:
    """POST room-control/: the active room of these four, or a new one."""

    def details(reader: Reader) -> Details:
        return Details(
            user_id=reader.required_text("user_id", most=NAME_LENGTH_MOST),
            org_id=reader.required_text("org_id", most=NAME_LENGTH_MOST),
            portfolio_name=reader.required_text("portfolio_name", most=NAME_LENGTH_MOST),
            product_name=_product(reader, call),
        )

    services = call.services
    await services.counter.count("dowell-rooms", call.address, services.quotas.rooms_per_address)
    try:
        given = parse(call, details)
    except Invalid as error:
        raise WrongData(error.fields) from error
    new = NewRoom(
        realm=REALM,
        purpose="widget",
        key=key_of(given.user_id, given.org_id, given.portfolio_name, given.product_name),
        app=given.org_id,
        shelf=key_of(given.org_id, given.product_name),
        details=msgspec.json.encode(given).decode(),
    )
    room, made = await services.rooms.open(new, by=VISITOR, caused_by=call.id)
    return {
        "success": True,
        "message": "Room created successfully" if made else "Room filter successfully",
        "inserted_id": room.id,
        "response": await shown(call, room),
    }


async def shown(call: Call, room: Room) -> Json:
    """A room with the seed's keys and what was said in it last."""
    last = None
    if room.last_message is not None:
        last = await call.services.messages.of_head(room.id, room.last_message)
    return room_shape(room, call.services.settings.widgets.products, message_data(last))


async def listed(call: Call) -> Json:
    """GET room-list/: the rooms of an organization's product, for its staff."""

    def fields(reader: Reader) -> tuple[str, str, int | None, int]:
        organization = reader.required_text("org_id", most=NAME_LENGTH_MOST)
        return organization, _product(reader, call), *reader.page("start")

    organization, product, start, limit = parse(call, fields)
    await only_staff(call, organization)
    shelf = key_of(organization, product)
    views = await call.services.room_lists.on_shelf(shelf, STAFF, start or 0, limit)
    products = call.services.settings.widgets.products
    rooms = [listed_shape(view, products) for view in views]
    return {"success": True, "rooms": rooms, "response": rooms}
