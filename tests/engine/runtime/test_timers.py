"""Timers, passivation, and the alarms of sessions that are not in memory."""

from __future__ import annotations

import trio
from counters import Add, Arm, Look
from engines import World, ask, events, make, read
from trio.testing import MockClock

from switchboard.engine.ports import Capacity


async def test_a_timer_fires_once_on_time_and_never_early(autojump_clock: MockClock) -> None:
    world = World()
    async with world.engine() as engine:
        counter = await make(engine, world)
        due = world.clock.now() + 12_345
        await ask(engine, counter, Arm(at=due))
        await trio.sleep(12.344)
        assert (await read(engine, counter)).rings == 0
        await trio.sleep(0.01)
        assert (await read(engine, counter)).rings == 1
        await trio.sleep(100)
        assert (await read(engine, counter)).rings == 1
        rung = world.database.journal[counter][-1]
        assert due <= rung.at <= due + 1
        assert not events(engine, "timer_late")


async def test_a_timer_that_fell_due_while_nothing_ran_fires_at_the_next_start(
    autojump_clock: MockClock,
) -> None:
    world = World()
    async with world.engine() as engine:
        counters = [await make(engine, world) for _ in range(1200)]
        async with trio.open_nursery() as nursery:
            for counter in counters:
                nursery.start_soon(ask, engine, counter, Arm(at=world.clock.now() + 1000))
    await trio.sleep(50)
    async with world.engine() as engine:
        await trio.testing.wait_all_tasks_blocked()
        await trio.sleep(0.5)
        assert {(await read(engine, counter)).rings for counter in counters} == {1}


async def test_an_idle_session_leaves_the_memory_and_comes_back_as_it_was(
    autojump_clock: MockClock,
) -> None:
    world = World(capacity=Capacity(idle_seconds=60))
    async with world.engine() as engine:
        counter = await make(engine, world)
        await ask(engine, counter, Add(amount=5))
        await ask(engine, counter, Look())
        await trio.sleep(59)
        assert engine.is_active(counter)
        await trio.sleep(2)
        assert not engine.is_active(counter)
        assert engine.statistics()["active_counter"] == 0
        state = await ask(engine, counter, Add(amount=1))
        assert (state.total, state.looks) == (6, 1)


async def test_a_passivated_sessions_deadline_is_kept_by_the_alarms(
    autojump_clock: MockClock,
) -> None:
    world = World(capacity=Capacity(idle_seconds=60))
    async with world.engine() as engine:
        counter = await make(engine, world)
        due = world.clock.now() + 600_000
        await ask(engine, counter, Arm(at=due))
        await trio.sleep(300)
        assert not engine.is_active(counter)
        await trio.sleep(301)
        assert (await read(engine, counter)).rings == 1
        assert due <= world.database.journal[counter][-1].at <= due + 1


async def test_commands_that_meet_a_passivation_are_never_lost(autojump_clock: MockClock) -> None:
    world = World(capacity=Capacity(idle_seconds=1))
    async with world.engine() as engine:
        counter = await make(engine, world)
        for number in range(200):
            await trio.sleep(1 + (number % 5) * 1e-4 - 2e-4)
            await ask(engine, counter, Add(amount=1))
        assert (await read(engine, counter)).total == 200


async def test_turns_that_put_a_deadline_off_share_a_timer_and_one_that_is_sooner_is_kept(
    autojump_clock: MockClock,
) -> None:
    world = World(capacity=Capacity(idle_seconds=60))
    async with world.engine() as engine:
        counter = await make(engine, world)
        for number in range(100):
            await ask(engine, counter, Arm(at=world.clock.now() + 20_000 + number))
            await trio.sleep(0.001)
        assert engine.statistics()["timers"] <= 2
        due = world.clock.now() + 5_000
        await ask(engine, counter, Arm(at=due))
        await trio.sleep(5.001)
        assert (await read(engine, counter)).rings == 1
        assert due <= world.database.journal[counter][-1].at <= due + 1
        # And the sooner one that was let be wakes nobody who has nothing to do.
        turns = engine.statistics()["turns"]
        await trio.sleep(30)
        assert engine.statistics()["turns"] == turns
        await trio.sleep(40)
        assert not engine.is_active(counter)
        assert engine.statistics()["timers"] <= 1
