"""An engine that was killed reaches nobody any more, and one that was frozen and taken over promises nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
import trio

from switchboard.engine.errors import NotOwner, Stopping
from switchboard.engine.sessions import Address
from switchboard.engine.sessions.person import GoOnline
from switchboard.engine.workflows.dispatch import Dispatch
from switchboard.simulations.kinds import CASTS
from switchboard.simulations.life import Life, Unreachable
from switchboard.simulations.plan import Plan
from switchboard.simulations.trace import Violation
from switchboard.simulations.world import KINDS, World, deterministic, simulate, virtual_clock

QUIET = Plan(seed=1, people=2, hours=1.0, faults=())

Story = Callable[[World], Awaitable[None]]


def tell(story: Story) -> World:
    """Lets the story happen in a world whose people do nothing; the world as it then is."""

    async def run() -> World:
        casts = [replace(cast, people=lambda _world: ()) for cast in CASTS]
        world = World(QUIET, KINDS, casts)

        async def told() -> None:
            await story(world)
            nursery.cancel_scope.cancel()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(world.run)
            nursery.start_soon(told)
        assert world.judge.violation is None
        return world

    with deterministic(1):
        return trio.run(run, clock=virtual_clock())


def online(world: World) -> Callable[[Life], Awaitable[Any]]:
    """Somebody new goes online."""
    id = world.new_id()
    return lambda life: life.engine.ask(Address("person", id), GoOnline(id=id), by=id)


def test_who_waits_for_an_engine_that_is_killed_is_cut_off_and_nothing_is_written() -> None:
    async def story(world: World) -> None:
        life = await world.up()
        async with trio.open_nursery() as nursery:

            async def call() -> None:
                with pytest.raises(Unreachable):
                    await life.reach(online(world))

            nursery.start_soon(call)
            # The letter is with the actor, and its commit on the way: a call of the store takes some milliseconds.
            await trio.sleep(0.0001)
            assert life.engine.statistics()["asking"] == 1
            life.kill()

    world = tell(story)
    assert world.database.commits == 0
    assert (world.kills, world.restarts) == (1, 1)


def test_a_killed_engine_is_not_reached_and_the_next_one_is() -> None:
    async def story(world: World) -> None:
        life = await world.up()
        life.kill()
        with pytest.raises(Unreachable):
            await life.reach(online(world))
        following = await world.up()
        assert following is not life
        assert (await following.reach(online(world))).phase == "online"

    assert tell(story).database.commits == 1


def test_a_frozen_engine_answers_once_it_is_thawed_and_refuses_what_would_write() -> None:
    async def story(world: World) -> None:
        life = await world.up()
        life.frozen = True
        heard: list[object] = []

        async def call() -> None:
            try:
                await life.reach(online(world))
            except (NotOwner, Stopping) as error:
                heard.append(error)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(call)
            await trio.sleep(5)
            assert heard == []
            # Another incarnation of the node has taken over meanwhile.
            world.database.owner += 1
            life.retired = True
            life.thaw()
        assert len(heard) == 1

    assert tell(story).database.commits == 0


def test_an_error_that_nobody_caught_is_a_violation_with_the_seed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def broken(_self: Dispatch, *_: object, **__: object) -> None:
        raise ZeroDivisionError("a planted bug")

    monkeypatch.setattr(Dispatch, "offline", broken)
    monkeypatch.setattr(Dispatch, "heartbeat", broken)
    with pytest.raises(Violation, match=r"nothing crashes(.|\n)*ZeroDivisionError") as caught:
        simulate(replace(QUIET, people=3))
    assert QUIET.command.replace("--people 2", "--people 3") in str(caught.value)
