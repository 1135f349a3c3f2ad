"""Reactions and announcements: what leaves a session after its commit."""

from __future__ import annotations

import pytest
import trio
from counters import Add, Send
from engines import World, ask, make, read
from trio.testing import MockClock, wait_all_tasks_blocked

from switchboard.engine.engine import Engine
from switchboard.engine.errors import CommitUnknown
from switchboard.engine.runtime.announcements import Announcement, Announcements, Lagged
from switchboard.engine.runtime.reactions import HANDLED_MOST
from switchboard.engine.sessions.kind import Address, Command


async def test_a_reaction_arrives_exactly_once_and_in_order(autojump_clock: MockClock) -> None:
    world = World()
    async with world.engine() as engine:
        source, target = await make(engine, world), await make(engine, world)
        for amount in (1, 2, 3):
            await ask(engine, source, Send(to=target.id, amount=amount, times=3))
        await trio.sleep(1)
        assert (await read(engine, target)).total == 18
        amounts = [e.body for e in world.database.journal[target] if e.name == "Added"]
        assert [body.decode().partition("amount")[2] for body in amounts] == sorted(
            body.decode().partition("amount")[2] for body in amounts
        )
        assert not world.database.outbox


async def test_a_reaction_survives_a_restart_and_a_store_that_was_away(
    autojump_clock: MockClock,
) -> None:
    world = World()
    async with world.engine() as engine:
        source, target = await make(engine, world), await make(engine, world)
        engine.reactions.deliver = lambda rows: None  # type: ignore[method-assign]
        engine._runtime.deliver = lambda rows: None
        await ask(engine, source, Send(to=target.id, amount=7))
        await trio.sleep(5)
        assert (await read(engine, target)).total == 0
    async with world.engine() as engine:
        await trio.sleep(1)
        assert (await read(engine, target)).total == 7
        await ask(engine, source, Send(to=target.id, amount=1))
        world.gate.down = True
        await trio.sleep(10)
        world.gate.down = False
        await trio.sleep(10)
        assert (await read(engine, target)).total == 8
        assert not world.database.outbox


async def test_a_reaction_to_a_session_that_refuses_or_does_not_exist_is_not_repeated(
    autojump_clock: MockClock,
) -> None:
    world = World()
    async with world.engine() as engine:
        source = await make(engine, world)
        await ask(engine, source, Send(to=world.id(), amount=1))
        await ask(engine, source, Send(to="x", amount=1, kind="nobody"))
        await trio.sleep(1)
        assert not world.database.outbox
        assert engine.reactions.waiting == 0


async def test_announcements_arrive_after_the_commit_numbered_without_a_gap(
    autojump_clock: MockClock,
) -> None:
    world = World()
    async with world.engine() as engine:
        counter = await make(engine, world, owner="anna")
        with engine.announcements.subscribe("account/anna") as subscription:
            async with trio.open_nursery() as nursery:
                for _ in range(20):
                    nursery.start_soon(ask, engine, counter, Add(amount=1))
            got = [await subscription.receive() for _ in range(20)]
        assert [one.sequence for one in got] == list(range(1, 21))
        assert got[-1].body == b'{"total":20}'
        stored = await engine.store.sessions.notices("account/anna", 5, 3)
        assert [one.sequence for one in stored] == [6, 7, 8]


async def test_a_slow_subscriber_is_told_of_its_hole(autojump_clock: MockClock) -> None:
    world = World()
    async with world.engine() as engine:
        counter = await make(engine, world, owner="anna")
        with engine.announcements.subscribe("account/anna", most=2) as subscription:
            for _ in range(4):
                await ask(engine, counter, Add(amount=1))
            assert [(await subscription.receive()).sequence for _ in range(2)] == [1, 2]
            with pytest.raises(Lagged):
                await subscription.receive()


async def test_subscribers_of_a_session_hear_that_an_unknown_commit_came_through(
    autojump_clock: MockClock,
) -> None:
    world = World()
    async with world.engine() as engine:
        counter = await make(engine, world)
        with engine.announcements.subscribe(f"counter/{counter.id}") as subscription:
            await ask(engine, counter, Add(amount=1))
            world.gate.lose_answers = 1
            with pytest.raises(CommitUnknown):
                await ask(engine, counter, Add(amount=2))
            assert (await subscription.receive()).sequence == 2
            with pytest.raises(Lagged), trio.fail_after(10):
                await subscription.receive()


async def test_a_number_that_does_not_follow_the_last_one_is_told_as_a_hole(
    autojump_clock: MockClock,
) -> None:
    announcements = Announcements()
    subscription = announcements.subscribe("account/anna")
    for sequence in (4, 5, 7):
        announcements.publish(
            "account/anna", [Announcement("account/anna", sequence, "gig", b"{}")]
        )
    assert [(await subscription.receive()).sequence for _ in range(2)] == [4, 5]
    with pytest.raises(Lagged), trio.fail_after(10):
        await subscription.receive()


class Told(Command, frozen=True):
    """What a workflow is told."""


async def test_a_workflow_is_told_of_many_things_at_once_but_not_of_all(
    autojump_clock: MockClock,
) -> None:
    """Its handlers read the store, before which requests wait, too."""
    world, at_once, most, told = World(), 0, 0, 0

    async def hear(_id: str, _command: Told, _row: str) -> None:
        nonlocal at_once, most, told
        at_once += 1
        most = max(most, at_once)
        await trio.sleep(0.1)
        at_once -= 1
        told += 1

    async with world.engine() as engine:
        engine.reactions.register("workflow", {"Told": Told}, hear)
        source = await make(engine, world)
        for number in range(10 * HANDLED_MOST):
            engine.reactions.remind(source, Address("workflow", str(number)), Told())
        await trio.sleep(10)
    assert (most, told) == (HANDLED_MOST, 10 * HANDLED_MOST)


async def test_what_is_committed_after_the_engine_has_ended_is_the_next_ones_to_deliver(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    world = World()
    async with world.engine() as engine, trio.open_nursery() as nursery:
        source, target = await make(engine, world), await make(engine, world)
        world.gate.held = trio.Event()
        nursery.start_soon(suppressed_send, engine, source, target)
        await wait_all_tasks_blocked()
        engine.lose_ownership("for the test")
        await wait_all_tasks_blocked()
        world.gate.held.set()
        world.gate.held = None
        await wait_all_tasks_blocked()
        assert world.database.outbox
        assert "adopting" not in caplog.text
    async with world.engine() as engine:
        await trio.sleep(1)
        assert (await read(engine, target)).total == 7
        assert not world.database.outbox


async def suppressed_send(engine: Engine, source: Address, target: Address) -> None:
    """Sends; the engine ends before it answers."""
    with pytest.raises(CommitUnknown):
        await ask(engine, source, Send(to=target.id, amount=7))
