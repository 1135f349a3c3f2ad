"""Crashes, restarts, quarantine, passivation, alarms, ownership."""

from __future__ import annotations

import pytest
import trio
from counters import COUNTER, Add, Arm, Close, Create, Fail, Look, Send
from engines import World, ask, events, make, read
from trio.testing import MockClock

from switchboard.engine.engine import Engine
from switchboard.engine.errors import NotOwner, Quarantined, SessionCrashed, Stopping
from switchboard.engine.ports import Capacity
from switchboard.engine.runtime.announcements import Lagged
from switchboard.engine.runtime.breaker import Breaker
from switchboard.engine.runtime.letter import Key
from switchboard.engine.sessions.kind import Address, Kind
from switchboard.store.memory import open_memory


async def crash(engine: Engine, address: Address) -> str:
    """One crash; returns its incident."""
    with pytest.raises(SessionCrashed) as caught:
        await ask(engine, address, Fail())
    return caught.value.incident


async def test_a_crashed_session_restarts_from_what_is_stored_and_the_log_shows_it(
    autojump_clock: MockClock,
) -> None:
    world = World()
    async with world.engine() as engine:
        counter = await make(engine, world)
        await ask(engine, counter, Add(amount=5))
        incident = await crash(engine, counter)
        assert (await ask(engine, counter, Add(amount=1))).total == 6
        [event] = events(engine, "session_crashed")
        assert event["incident"] == incident
        assert event["message"] == "Fail"
        assert "a planted bug" in event["traceback"]
        assert len(events(engine, "session_restarted")) == 1


async def test_restarts_wait_longer_each_time(autojump_clock: MockClock) -> None:
    world = World()
    async with world.engine() as engine:
        counter = await make(engine, world)
        pauses = []
        for _ in range(5):
            await crash(engine, counter)
            before = trio.current_time()
            await ask(engine, counter, Add(amount=1))
            pauses.append(trio.current_time() - before)
        for number, pause in enumerate(pauses):
            assert 0.05 * 2**number <= pause <= 0.05 * 2**number * 1.5 + 0.001


async def test_the_sixth_crash_in_a_minute_quarantines_that_session_alone(
    autojump_clock: MockClock,
) -> None:
    world = World()
    async with world.engine() as engine:
        counter, other = await make(engine, world), await make(engine, world)
        for _ in range(6):
            await crash(engine, counter)
        with pytest.raises(Quarantined):
            await ask(engine, counter, Add(amount=1))
        assert (await ask(engine, other, Add(amount=1))).total == 1
        [row] = await engine.store.sessions.quarantined()
        assert row.address == counter
        assert "a planted bug" in row.traceback
    async with world.engine() as engine:
        with pytest.raises(Quarantined):
            await ask(engine, counter, Add(amount=1))
        assert await engine.release(counter)
        assert (await ask(engine, counter, Add(amount=1))).total == 1
        assert not await engine.release(counter)


async def test_crashes_that_are_far_apart_quarantine_nothing(autojump_clock: MockClock) -> None:
    world = World()
    async with world.engine() as engine:
        counter = await make(engine, world)
        for _ in range(12):
            await crash(engine, counter)
            await trio.sleep(15)
        assert (await ask(engine, counter, Add(amount=1))).total == 1


async def test_a_quarantined_session_is_tried_again_once_when_the_code_has_changed(
    autojump_clock: MockClock,
) -> None:
    world = World()
    async with world.engine() as engine:
        counter = await make(engine, world)
        for _ in range(6):
            await crash(engine, counter)
    world.code_version = "test-2"
    async with world.engine() as engine:
        assert (await ask(engine, counter, Add(amount=1))).total == 1
        assert await engine.store.sessions.quarantined() == []


async def test_the_timers_of_a_quarantined_session_stand_still_until_it_is_released(
    autojump_clock: MockClock,
) -> None:
    world = World()
    async with world.engine() as engine:
        counter = await make(engine, world)
        await ask(engine, counter, Arm(at=world.clock.now() + 30_000))
        for _ in range(6):
            await crash(engine, counter)
        await trio.sleep(120)
        assert world.database.journal[counter][-1].name == "Armed"
        await engine.release(counter)
        await trio.sleep(1)
        assert (await read(engine, counter)).rings == 1


async def test_an_administrator_ends_a_quarantined_session_and_its_claims_are_free(
    autojump_clock: MockClock,
) -> None:
    world = World()
    async with world.engine() as engine:
        counter = await make(engine, world, owner="anna")
        for _ in range(6):
            await crash(engine, counter)
        assert (await engine.end(counter, by="system:admin")).phase == "closed"
        await make(engine, world, owner="anna")


async def test_a_bad_deploy_does_not_quarantine_everybody(autojump_clock: MockClock) -> None:
    world = World()
    async with world.engine() as engine:
        engine._supervisors["counter"].of.breaker = Breaker(most=2, seconds=60)
        counters = [await make(engine, world) for _ in range(4)]

        async def crash_until_refused(counter: Address) -> None:
            for _ in range(6):
                await crash(engine, counter)
            with pytest.raises(Quarantined):
                await ask(engine, counter, Add(amount=1))

        async with trio.open_nursery() as nursery:
            for counter in counters:
                nursery.start_soon(crash_until_refused, counter)
        assert len(await engine.store.sessions.quarantined()) == 2
        assert len(events(engine, "breaker_open")) == 2
        await trio.sleep(61)
        held = {row.address for row in await engine.store.sessions.quarantined()}
        for counter in counters:
            if counter not in held:
                assert (await ask(engine, counter, Add(amount=1))).total == 1


async def test_a_deadline_that_crashes_is_quarantined_instead_of_looping(
    autojump_clock: MockClock,
) -> None:
    def broken(state: object, command: object, context: object) -> tuple[()]:
        if type(command).__name__ == "Ring":
            raise ZeroDivisionError("in the timer")
        return COUNTER.decide(state, command, context)  # type: ignore[arg-type, return-value]

    kind = Kind(**{**COUNTER.__dict__, "decide": broken})
    world = World(kinds=(kind,))
    async with world.engine() as engine:
        counter = await make(engine, world)
        await ask(engine, counter, Arm(at=world.clock.now() + 1000))
        await trio.sleep(60)
        assert len(events(engine, "session_crashed")) == 6
        assert len(events(engine, "session_quarantined")) == 1


async def test_a_snapshot_that_cannot_be_read_is_that_sessions_trouble_alone(
    autojump_clock: MockClock,
) -> None:
    world = World()
    async with world.engine() as engine:
        counter, other = await make(engine, world), await make(engine, world)
    world.database.journal[counter][0] = type(world.database.journal[counter][0])(
        version=1,
        name="Unheard",
        format=9,
        body=b"{}",
        at=1,
        by="x",
        caused_by=None,
        code_version="future",
    )
    async with world.engine() as engine:
        with pytest.raises(SessionCrashed):
            await ask(engine, counter, Add(amount=1))
        assert (await ask(engine, other, Add(amount=1))).total == 1


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
        world.gate.lose_answers = 0
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


async def test_an_engine_that_lost_its_shards_stops_and_writes_nothing(
    autojump_clock: MockClock,
) -> None:
    world = World()
    async with world.engine() as engine:
        counter = await make(engine, world)
        async with open_memory(world.database):
            with pytest.raises(NotOwner):
                await ask(engine, counter, Add(amount=1))
            assert engine.stopped
            assert engine.fence_lost is not None
            with pytest.raises((NotOwner, Stopping)):
                await ask(engine, counter, Add(amount=1))
    assert len(world.database.journal[counter]) == 1


async def test_a_stop_finishes_what_was_accepted_and_refuses_what_comes_later(
    autojump_clock: MockClock,
) -> None:
    world = World()
    async with trio.open_nursery() as nursery, world.engine() as engine:
        counter = await make(engine, world)
        totals: list[int] = []

        async def add(
            engine: Engine = engine, counter: Address = counter, totals: list[int] = totals
        ) -> None:
            totals.append((await ask(engine, counter, Add(amount=1))).total)

        for _ in range(10):
            nursery.start_soon(add)
        await trio.testing.wait_all_tasks_blocked(0.0)
        engine.stop()
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(Stopping):
            await ask(engine, counter, Add(amount=1))
    assert sorted(totals) == list(range(1, 11))


async def test_the_fold_of_the_journal_is_the_state_with_and_without_snapshots(
    autojump_clock: MockClock,
) -> None:
    world = World(capacity=Capacity(idle_seconds=None, snapshot_every=4))
    async with world.engine() as engine:
        counter = await make(engine, world)
        for amount in range(10):
            await ask(engine, counter, Add(amount=amount))
        await ask(engine, counter, Close())
    assert world.database.snapshots[counter].version in (8, 12)
    async with world.engine() as engine:
        state = await read(engine, counter)
    assert (state.total, state.phase) == (45, "closed")
    snapshot = world.database.snapshots.pop(counter)
    async with world.engine() as engine:
        assert await read(engine, counter) == state
    assert snapshot.version > 0


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
