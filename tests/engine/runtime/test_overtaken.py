"""An engine that another has taken over finds out at its next write, whatever that is, and stops without harm."""

from __future__ import annotations

import pytest
import trio
from counters import COUNTER, Add, Arm, Look, Send
from engines import World, ask, events, make
from trio.testing import MockClock

from switchboard.engine.engine import Engine
from switchboard.engine.errors import NotOwner
from switchboard.engine.ports import Capacity
from switchboard.engine.runtime.reactions import DELETE_SECONDS
from switchboard.engine.sessions.kind import Address
from switchboard.store.memory import open_memory

SECONDS_MOST = 5.0
"""Of virtual time until it must have stopped."""


async def stopped(engine: Engine) -> None:
    """In time the engine has been told that it is no longer the owner."""
    await trio.sleep(SECONDS_MOST)
    assert engine.stopped
    assert engine.fence_lost is not None
    assert events(engine, "session_stopped") == []


async def test_a_deadline_that_comes_when_another_has_taken_over_stops_the_engine_once(
    autojump_clock: MockClock,
) -> None:
    # What is due stays due, and each refused try comes back at once: a task that went on would spin for ever.
    world = World()
    async with world.engine() as engine:
        counter = await make(engine, world)
        await ask(engine, counter, Arm(at=world.clock.now() + 1000))
        async with open_memory(world.database):
            await stopped(engine)
    assert len(events(engine, "ownership_lost")) == 1


async def test_a_passivation_when_another_has_taken_over_stops_the_engine(
    autojump_clock: MockClock,
) -> None:
    world = World(capacity=Capacity(idle_seconds=1.0))
    async with world.engine() as engine:
        counter = await make(engine, world)
        async with open_memory(world.database):
            await ask(engine, counter, Look())
            await stopped(engine)
    assert counter not in world.database.snapshots


async def test_a_reaction_delivered_by_an_engine_that_was_taken_over_stays_for_the_other(
    autojump_clock: MockClock,
) -> None:
    world = World()
    delivered = trio.Event()

    async def handler(_target: str, _command: Add, _row: str) -> None:
        delivered.set()
        await trio.sleep(DELETE_SECONDS)

    async def prepare(engine: Engine) -> None:
        engine.reactions.register("elsewhere", {"Add": Add}, handler)

    async with world.engine(prepare) as engine:
        counter = await make(engine, world)
        await ask(engine, counter, Send(to="somebody", amount=1, kind="elsewhere"))
        await delivered.wait()
        async with open_memory(world.database):
            await stopped(engine)
    assert [row.target for row in world.database.outbox.values()] == [
        Address("elsewhere", "somebody")
    ]


async def test_an_operator_of_an_engine_that_was_taken_over_releases_nothing(
    autojump_clock: MockClock,
) -> None:
    world = World((COUNTER,))
    async with world.engine() as engine:
        counter = await make(engine, world)
        async with open_memory(world.database):
            with pytest.raises(NotOwner):
                await engine.release(counter)
            assert engine.stopped
