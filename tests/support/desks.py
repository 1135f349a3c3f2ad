"""A support desk of the ally API with its clients, on the real app over the memory store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

from web_worlds import Reply, WebWorld, web_world

from switchboard.engine.records import SupportApp
from switchboard.engine.workflows.support_people import StaffMember
from switchboard.web import WebSettings

FORM = "application/x-www-form-urlencoded"

OPERATOR_KEYS = {
    "geolocation",
    "is_admin",
    "device_type",
    "id",
    "tzoffset",
    "is_operator",
    "os_version",
    "alias",
    "avatar_url",
    "login",
    "app_version",
}
MESSAGE_KEYS = {"room", "created_at", "file", "message", "issue", "id", "sender"}
ISSUE_KEYS = {
    "last_message",
    "first_message",
    "is_open",
    "room",
    "tags",
    "answered_at",
    "closed_at",
    "created_at",
    "id",
    "closed_by",
}
ROOM_KEYS = {
    "status",
    "last_issue",
    "first_message",
    "users",
    "tags",
    "last_message",
    "id",
    "is_support",
    "active_operator",
}
"""The seed's samples; ``active_operator`` is ours."""


class Voice:
    """Somebody with a token."""

    def __init__(self, world: WebWorld, id: str, token: str) -> None:
        self.world, self.id, self.token = world, id, token

    async def call(self, method: str, path: str, form: dict[str, Any] | None = None) -> Reply:
        """A request as the seed's curl lines have it: the token in the query, the fields in a form."""
        joint = "&" if "?" in path else "?"
        raw = None if form is None else urlencode(form).encode()
        kind = None if form is None else FORM
        return await self.world.call(
            method, f"/ally/api{path}{joint}token={self.token}", raw=raw, kind=kind
        )

    async def get(self, path: str) -> Reply:
        """A GET."""
        return await self.call("GET", path)

    async def post(self, path: str, **form: Any) -> Reply:
        """A POST."""
        return await self.call("POST", path, form)

    async def ok(self, method: str, path: str, **form: Any) -> Any:
        """The body of an answer that must be 200."""
        reply = await self.call(method, path, form or None)
        assert reply.status == 200, reply.body
        return reply.body

    async def room(self) -> str:
        """The id of its support room, or of its only room."""
        rooms = (await self.ok("GET", f"/user/{self.id}/rooms"))["rooms"]
        return str(next((one["id"] for one in rooms if one["is_support"]), rooms[0]["id"]))

    async def say(self, room: str, text: str) -> Any:
        """Writes, as the websocket will."""
        account = await self.world.services.directory.get(self.id)
        assert account is not None
        return await self.world.services.support.rooms.post(account, room, text=text)


class Desk:
    """An app with its people."""

    def __init__(self, world: WebWorld, app: SupportApp) -> None:
        self.world, self.app = world, app

    def token(self, account: str) -> str:
        """A token of that account."""
        return self.world.services.tokens.issue(account, "ally")

    async def client(self, alias: str) -> Voice:
        """A client that registers."""
        body = {"alias": alias, "app_id": self.app.code}
        reply = await self.world.post("/ally/api/user/register", body)
        assert reply.status == 200, reply.body
        return Voice(self.world, reply.body["id"], self.token(reply.body["id"]))

    async def staff(self, login: str, *, admin: bool = False) -> Voice:
        """An operator or administrator."""
        member = StaffMember(login=login, password="secret", is_admin=admin)
        account = await self.world.services.support.people.add_staff(self.app.id, member)
        return Voice(self.world, account.id, self.token(account.id))


@asynccontextmanager
async def desk(
    code: str = "sensetest", settings: WebSettings | None = None, **more: Any
) -> AsyncIterator[Desk]:
    """A running server with an app."""
    async with web_world(settings or WebSettings(access_log=False), **more) as world:
        yield Desk(world, await world.services.support.apps.create(code, code))
