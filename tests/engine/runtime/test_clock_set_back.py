"""The wall clock may have been set back between two lives of the engine: instants of a session never go back."""

from __future__ import annotations

import pytest
import trio
from counters import Add, Arm, Look
from engines import World, ask, make, read
from trio.testing import MockClock

from switchboard.engine.clock import Clock
from switchboard.engine.errors import CommitUnknown
from switchboard.engine.ports import Capacity

MINUTES = 3 * 60_000
"""How far it is set back, in milliseconds."""


def set_back(world: World) -> None:
    """The next engine's clock is behind the one before."""
    world.clock = Clock(world.clock.now() - MINUTES)


@pytest.mark.parametrize("snapshot_every", [1, 64])
async def test_a_journals_instants_never_go_back(
    snapshot_every: int, autojump_clock: MockClock
) -> None:
    # With a snapshot of every turn there is no entry to go by when the session is loaded.
    world = World(capacity=Capacity(idle_seconds=None, snapshot_every=snapshot_every))
    async with world.engine() as engine:
        counter = await make(engine, world)
    set_back(world)
    async with world.engine() as engine:
        await ask(engine, counter, Add(amount=1))
        await trio.sleep(MINUTES / 1000 + 1)
        await ask(engine, counter, Add(amount=1))
    first, second, third = [entry.at for entry in world.database.journal[counter]]
    assert first == second < third


async def test_a_caller_who_waits_is_answered_though_the_sessions_instant_is_ahead(
    autojump_clock: MockClock,
) -> None:
    world = World()
    async with world.engine() as engine:
        counter = await make(engine, world)
    set_back(world)
    async with world.engine() as engine:
        with trio.fail_after(10):
            assert (await ask(engine, counter, Add(amount=1))).total == 1


async def test_a_deadline_fires_by_the_clock_and_not_by_the_sessions_instant(
    autojump_clock: MockClock,
) -> None:
    world = World()
    async with world.engine() as engine:
        counter = await make(engine, world)
        world.gate.drop_commits = 1
        with pytest.raises(CommitUnknown):
            await ask(engine, counter, Add(amount=1))
    set_back(world)
    async with world.engine() as engine:
        await ask(engine, counter, Arm(at=world.clock.now() + 1000))
        await ask(engine, counter, Look())
        assert (await read(engine, counter)).rings == 0
        await trio.sleep(1.01)
        assert (await read(engine, counter)).rings == 1
