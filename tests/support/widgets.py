"""Widgets of the dowell API and the staff behind them, on the real app over the memory store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

from web_worlds import Reply, WebWorld, web_world

from switchboard.settings import PRODUCTS
from switchboard.web import WebSettings
from switchboard.web.services import WidgetSettings

SEED = {
    "user_id": "ABCD12345",
    "org_id": "DOWELL12345",
    "portfolio_name": "umair",
    "product_name": "WIFIQRCODE",
}
"""The seed's request."""

ROOM_KEYS = {
    "_id",
    "eventId",
    "user_id",
    "org_id",
    "portfolio_name",
    "room_room_id",
    "product_name",
    "message_data",
    "is_active",
}
"""The seed's sample of a room."""


class Widgets:
    """Talks to dowell's three paths."""

    def __init__(self, world: WebWorld) -> None:
        self.world = world

    async def control(self, **fields: Any) -> Reply:
        """POST room-control/ with the seed's fields but for these."""
        body = {name: value for name, value in (SEED | fields).items() if value is not None}
        return await self.world.post("/dowell/api/v2/room-control/", body)

    async def room(self, **fields: Any) -> str:
        """The id of such a room."""
        reply = await self.control(**fields)
        assert reply.status == 200, reply.body
        return str(reply.body["inserted_id"])

    async def service(
        self, type: str | None, *, method: str = "POST", key: str | None = None, **fields: Any
    ) -> Reply:
        """A call of room-service/; of a GET the fields go into the query."""
        headers = {} if key is None else {"X-Api-Key": key}
        given = fields if type is None else {"type": type, **fields}
        path = "/dowell/api/v2/room-service/"
        if method == "GET":
            return await self.world.get(f"{path}?{urlencode(given)}", headers=headers)
        return await self.world.call(method, path, given, headers=headers)

    async def say(self, room: str, data: Any, *, side: Any = True, **more: Any) -> Reply:
        """create_message."""
        fields = {"room_id": room, "message_data": data, "side": side, "auther": "client"}
        return await self.service("create_message", **(fields | more))

    async def messages(self, room: str, **fields: Any) -> list[dict[str, Any]]:
        """get_messages."""
        reply = await self.service("get_messages", method="GET", room_id=room, **fields)
        assert (reply.status, set(reply.body)) == (200, {"success", "message", "response"})
        assert reply.body["message"] == "Room deatils based on workspace id"
        return list(reply.body["response"])

    async def listed(self, key: str | None = None, **fields: Any) -> Reply:
        """GET room-list/."""
        query = {"org_id": SEED["org_id"], "product_name": SEED["product_name"]} | fields
        headers: Mapping[str, str] = {} if key is None else {"X-Api-Key": key}
        path = "/dowell/api/v2/room-list/"
        return await self.world.get(f"{path}?{urlencode(query)}", headers=headers)

    async def key(self, organization: str = SEED["org_id"]) -> str:
        """A key of that organization."""
        _, secret = await self.world.services.api_keys.issue("dowell", organization, "test")
        return secret


@asynccontextmanager
async def widgets(
    *, legacy: bool = False, open: bool = False, **more: Any
) -> AsyncIterator[Widgets]:
    """A running server. ``open``: nobody but this machine can call, so that the staff needs no key."""
    settings = WebSettings(
        lenient=True,
        access_log=False,
        widgets=WidgetSettings(
            products=PRODUCTS, legacy_envelope=legacy, staff_key_needed=not open
        ),
    )
    async with web_world(settings, **more) as world:
        yield Widgets(world)
