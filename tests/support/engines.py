"""An engine over the memory store, for tests of the runtime."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import trio
from counters import COUNTER, Counter, Create
from structlog.testing import CapturingLogger

from switchboard.engine.clock import Clock, Instant
from switchboard.engine.engine import Engine, running
from switchboard.engine.errors import CommitUnknown, StoreDown
from switchboard.engine.ids import Ids
from switchboard.engine.ports import Capacity, RoomKey, VideoProvider
from switchboard.engine.runtime.supervision_log import SupervisionLog
from switchboard.engine.sessions.kind import Address, Command, Kind
from switchboard.engine.sessions.video import VideoSession
from switchboard.engine.storing import Store
from switchboard.store.memory import open_memory
from switchboard.store.memory_tables import MemoryDatabase

EPOCH: Instant = 1_800_000_000_000
"""When every test begins, on the engine's clock."""


class Room:
    """A video provider that needs nobody."""

    name = "p2p"

    def __init__(self) -> None:
        self.opened: list[str] = []

    async def open(self, kind: str, session: str) -> VideoSession:
        """The room of that session."""
        self.opened.append(session)
        await trio.lowlevel.checkpoint()
        return VideoSession("p2p", f"presence-{kind}-{session}", "key")

    async def close(self, room: VideoSession) -> None:
        """Nothing is to be done."""

    def token(self, room: VideoSession, account: str, now: Instant) -> str:
        """That party's key."""
        return f"{room.session_id}/{account}/{now}"

    def read_key(self, text: str, now: Instant) -> RoomKey | None:
        """Nobody asks."""
        return None


class Gatekeeper:
    """The memory store's gate in a test's hands: by default every call passes after one checkpoint."""

    def __init__(self) -> None:
        self.down = False
        """Every call is refused."""
        self.refused: frozenset[str] = frozenset()
        """Calls of these names are refused."""
        self.lose_answers = 0
        """So many commits take effect and their answer is lost."""
        self.drop_commits = 0
        """So many commits take no effect and their answer is lost too."""
        self.held: trio.Event | None = None
        """Commits wait for it."""
        self.calls: list[str] = []

    async def __call__(self, name: str) -> None:
        """The gate."""
        self.calls.append(name)
        await trio.lowlevel.checkpoint()
        if self.held is not None and name == "commit":
            await self.held.wait()
        if self.down or name in self.refused:
            raise StoreDown(name)
        if name == "commit" and self.drop_commits:
            self.drop_commits -= 1
            raise CommitUnknown(name)
        if name == "committed" and self.lose_answers:
            self.lose_answers -= 1
            raise StoreDown(name)


class World:
    """A database, and the engines that run on it one after another."""

    def __init__(
        self,
        kinds: Sequence[Kind[Any]] = (COUNTER,),
        capacity: Capacity | None = None,
        code_version: str = "test-1",
    ) -> None:
        self.database = MemoryDatabase()
        self.gate = Gatekeeper()
        self.kinds = kinds
        self.capacity = capacity or Capacity(idle_seconds=None)
        self.code_version = code_version
        self.ids = Ids(random.Random(1))
        self.clock = Clock(EPOCH)

    @asynccontextmanager
    async def engine(
        self, before: Callable[[Engine], Awaitable[None]] | None = None
    ) -> AsyncIterator[Engine]:
        """A running engine; leaving the block stops it, as a restart does."""
        async with open_memory(self.database, self.gate) as store:
            engine = Engine(
                store=cast(Store, store),
                clock=self.clock,
                ids=self.ids,
                video=cast(VideoProvider, Room()),
                kinds=self.kinds,
                log=SupervisionLog(self.clock.now, CapturingLogger()),
                capacity=self.capacity,
                code_version=self.code_version,
                chance=random.Random(2),
            )
            if before is not None:
                await before(engine)
            async with running(engine):
                yield engine

    def id(self) -> str:
        """A fresh id."""
        return self.ids.new(self.clock.now())


async def make(engine: Engine, world: World, owner: str | None = None) -> Address:
    """A new counter."""
    address = Address("counter", world.id())
    await engine.ask(address, Create(id=address.id, owner=owner), by="test", fresh=True)
    return address


async def ask(engine: Engine, address: Address, command: Command) -> Counter:
    """The counter after the command."""
    state = await engine.ask(address, command, by="test")
    assert isinstance(state, Counter)
    return state


async def read(engine: Engine, address: Address) -> Counter:
    """The counter as it is."""
    state = await engine.read(address)
    assert isinstance(state, Counter)
    return state


def events(engine: Engine, name: str) -> list[Any]:
    """The supervision log's events of that name, oldest first."""
    return [event for event in engine.log.recent() if event["event"] == name]
