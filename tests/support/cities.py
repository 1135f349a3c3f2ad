"""A city of customers and operators over the memory store, for tests of dispatch."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio
from engines import World

from switchboard.engine.engine import Engine
from switchboard.engine.runtime.letter import Key
from switchboard.engine.sessions.gig import GIG, ClaimGig, ConfirmGig, Gig, StartGig, StopGig
from switchboard.engine.sessions.kind import Address, Command
from switchboard.engine.sessions.person import PERSON
from switchboard.engine.workflows.dispatch import Dispatch

LATITUDE, LONGITUDE = 10.787859, 106.70653


class City:
    """A world with a dispatch, whose people are named by letters."""

    def __init__(self) -> None:
        self.world = World(kinds=(GIG, PERSON))
        self.dispatch: Dispatch
        self.engine: Engine
        self.people: dict[str, str] = {}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """An engine; again on the same database the next time."""

        async def prepare(engine: Engine) -> None:
            self.dispatch = Dispatch(engine)
            await self.dispatch.open()

        async with self.world.engine(prepare) as self.engine:
            yield

    def id(self, name: str) -> str:
        """The account id of a name."""
        return self.people.setdefault(name, self.world.id())

    async def online(self, name: str, north_km: float = 0.0) -> str:
        """An operator so far north of the customer."""
        await self.dispatch.online(self.id(name), LATITUDE + north_km / 111.2, LONGITUDE)
        return self.id(name)

    async def request(self, name: str, key: Key | None = None) -> Gig:
        """A new gig of that customer."""
        return await self.dispatch.request(self.id(name), LATITUDE, LONGITUDE, key=key)

    async def ask(self, gig: Gig | str, command: Command) -> Gig:
        """The gig after a command."""
        id = gig if isinstance(gig, str) else gig.id
        state = await self.engine.ask(Address("gig", id), command, by="test")
        assert isinstance(state, Gig)
        return state

    async def read(self, gig: Gig) -> Gig:
        """The gig as it is."""
        state = await self.engine.read(Address("gig", gig.id))
        assert isinstance(state, Gig)
        return state

    async def near(self, without: str | None = None) -> list[str]:
        """Names of those who are found, nearest first."""
        names = {id: name for name, id in self.people.items()}
        found = await self.dispatch.near(LATITUDE, LONGITUDE, without=without)
        return [names[one.account] for one in found]

    async def streamed(self, customer: str, operator: str) -> Gig:
        """A gig of the two that has just been stopped."""
        gig = await self.request(customer)
        await self.ask(gig, ClaimGig(operator=self.id(operator)))
        await self.ask(gig, ConfirmGig(account=self.id(customer)))
        await self.dispatch.handshake(gig.id, self.id(customer))
        await self.ask(gig, StartGig(account=self.id(customer)))
        await trio.sleep(69)
        return await self.ask(gig, StopGig(account=self.id(customer)))
