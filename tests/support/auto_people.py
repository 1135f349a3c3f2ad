"""Dealers of an organization and the visitors of its page, over auto's HTTP."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import trio.testing
from web_worlds import Reply, WebWorld

from switchboard.engine.records import Account
from switchboard.engine.sessions.kind import Address
from switchboard.engine.sessions.stream import Stream
from switchboard.engine.workflows.accounts import Registration

CODE = "house"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")

STREAM_KEYS = {
    *("_id", "id", "status", "organization", "vin", "vehicle", "dealer", "acceptedDealerFullName"),
    *("guestId", "note", "duration", "createdAt", "updatedAt", "startedAt", "stoppedAt", "lead"),
}
VIDEO_KEYS = {"video", "apiKey", "sessionId", "token"}


class Dealer(NamedTuple):
    """A dealer with a token."""

    world: WebWorld
    account: Account
    token: str

    @property
    def id(self) -> str:
        """The account's id."""
        return self.account.id

    async def post(self, path: str, body: Any = None, **more: Any) -> Reply:
        """A POST to auto."""
        return await self.world.post(f"/auto{path}", body, token=self.token, **more)

    async def get(self, path: str, **more: Any) -> Reply:
        """A GET of auto's."""
        return await self.world.get(f"/auto{path}", token=self.token, **more)

    async def online(self) -> Dealer:
        """Itself, online."""
        reply = await self.post("/accounts/status/online")
        assert reply.status == 200, reply.body
        return self

    async def presence(self) -> Any:
        """What its account would be shown with."""
        return await self.world.services.showroom.presence(self.id)


class House:
    """An organization."""

    def __init__(self, world: WebWorld, id: str, code: str) -> None:
        self.world = world
        self.id = id
        self.code = code

    async def dealer(self, name: str, **roles: Any) -> Dealer:
        """A new dealer, approved unless said otherwise."""
        registration = Registration(
            first_name=name,
            last_name="Vo",
            identities=(("username", f"{name}-{self.code}"),),
            organization=self.id,
        )
        roles = {"dealer": "approved"} | roles
        account = await self.world.services.desk.create(registration, **roles)
        return Dealer(self.world, account, self.world.token(account, "auto"))

    async def request(self, **body: Any) -> Reply:
        """A visitor's request."""
        path = f"/auto/streams/request/{self.code}"
        return await self.world.post(path, {"vin": "xxx"} | body)

    async def requested(self, **body: Any) -> Any:
        """The stream of a request that finds somebody."""
        reply = await self.request(**body)
        assert (reply.status, reply.data["status"]) == (200, "requested"), reply.body
        return reply.data

    async def streaming(self, dealer: Dealer) -> Any:
        """A stream that this dealer, who must be the first to be found, streams; as its request was answered."""
        stream = await self.requested()
        reply = await dealer.post(f"/streams/accept/{stream['_id']}")
        assert reply.status == 200, reply.body
        return stream


async def house(world: WebWorld, code: str = CODE) -> House:
    """A new organization."""
    made = await world.services.desk.create_organization(code, code.title())
    return House(world, made.id, code)


async def stream_of(world: WebWorld, id: str) -> Stream:
    """The stream as the engine has it, once everything has come to rest."""
    await trio.testing.wait_all_tasks_blocked()
    stream = await world.engine.read(Address("stream", id))
    assert isinstance(stream, Stream)
    return stream


def proof(stream: Any) -> dict[str, str]:
    """The header that proves to be the visitor whose request was answered so."""
    return {"X-Viewer-Token": stream["viewerToken"]}
