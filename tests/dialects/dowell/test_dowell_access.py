"""Who may call what: every call of dowell, for everybody there is, against one table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from web_worlds import Reply
from widgets import SEED, Widgets, widgets

from switchboard.web.dialects.dowell import DOWELL

WHO = ("none", "other", "own", "staff")
"""Who knows no room; who has another organization's key; who holds the room's id; the organization's staff."""

TABLE: Mapping[tuple[str, str, str], tuple[int, ...]] = {
    ("POST", "/api/v2/room-control", ""): (200,) * 4,
    ("POST", "/api/v2/room-service", "create_message as the visitor"): (404, 200, 200, 200),
    ("POST", "/api/v2/room-service", "create_message as the staff"): (404, 403, 401, 200),
    ("GET", "/api/v2/room-service", "get_messages"): (200,) * 4,
    ("DELETE", "/api/v2/room-service", "delete_room"): (404, 200, 200, 200),
    ("GET", "/api/v2/room-list", ""): (401, 403, 401, 200),
    ("POST", "/api/v2/socket/auth", "a room's channel"): (403, 200, 200, 200),
}
"""(method, path, what) -> the status for each of ``WHO``: a room's id is its capability."""

OPERATIONS = [(route.method, route.path) for route in DOWELL.routes]


async def call(
    to: Widgets, row: tuple[str, str, str], who: str, room: str, key: str | None
) -> Reply:
    """The call, as whom."""
    method, path, what = row
    if path.endswith("control"):
        return await to.control()
    if path.endswith("list"):
        return await to.listed(key)
    if path.endswith("auth"):
        channel = f"private-room-{'f' * 24 if who == 'none' else room}"
        body = {"socket_id": "1.1", "channel_name": channel}
        return await to.world.post(f"/dowell{path}", body)
    fields: dict[str, Any] = {"room_id": "f" * 24 if who == "none" else room}
    if what.startswith("create"):
        fields |= {"message_data": who, "side": what.endswith("visitor")}
    return await to.service(what.partition(" ")[0], method=method, key=key, **fields)


@pytest.mark.parametrize("row", TABLE, ids=" ".join)
async def test_who_may_call_what(row: tuple[str, str, str]) -> None:
    """Each by everybody in turn."""
    async with widgets() as to:
        room = await to.room()
        keys = {"other": await to.key("another"), "staff": await to.key(SEED["org_id"])}
        statuses = [(await call(to, row, who, room, keys.get(who))).status for who in WHO]
        assert tuple(statuses) == TABLE[row]


def test_the_table_has_every_operation() -> None:
    assert {(method, path) for method, path, _ in TABLE} == set(OPERATIONS)
