"""People of the company API, on the real app over the memory store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from web_worlds import Reply, WebWorld, web_world

from switchboard.web import WebSettings

USER_KEYS = {"subname", "password", "name", "job", "id", "email"}
"""The seed's user."""


class Colleague:
    """Somebody who has registered and logged in."""

    def __init__(self, world: WebWorld, user: dict[str, Any], token: str) -> None:
        self.world, self.user, self.token = world, user, token
        self.id: int = user["id"]

    async def call(self, method: str, path: str, body: Any = None, **more: Any) -> Reply:
        """A request with this colleague's token."""
        return await self.world.call(method, f"/company/api{path}", body, token=self.token, **more)

    async def get(self, path: str, **more: Any) -> Reply:
        """A GET."""
        return await self.call("GET", path, **more)

    async def post(self, path: str, body: Any = None, **more: Any) -> Reply:
        """A POST."""
        return await self.call("POST", path, body, **more)

    async def conversation(self, other: Colleague) -> int:
        """The number of the conversation with somebody."""
        reply = await self.post("/conversations", {"recipient": other.id})
        assert reply.status in (200, 201), reply.body
        number = reply.body["id"]
        assert isinstance(number, int)
        return number

    async def say(self, conversation: int, text: str, **more: Any) -> Reply:
        """A message."""
        return await self.post("/messages", {"conv": conversation, "content": text}, **more)

    async def texts(self, conversation: int, query: str = "") -> list[str]:
        """What was said."""
        reply = await self.get(f"/messages?conv={conversation}{query}")
        assert reply.status == 200, reply.body
        return [one["content"] for one in reply.body]


def seed_user(name: str = "John", **changes: Any) -> dict[str, Any]:
    """The seed's registration, of somebody else for another name."""
    fields = {"name": name, "subname": "Doe", "email": f"{name.lower()}@mail.com", "job": "CEO"}
    return fields | changes


async def register(world: WebWorld, name: str = "John", **changes: Any) -> Reply:
    """POST /api/users as in the seed."""
    return await world.post("/company/api/users/", {"user": seed_user(name, **changes)})


async def login(world: WebWorld, email: str, password: str) -> Reply:
    """POST /api/login as in the seed."""
    return await world.post(
        "/company/api/login/", {"creds": {"email": email, "password": password}}
    )


async def a_colleague(world: WebWorld, name: str) -> Colleague:
    """Registers and logs in."""
    user = (await register(world, name)).body
    reply = await login(world, user["email"], user["password"])
    assert reply.status == 200, reply.body
    return Colleague(world, user, reply.body["data"]["token"])


@asynccontextmanager
async def colleagues(
    *names: str, domains: tuple[str, ...] = (), **more: Any
) -> AsyncIterator[tuple[WebWorld, list[Colleague]]]:
    """A running server and people of those names."""
    settings = WebSettings(access_log=False, company_domains=frozenset(domains))
    async with web_world(settings, **more) as world:
        yield world, [await a_colleague(world, name) for name in names]
