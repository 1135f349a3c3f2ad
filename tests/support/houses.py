"""An organization with dealers over the memory store, for tests of the showroom."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio
from engines import World

from switchboard.engine.engine import Engine
from switchboard.engine.records import Account, Organization
from switchboard.engine.records.directory import Directory
from switchboard.engine.runtime.letter import Key
from switchboard.engine.sessions.gig import GIG
from switchboard.engine.sessions.kind import Address, Kind
from switchboard.engine.sessions.person import PERSON
from switchboard.engine.sessions.stream import STREAM, Stream
from switchboard.engine.workflows.dispatch import Dispatch
from switchboard.engine.workflows.quotas import Counter
from switchboard.engine.workflows.showroom import Showroom

CODE = "house"


class House:
    """A world with a showroom, whose dealers are named by letters."""

    def __init__(self, streams: Kind[Stream] = STREAM) -> None:
        self.world = World(kinds=(GIG, streams, PERSON))
        self.id = self.world.id()
        self.engine: Engine
        self.showroom: Showroom
        self.dispatch: Dispatch
        self.people: dict[str, str] = {}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """An engine; again on the same database the next time."""

        async def prepare(engine: Engine) -> None:
            store = engine.store
            if await store.organizations.find(CODE) is None:
                house = Organization(id=self.id, code=CODE, name="House", created_at=0)
                await store.organizations.add(house)
            self.dispatch = Dispatch(engine)
            counter = Counter(store.limits, engine.clock)
            directory = Directory(store.accounts)
            self.showroom = Showroom(engine, self.dispatch, directory, counter)
            await self.dispatch.open()
            await self.showroom.open()

        async with self.world.engine(prepare) as self.engine, trio.open_nursery() as nursery:
            await nursery.start(self.showroom.run)
            yield
            nursery.cancel_scope.cancel()

    async def dealer(self, name: str) -> str:
        """The id of the dealer of that name, who exists from now on."""
        if name not in self.people:
            self.people[name] = self.world.id()
            account = self.account(name)
            await self.engine.store.accounts.add(account)
        return self.people[name]

    def account(self, name: str) -> Account:
        """That dealer's account."""
        return Account(
            id=self.people[name],
            realm="people",
            first_name=name,
            dealer="approved",
            organization=self.id,
            created_at=0,
            updated_at=0,
        )

    async def online(self, name: str) -> str:
        """That dealer, online; a second passes, so that the next one is heard later."""
        id = await self.dealer(name)
        await self.showroom.online(id)
        await trio.sleep(1)
        return id

    async def offline(self, name: str) -> None:
        """That dealer, offline."""
        await self.showroom.offline(self.people[name])

    async def request(self, guest: str | None = None, key: Key | None = None) -> Stream:
        """A visitor's stream."""
        return await self.showroom.requests.make(
            CODE, "xxx", address="127.0.0.1", guest=guest, key=key
        )

    async def accept(self, stream: Stream, name: str) -> Stream:
        """The stream, taken by that dealer."""
        accepted, _ = await self.showroom.accept(stream.id, self.account(name))
        return accepted

    async def read(self, stream: Stream) -> Stream:
        """The stream as it is."""
        state = await self.engine.read(Address("stream", stream.id))
        assert isinstance(state, Stream)
        return state

    async def offered(self, stream: Stream) -> str | None:
        """The name of the dealer that has the offer now, once everything has come to rest."""
        await trio.testing.wait_all_tasks_blocked()
        names = {id: name for name, id in self.people.items()}
        offered_to = (await self.read(stream)).offered_to
        return None if offered_to is None else names[offered_to]
