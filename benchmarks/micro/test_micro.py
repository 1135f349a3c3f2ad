"""Times of single parts, with pytest-benchmark: ``make micro``. Compare only figures of one sitting."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio

from benchmarks.loop import Loop, loop
from benchmarks.micro.pure import PURE, TEXT
from switchboard.bench.quiet import log_to_stderr
from switchboard.engine.clock import Clock
from switchboard.engine.engine import Engine, running
from switchboard.engine.ids import Ids
from switchboard.engine.sessions.kind import Address
from switchboard.engine.sessions.room import OpenRoom, PostMessage
from switchboard.settings_loading import load
from switchboard.store.memory import open_memory
from switchboard.store.memory_tables import MemoryDatabase
from switchboard.web.security import Tokens
from switchboard.wiring import assemble
from switchboard.wiring import running as switchboard_running

CALLS = 100
"""In each round of what runs in a loop: the way there is shared by them."""

ROOMS = 100
"""Of a batch of commits."""

LETTERS = 64
"""The most of one turn."""


class Rooms:
    """Rooms that are written to."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.addresses: list[Address] = []

    async def open(self, count: int) -> None:
        """Makes so many."""
        for _ in range(count):
            address = Address("room", self._id())
            command = OpenRoom(
                id=address.id, realm="ally", app="", purpose="widget", key=address.id, people=()
            )
            await self.engine.ask(address, command, by="bench", fresh=True)
            self.addresses.append(address)

    async def post(self, address: Address) -> None:
        """One message."""
        message = PostMessage(id=self._id(), sender="bench", role="client", text=TEXT)
        await self.engine.ask(address, message, by="bench")

    async def one_by_one(self) -> None:
        """So many messages in one room, each after the answer to the last."""
        for _ in range(CALLS):
            await self.post(self.addresses[0])

    async def at_once(self) -> None:
        """As many messages in one room as a turn takes."""
        async with trio.open_nursery() as nursery:
            for _ in range(LETTERS):
                nursery.start_soon(self.post, self.addresses[0])

    async def everywhere(self) -> None:
        """A message in every room."""
        async with trio.open_nursery() as nursery:
            for address in self.addresses:
                nursery.start_soon(self.post, address)

    def _id(self) -> str:
        return self.engine.ids.new(self.engine.clock.now())


@pytest.fixture(scope="module")
def in_memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loop[Rooms]]:
    """A room of an engine whose store is the fake in memory."""
    folder = tmp_path_factory.mktemp("memory")

    @asynccontextmanager
    async def opened() -> AsyncIterator[Rooms]:
        async with open_memory(MemoryDatabase()) as store:
            services = assemble(load({}, {"data_dir": str(folder)}), store)
            async with running(services.engine):
                rooms = Rooms(services.engine)
                await rooms.open(1)
                yield rooms

    with loop(opened) as found:
        yield found


@pytest.fixture(scope="module")
def in_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loop[Rooms]]:
    """Rooms of a whole Switchboard with its embedded Postgres."""
    log_to_stderr()
    folder = tmp_path_factory.mktemp("postgres")

    @asynccontextmanager
    async def opened() -> AsyncIterator[Rooms]:
        async with switchboard_running(load({}, {"data_dir": str(folder)})) as application:
            rooms = Rooms(application.services.engine)
            await rooms.open(ROOMS)
            yield rooms

    with loop(opened) as found:
        yield found


@pytest.mark.parametrize("name", PURE)
def test_pure(benchmark: Any, name: str) -> None:
    benchmark(PURE[name]())


def test_100_asks_one_after_the_other(benchmark: Any, in_memory: Loop[Rooms]) -> None:
    benchmark(in_memory.run, Rooms.one_by_one)


def test_a_turn_of_64_letters(benchmark: Any, in_memory: Loop[Rooms]) -> None:
    benchmark(in_memory.run, Rooms.at_once)


def test_a_commit_of_one_message(benchmark: Any, in_postgres: Loop[Rooms]) -> None:
    async def post(rooms: Rooms) -> None:
        await rooms.post(rooms.addresses[0])

    benchmark(in_postgres.run, post)


def test_commits_of_100_rooms_at_once(benchmark: Any, in_postgres: Loop[Rooms]) -> None:
    benchmark(in_postgres.run, Rooms.everywhere)


@pytest.fixture(scope="module")
def tokens() -> Tokens:
    """Of one key."""

    async def made() -> Tokens:
        await trio.lowlevel.checkpoint()
        nowhere = MemoryDatabase().revocations
        keys = {"one": b"only for the length of a benchmark"}
        return Tokens(keys=keys, current="one", revocations=nowhere, clock=Clock(), ids=Ids())

    return trio.run(made)


@pytest.mark.parametrize("known", [False, True], ids=["seen first", "seen before"])
def test_a_token_is_checked(benchmark: Any, tokens: Tokens, known: bool) -> None:
    async def check() -> None:
        await trio.lowlevel.checkpoint()
        text = tokens.issue("6b49d2000000000000000000", "dropin")

        def checked() -> None:
            if not known:
                tokens.use_keys({"one": b"only for the length of a benchmark"}, "one")
            tokens.check(text, "dropin")

        benchmark(checked)

    trio.run(check)
