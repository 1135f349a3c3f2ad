"""A turn: what is due first, a pending copy, one commit, then the answers."""

from __future__ import annotations

import contextlib

import pytest
import trio
import trio.testing
from counters import Add, Arm, Fail, Look, Poison
from engines import EPOCH, World, ask, events, make, read
from trio.testing import MockClock

from switchboard.engine.errors import (
    CommitUnknown,
    Conflict,
    MailboxFull,
    NotFound,
    SessionCrashed,
    StoreDown,
)
from switchboard.engine.ports import Capacity
from switchboard.engine.sessions.kind import Address


async def test_a_command_is_answered_with_the_state_after_it(autojump_clock: MockClock) -> None:
    world = World()
    async with world.engine() as engine:
        counter = await make(engine, world)
        assert (await ask(engine, counter, Add(amount=3))).total == 3
        assert (await read(engine, counter)).total == 3
    async with world.engine() as engine:
        assert (await read(engine, counter)).total == 3
        assert (await ask(engine, counter, Add(amount=4))).total == 7


async def test_reads_see_only_what_is_committed(autojump_clock: MockClock) -> None:
    world = World()
    async with world.engine() as engine, trio.open_nursery() as nursery:
        counter = await make(engine, world)
        world.gate.held = trio.Event()
        nursery.start_soon(ask, engine, counter, Add(amount=1))
        await trio.testing.wait_all_tasks_blocked()
        assert (await read(engine, counter)).total == 0
        world.gate.held.set()
        world.gate.held = None
    async with world.engine() as engine:
        assert (await read(engine, counter)).total == 1


async def test_a_session_that_is_not_there_is_not_found_and_not_made(
    autojump_clock: MockClock,
) -> None:
    world = World()
    async with world.engine() as engine:
        nowhere = Address("counter", world.id())
        with pytest.raises(NotFound):
            await ask(engine, nowhere, Add(amount=1))
        assert await engine.read(nowhere) is None
        await trio.testing.wait_all_tasks_blocked()
        assert not engine.is_active(nowhere)


async def test_a_refusal_reaches_its_caller_alone_and_changes_nothing(
    autojump_clock: MockClock,
) -> None:
    world = World()
    async with world.engine() as engine, trio.open_nursery() as nursery:
        counter = await make(engine, world)
        world.gate.held = trio.Event()
        nursery.start_soon(ask, engine, counter, Add(amount=1))
        await trio.testing.wait_all_tasks_blocked()
        outcomes: list[object] = []

        async def add(amount: int, most: int) -> None:
            try:
                outcomes.append((await ask(engine, counter, Add(amount=amount, most=most))).total)
            except Conflict as refusal:
                outcomes.append(refusal)

        # These three share one turn, and the refusal rests on what the first of them decided.
        for amount, most in ((5, 6), (5, 6), (1, 7)):
            nursery.start_soon(add, amount, most)
            await trio.testing.wait_all_tasks_blocked()
        assert outcomes == []
        world.gate.held.set()
        world.gate.held = None
    assert [type(one) for one in outcomes].count(Conflict) == 1
    assert sorted(one for one in outcomes if isinstance(one, int)) == [6, 7]


async def test_waiting_commands_share_one_commit(autojump_clock: MockClock) -> None:
    world = World()
    async with world.engine() as engine, trio.open_nursery() as nursery:
        counter = await make(engine, world)
        before = world.gate.calls.count("commit")
        for _ in range(60):
            nursery.start_soon(ask, engine, counter, Add(amount=1))
        await trio.testing.wait_all_tasks_blocked()
        assert (await read(engine, counter)).total == 60
        assert world.gate.calls.count("commit") - before <= 2


async def test_what_is_due_fires_before_a_command_of_the_same_moment(
    autojump_clock: MockClock,
) -> None:
    world = World()
    async with world.engine() as engine:
        counter = await make(engine, world)
        await ask(engine, counter, Arm(at=world.clock.now() + 500))
        world.gate.held = trio.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, engine, counter, Add(amount=1))
            await trio.sleep(1)  # The deadline passes while the actor waits for its commit.
            state: list[int] = []

            async def add() -> None:
                state.append((await ask(engine, counter, Add(amount=1))).rings)

            nursery.start_soon(add)
            await trio.testing.wait_all_tasks_blocked()
            world.gate.held.set()
            world.gate.held = None
        assert state == [1]


async def test_a_volatile_event_is_answered_without_a_commit(autojump_clock: MockClock) -> None:
    world = World()
    async with world.engine() as engine:
        counter = await make(engine, world)
        before = world.gate.calls.count("commit")
        assert (await ask(engine, counter, Look())).looks == 1
        assert (await ask(engine, counter, Look())).looks == 2
        assert world.gate.calls.count("commit") == before
        assert len(world.database.journal[counter]) == 1


async def test_a_bug_in_one_command_answers_that_caller_alone(autojump_clock: MockClock) -> None:
    world = World()
    async with world.engine() as engine, trio.open_nursery() as nursery:
        counter, other = await make(engine, world), await make(engine, world)
        world.gate.held = trio.Event()
        nursery.start_soon(ask, engine, counter, Add(amount=1))
        await trio.testing.wait_all_tasks_blocked()
        crashed: list[str] = []

        async def fail() -> None:
            with pytest.raises(SessionCrashed) as caught:
                await ask(engine, counter, Fail())
            crashed.append(caught.value.incident)

        nursery.start_soon(ask, engine, counter, Add(amount=10))
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(fail)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(ask, engine, counter, Add(amount=100))
        await trio.testing.wait_all_tasks_blocked()
        world.gate.held.set()
        world.gate.held = None
        await ask(engine, other, Add(amount=1))
    assert len(crashed) == 1
    async with world.engine() as engine:
        assert (await read(engine, counter)).total == 111
    assert [entry.version for entry in world.database.journal[counter]] == [1, 2, 3, 4]


async def test_a_cancelled_caller_takes_nothing_back(autojump_clock: MockClock) -> None:
    world = World()
    async with world.engine() as engine:
        counter = await make(engine, world)
        world.gate.held = trio.Event()
        with trio.move_on_after(1) as scope:
            await ask(engine, counter, Add(amount=1))
        assert scope.cancelled_caught
        world.gate.held.set()
        world.gate.held = None
        assert (await ask(engine, counter, Add(amount=2))).total == 3


async def test_a_command_whose_caller_has_given_up_is_dropped_before_it_is_decided(
    autojump_clock: MockClock,
) -> None:
    world = World()
    async with world.engine() as engine, trio.open_nursery() as nursery:
        counter = await make(engine, world)
        world.gate.held = trio.Event()
        nursery.start_soon(ask, engine, counter, Add(amount=1))
        await trio.testing.wait_all_tasks_blocked()
        with trio.move_on_after(1):
            await ask(engine, counter, Add(amount=10))
        world.gate.held.set()
        world.gate.held = None
        assert (await ask(engine, counter, Add(amount=100))).total == 101


async def test_a_command_of_a_caller_that_is_cancelled_already_is_dropped(
    autojump_clock: MockClock,
) -> None:
    world = World()
    async with world.engine() as engine:
        counter = await make(engine, world)
        with trio.CancelScope() as scope:
            scope.cancel()
            await ask(engine, counter, Add(amount=10))
        assert scope.cancelled_caught
        assert (await ask(engine, counter, Add(amount=100))).total == 100


async def test_a_full_mailbox_refuses_at_once(autojump_clock: MockClock) -> None:
    world = World(capacity=Capacity(idle_seconds=None, mailbox=3))
    async with world.engine() as engine, trio.open_nursery() as nursery:
        counter = await make(engine, world)
        world.gate.held = trio.Event()
        nursery.start_soon(ask, engine, counter, Add(amount=1))
        await trio.testing.wait_all_tasks_blocked()
        for _ in range(3):
            nursery.start_soon(ask, engine, counter, Add(amount=1))
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(MailboxFull):
            await ask(engine, counter, Add(amount=1))
        assert len(events(engine, "mailbox_full")) == 1
        world.gate.held.set()
        world.gate.held = None
    async with world.engine() as engine:
        assert (await read(engine, counter)).total == 4


@pytest.mark.parametrize("happened", [True, False])
async def test_an_unknown_commit_is_settled_before_anything_else_is_written(
    happened: bool, autojump_clock: MockClock
) -> None:
    world = World()
    async with world.engine() as engine:
        counter = await make(engine, world)
        if happened:
            world.gate.lose_answers = 1
        else:
            world.gate.drop_commits = 1
        with pytest.raises(CommitUnknown):
            await ask(engine, counter, Add(amount=1))
        assert (await ask(engine, counter, Add(amount=10))).total == (11 if happened else 10)
        assert [entry.version for entry in world.database.journal[counter]] == [1, 2, 3]
    async with world.engine() as engine:
        assert (await read(engine, counter)).total == (11 if happened else 10)


async def test_while_a_commit_is_unknown_reads_go_on_and_the_store_may_be_away(
    autojump_clock: MockClock,
) -> None:
    world = World()
    async with world.engine() as engine, trio.open_nursery() as nursery:
        counter = await make(engine, world)
        await ask(engine, counter, Add(amount=1))
        world.gate.lose_answers = 1
        with pytest.raises(CommitUnknown):
            await ask(engine, counter, Add(amount=1))
        world.gate.down = True
        await trio.sleep(5)
        assert (await read(engine, counter)).total in (1, 2)
        answers: list[int] = []

        async def add() -> None:
            # Whether the outage met the settling or the loading after it decides which of the two is heard.
            with contextlib.suppress(StoreDown):
                answers.append((await ask(engine, counter, Add(amount=10))).total)

        nursery.start_soon(add)
        await trio.sleep(5)
        world.gate.down = False
    async with world.engine() as engine:
        assert (await read(engine, counter)).total == (answers[0] if answers else 2)
        assert answers in ([], [12])


async def test_a_store_that_is_down_is_told_to_the_caller_and_the_timer_fires_later(
    autojump_clock: MockClock,
) -> None:
    world = World()
    async with world.engine() as engine:
        counter = await make(engine, world)
        await ask(engine, counter, Arm(at=world.clock.now() + 1000))
        world.gate.down = True
        with pytest.raises(StoreDown):
            await ask(engine, counter, Add(amount=1))
        await trio.sleep(30)
        tries = world.gate.calls.count("commit")
        assert tries < 40, "the retries back off"
        world.gate.down = False
        await trio.sleep(3)
        assert (await read(engine, counter)).rings == 1
        assert (await read(engine, counter)).total == 1000


async def test_one_session_that_the_database_refuses_leaves_its_neighbours_alone(
    autojump_clock: MockClock,
) -> None:
    world = World()
    async with world.engine() as engine:
        counters = [await make(engine, world) for _ in range(100)]
        bad = await make(engine, world)
        failed: list[SessionCrashed] = []

        async def poison() -> None:
            with pytest.raises(SessionCrashed) as caught:
                await ask(engine, bad, Poison())
            failed.append(caught.value)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(poison)
            nursery.start_soon(ask, engine, bad, Add(amount=7))
            for counter in counters:
                nursery.start_soon(ask, engine, counter, Add(amount=1))
        assert len(failed) == 1
        assert [(await read(engine, counter)).total for counter in counters] == [1] * 100
        assert (await ask(engine, bad, Add(amount=1))).total == 8


async def test_a_newer_version_in_the_database_is_loaded_and_the_command_decided_again(
    autojump_clock: MockClock,
) -> None:
    world = World()
    async with world.engine() as engine:
        counter = await make(engine, world)
        row = world.database.sessions[counter]
        entry = world.database.journal[counter][0]
        row.version = 2
        world.database.journal[counter].append(
            type(entry)(
                version=2,
                name="Added",
                format=1,
                body=b'{"at":%d,"amount":5}' % EPOCH,
                at=EPOCH,
                by="elsewhere",
                caused_by=None,
                code_version="test",
            )
        )
        assert (await ask(engine, counter, Add(amount=1))).total == 6
        assert len(events(engine, "session_stale")) == 1
        assert not events(engine, "session_crashed")


async def test_what_one_task_posts_is_decided_in_its_order_in_one_turn(
    autojump_clock: MockClock,
) -> None:
    world = World()
    async with world.engine() as engine:
        counter = await make(engine, world)
        turns = engine.statistics()["turns"]
        letters = [engine.post(counter, Add(amount=n, most=5), by="test") for n in (1, 2, 9, 3)]
        assert engine.statistics()["asking"] == 4
        totals = []
        for letter in (letters[0], letters[1]):
            totals.append((await letter.reply()).total)
        with pytest.raises(Conflict):
            await letters[2].reply()
        with pytest.raises(Conflict):
            await letters[3].reply()
        assert totals == [1, 3]
        assert engine.statistics()["turns"] == turns + 1
        assert engine.statistics()["asking"] == 0


async def test_what_was_posted_is_finished_before_a_stop_whether_anybody_waits_or_not(
    autojump_clock: MockClock,
) -> None:
    world = World()
    async with trio.open_nursery() as nursery, world.engine() as engine:
        counter = await make(engine, world)
        world.gate.held = trio.Event()
        engine.post(counter, Add(amount=1), by="test")

        async def gives_up() -> None:
            with trio.move_on_after(0.1):
                await ask(engine, counter, Add(amount=1))

        nursery.start_soon(gives_up)
        await trio.sleep(0.2)
        # Who has given up is not waited for.
        assert engine.statistics()["asking"] == 1
        engine.stop()
        world.gate.held.set()
        await trio.testing.wait_all_tasks_blocked()
    async with world.engine() as engine:
        assert (await read(engine, counter)).total >= 1
