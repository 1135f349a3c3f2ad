"""Who is told of a turn may share the next one; who writes alone waits for nobody."""

from __future__ import annotations

import trio
import trio.testing
from counters import Add
from engines import World, ask, make, read
from trio.testing import MockClock

from switchboard.engine.runtime.crowd import CROWD_SECONDS, REPLY_STEPS


async def test_who_is_told_of_a_turn_and_writes_again_at_once_shares_the_next_with_those_who_wait(
    autojump_clock: MockClock,
) -> None:
    """Else two halves of the same crowd would take turns, in two commits for one."""
    world = World()
    async with world.engine() as engine, trio.open_nursery() as nursery:
        counter = await make(engine, world)
        world.gate.held = trio.Event()

        async def writes_again() -> None:
            await ask(engine, counter, Add(amount=1))
            # As many steps as it takes to be told, and to write.
            for _ in range(3):
                await trio.lowlevel.checkpoint()
            await ask(engine, counter, Add(amount=10))

        nursery.start_soon(writes_again)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(ask, engine, counter, Add(amount=100))
        await trio.testing.wait_all_tasks_blocked()
        turns = engine.statistics()["turns"]
        world.gate.held.set()
        world.gate.held = None
        await trio.testing.wait_all_tasks_blocked()
        assert (await read(engine, counter)).total == 111
        assert engine.statistics()["turns"] == turns + 1


async def test_who_writes_alone_waits_for_nobody(autojump_clock: MockClock) -> None:
    """Nor does whoever writes after a crowd once its moment is over, or for longer than a few steps within it."""
    world = World()
    async with world.engine() as engine:
        counter = await make(engine, world)
        steps = 0

        async def count() -> None:
            nonlocal steps
            while True:
                await trio.lowlevel.checkpoint()
                steps += 1

        async def one() -> int:
            nonlocal steps
            steps = 0
            await ask(engine, counter, Add(amount=1))
            return steps

        async with trio.open_nursery() as nursery:
            nursery.start_soon(count)
            alone = max([await one() for _ in range(5)])
            async with trio.open_nursery() as crowd:
                for _ in range(5):
                    crowd.start_soon(ask, engine, counter, Add(amount=1))
            after_a_crowd = await one()
            again = max([await one() for _ in range(5)])
            nursery.cancel_scope.cancel()
        # The order of tasks within a step of the loop is chance: three or four steps there, and one or two back.
        assert max(alone, again) < REPLY_STEPS // 2
        assert REPLY_STEPS <= after_a_crowd <= REPLY_STEPS * 3 // 2
        async with trio.open_nursery() as crowd:
            for _ in range(5):
                crowd.start_soon(ask, engine, counter, Add(amount=1))
        await trio.sleep(2 * CROWD_SECONDS)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(count)
            assert await one() < REPLY_STEPS // 2
            nursery.cancel_scope.cancel()
