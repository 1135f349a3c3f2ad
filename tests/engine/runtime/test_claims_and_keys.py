"""Claims and idempotency keys: what spans sessions, in the commit of one."""

from __future__ import annotations

import pytest
import trio
from counters import Add, Close, Create
from engines import World, ask, make, read
from trio.testing import MockClock

from switchboard.engine.errors import (
    Conflict,
    Engaged,
    KeyReused,
    StoreDown,
)
from switchboard.engine.runtime.letter import Key
from switchboard.engine.sessions.kind import Address


async def test_a_taken_claim_refuses_that_command_with_its_holder(
    autojump_clock: MockClock,
) -> None:
    world = World()
    async with world.engine() as engine:
        first = await make(engine, world, owner="anna")
        with pytest.raises(Engaged) as caught:
            await make(engine, world, owner="anna")
        assert caught.value.session == first.id
        await ask(engine, first, Close())
        second = await make(engine, world, owner="anna")
        assert (await read(engine, second)).owner == "anna"


async def test_of_two_sessions_that_want_one_claim_at_once_exactly_one_wins(
    autojump_clock: MockClock,
) -> None:
    world = World()
    async with world.engine() as engine:
        for round in range(50):
            won: list[Address] = []
            holders: list[str] = []

            async def compete(
                owner: str, won: list[Address] = won, holders: list[str] = holders
            ) -> None:
                try:
                    won.append(await make(engine, world, owner))
                except Engaged as refusal:
                    holders.append(refusal.session)

            async with trio.open_nursery() as nursery:
                nursery.start_soon(compete, f"owner{round}")
                nursery.start_soon(compete, f"owner{round}")
            assert len(won) == 1
            assert holders == [won[0].id]


async def test_the_same_key_gets_the_first_answer_also_after_a_restart(
    autojump_clock: MockClock,
) -> None:
    world = World()
    key = Key("people/anna/add/1", b"digest")
    async with world.engine() as engine:
        counter = await make(engine, world)
        first = await engine.ask(counter, Add(amount=1), by="anna", key=key)
        assert await engine.ask(counter, Add(amount=1), by="anna", key=key) == first
        with pytest.raises(KeyReused):
            await engine.ask(counter, Add(amount=2), by="anna", key=Key(key.key, b"other"))
    async with world.engine() as engine:
        assert await engine.ask(counter, Add(amount=1), by="anna", key=key) == first
        assert (await read(engine, counter)).total == 1


async def test_concurrent_duplicates_of_a_key_make_one_session(autojump_clock: MockClock) -> None:
    world = World()
    key = Key("people/anna/create/1", b"digest")
    async with world.engine() as engine:
        answers: list[str] = []

        async def create() -> None:
            address = Address("counter", world.id())
            command = Create(id=address.id)
            answers.append((await engine.ask(address, command, by="anna", key=key, fresh=True)).id)

        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(create)
        assert len(answers) == 5
        assert len(set(answers)) == 1
        assert len(world.database.sessions) == 1


async def test_a_key_of_a_refused_command_is_not_remembered(autojump_clock: MockClock) -> None:
    world = World()
    async with world.engine() as engine:
        first = await make(engine, world, owner="anna")
        key = Key("people/anna/create/1", b"digest")
        address = Address("counter", world.id())
        command = Create(id=address.id, owner="anna")
        with pytest.raises(Exception, match="engaged"):
            await engine.ask(address, command, by="anna", key=key, fresh=True)
        await ask(engine, first, Close())
        assert (await engine.ask(address, command, by="anna", key=key)).id == address.id


async def test_the_same_key_gets_the_first_answer_though_a_repeat_would_be_refused_or_decide_nothing(
    autojump_clock: MockClock,
) -> None:
    world = World()
    add, close = Key("people/anna/add/1", b"digest"), Key("people/anna/close/1", b"digest")
    async with world.engine() as engine:
        counter = await make(engine, world)
        little = Add(amount=1, most=3)
        first = await engine.ask(counter, little, by="anna", key=add)
        await ask(engine, counter, Add(amount=5))
        closed = await engine.ask(counter, Close(), by="anna", key=close)
        with pytest.raises(Conflict):
            await ask(engine, counter, little)
        assert await engine.ask(counter, little, by="anna", key=add) == first
        assert await engine.ask(counter, Close(), by="anna", key=close) == closed
        for command, key in ((Add(amount=2, most=3), add), (Close(), close)):
            with pytest.raises(KeyReused):
                await engine.ask(counter, command, by="anna", key=Key(key.key, b"other"))
        await trio.sleep(24 * 3600)
        with pytest.raises(Conflict):
            await engine.ask(counter, little, by="anna", key=add)


async def test_a_key_that_cannot_be_looked_up_is_no_answer(autojump_clock: MockClock) -> None:
    world = World()
    async with world.engine() as engine:
        counter = await make(engine, world)
        await ask(engine, counter, Close())
        world.gate.down = True
        key = Key("people/anna/close/1", b"digest")
        with pytest.raises(StoreDown):
            await engine.ask(counter, Close(), by="anna", key=key)
        assert (await ask(engine, counter, Close())).phase == "closed"
