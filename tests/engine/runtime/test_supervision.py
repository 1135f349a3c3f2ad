"""Crashes, restarts, quarantine, passivation, alarms, ownership."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from counters import COUNTER, Add, Arm, Close, Fail
from engines import World, ask, events, make, read
from structlog.testing import CapturingLogger
from trio.testing import MockClock

from switchboard.engine.engine import Engine
from switchboard.engine.errors import NotOwner, Quarantined, SessionCrashed, Stopping
from switchboard.engine.ports import Capacity
from switchboard.engine.runtime.breaker import Breaker
from switchboard.engine.runtime.supervision_log import LINES_A_SECOND_MOST, SupervisionLog
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


async def test_crashes_are_counted_though_the_session_was_idle_between_them(
    autojump_clock: MockClock,
) -> None:
    world = World(capacity=Capacity(idle_seconds=5.0, restart_intensity=2))
    async with world.engine() as engine:
        counter = await make(engine, world)
        for _ in range(3):
            with pytest.raises(SessionCrashed):
                await ask(engine, counter, Fail())
            await trio.sleep(10)
        assert len(events(engine, "session_quarantined")) == 1
        with pytest.raises(Quarantined):
            await ask(engine, counter, Add(amount=1))


def test_a_flood_of_one_event_is_counted_and_heard_whole_and_written_in_part() -> None:
    """Ten lines a second of it; the first of the next second says how many were left out."""
    now, lines = [5_000], CapturingLogger()
    heard: list[Any] = []
    log = SupervisionLog(lambda: now[0], lines)
    log.listen(heard.append)
    for _ in range(25):
        log.event("turn_slow", seconds=0.2)
        log.event("session_crashed", error="e")
    now[0] = 6_000
    log.event("turn_slow", seconds=0.3)
    assert (log.counts["turn_slow"], log.counts["session_crashed"]) == (26, 25)
    assert len(heard) == 51
    written = [call for call in lines.calls if call.args == ("turn_slow",)]
    assert len(written) == LINES_A_SECOND_MOST + 1
    assert written[-1].kwargs == {"seconds": 0.3, "unwritten": 15}
    assert sum(call.args == ("session_crashed",) for call in lines.calls) == 25
