"""An engine that another one has taken over from ends, whatever it finds that out by."""

from __future__ import annotations

import trio
from counters import Add, Arm
from engines import World, ask, events, make
from trio.testing import MockClock

from switchboard.engine.ports import Capacity


async def test_an_engine_that_learns_of_its_end_by_a_timer_ends(autojump_clock: MockClock) -> None:
    world = World()
    async with world.engine() as engine:
        counter = await make(engine, world)
        await ask(engine, counter, Arm(at=world.clock.now() + 1000))
        version = world.database.sessions[counter].version
        world.database.owner += 1
        # The timer stays due, and the store refuses at once: without a pause nothing else would run ever again.
        await trio.sleep(2)
        assert engine.stopped
        assert events(engine, "engine_stopped")
    assert world.database.sessions[counter].version == version


async def test_an_engine_that_learns_of_its_end_by_an_idle_session_ends(
    autojump_clock: MockClock,
) -> None:
    world = World(capacity=Capacity(idle_seconds=60))
    async with world.engine() as engine:
        counter = await make(engine, world)
        await ask(engine, counter, Add(amount=1))
        world.database.owner += 1
        await trio.sleep(61)
        assert engine.stopped
        assert events(engine, "engine_stopped")
