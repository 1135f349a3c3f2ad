"""What only a real server can do to a commit: locks of strangers, transactions in flight, outages."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest
import trio
from session_stores import (
    COMMITTER,
    HOLD,
    LET_GO,
    SECONDS_MOST,
    WAITS,
    PostgresWorld,
    Side,
    a_side,
    address,
    at_once,
    commit,
    held_before_its_end,
    open_world,
    outcome_of,
    turn,
)

from switchboard.engine.errors import CommitUnknown, StoreDown
from switchboard.engine.ports import ClaimTaken, CommitFailed, Committed, Fenced, NewNotice, Stale
from switchboard.engine.sessions.kind import Claim
from switchboard.store import postgres_backend
from switchboard.store.outages import is_outage
from switchboard.store.trio_connection import is_certain

ENGAGED = Claim("engaged", "ann")


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[PostgresWorld]:
    """A store on Postgres."""
    async with open_world(database_url) as opened:
        assert isinstance(opened, PostgresWorld)
        yield opened


@pytest.fixture
async def side(world: PostgresWorld) -> AsyncIterator[Side]:
    """A stranger's connection."""
    async with a_side(world.store.database) as opened:
        yield opened


# -- locks of strangers


async def test_a_locked_row_leaves_a_hundred_others_of_the_moment_untouched(
    world: PostgresWorld, side: Side
) -> None:
    sessions = world.store.sessions
    await at_once(sessions, [turn(f"s{n}") for n in range(50)])
    await commit(sessions, turn("locked"))
    await side.execute("BEGIN")
    await side.execute("SELECT FROM session WHERE id = 'locked' FOR UPDATE")
    answered: list[str] = []
    outcomes: dict[str, object] = {}

    async def one(id_: str, expected: int) -> None:
        outcomes[id_] = await outcome_of(sessions, turn(id_, expected))
        answered.append(id_)

    with trio.fail_after(SECONDS_MOST):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(one, "locked", 1)
            for n in range(100):
                nursery.start_soon(one, f"s{n}", 1 if n < 50 else 0)
    assert answered[-1] == "locked"
    assert isinstance(outcomes.pop("locked"), StoreDown)
    assert set(map(repr, outcomes.values())) == {repr(Committed())}
    await side.execute("ROLLBACK")
    assert await commit(sessions, turn("locked", 1)) == Committed()


async def test_a_row_that_is_locked_for_a_moment_only_delays_its_turn(
    world: PostgresWorld, side: Side
) -> None:
    sessions = world.store.sessions
    await commit(sessions, turn("a"))
    await side.execute("BEGIN")
    await side.execute("SELECT FROM session WHERE id = 'a' FOR UPDATE")
    tried = world.committer.statistics().turns
    outcomes: list[object] = []

    async def one() -> None:
        outcomes.append(await outcome_of(sessions, turn("a", 1)))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(one)
        while world.committer.statistics().turns < tried + 2:
            await trio.lowlevel.checkpoint()
        await side.execute("ROLLBACK")
    assert outcomes == [Committed()]


async def test_a_lock_elsewhere_fails_its_turn_alone(world: PostgresWorld, side: Side) -> None:
    sessions = world.store.sessions
    await commit(sessions, turn("holder", taken=(ENGAGED,)))
    await side.execute("BEGIN")
    await side.execute("SELECT FROM claim FOR UPDATE")
    began = trio.current_time()
    turns = [turn(f"s{n}") for n in range(100)]
    outcomes = await at_once(sessions, [*turns, turn("holder", 1, released=(ENGAGED,))])
    assert isinstance(outcomes.pop(), StoreDown)
    assert outcomes == [Committed()] * 100
    # One lock_timeout and seven short ones; ten times that leaves room for a busy machine.
    assert trio.current_time() - began < 2
    await side.execute("ROLLBACK")
    assert await commit(sessions, turn("holder", 1, released=(ENGAGED,))) == Committed()


# -- transactions in flight


async def test_a_claim_that_appears_while_a_batch_is_under_way_is_seen_at_the_second_try(
    world: PostgresWorld, side: Side
) -> None:
    sessions = world.store.sessions
    await side.execute(HOLD)
    outcomes: list[object] = []

    async def both() -> None:
        outcomes.extend(await at_once(sessions, [turn("a", taken=(ENGAGED,)), turn("b")]))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(both)
        await side.until(WAITS, COMMITTER, "advisory")
        # As an earlier commit of ours would do that was thought lost; it goes through just now.
        await side.execute("INSERT INTO claim VALUES ('engaged', 'ann', 'thing', 'other')")
        await side.execute(LET_GO)
    assert outcomes == [ClaimTaken(ENGAGED, "other"), Committed()]


async def test_a_takeover_and_a_commit_in_flight_never_both_go_through(
    world: PostgresWorld, side: Side
) -> None:
    sessions = world.store.sessions
    await side.execute(HOLD)
    outcomes: list[object] = []

    async def one() -> None:
        outcomes.append(await outcome_of(sessions, turn("a")))

    async with a_side(world.store.database) as successor, trio.open_nursery() as nursery:
        nursery.start_soon(one)
        await side.until(WAITS, COMMITTER, "advisory")
        await successor.execute("SET lock_timeout = '100ms'")
        # As ownership.py takes over; here it gives up instead of waiting.
        with pytest.raises(asyncpg.LockNotAvailableError):
            await successor.execute("UPDATE node SET retired = true WHERE NOT retired")
        await side.execute(LET_GO)
    assert outcomes == [Committed()]
    await side.execute("UPDATE node SET retired = true WHERE NOT retired")
    assert isinstance(await outcome_of(sessions, turn("b")), Fenced)


@pytest.mark.parametrize("expected", [0, 1])
async def test_settling_waits_for_a_commit_that_is_still_in_flight(
    world: PostgresWorld, side: Side, expected: int
) -> None:
    sessions = world.store.sessions
    if expected:
        await commit(sessions, turn("a"))
    lost = turn("a", expected)
    await side.execute(HOLD)
    answers: list[object] = []

    async def lose() -> None:
        answers.append(await outcome_of(sessions, lost))

    async def settle() -> None:
        answers.append(await sessions.settle(lost))

    async with a_side(world.store.database) as watcher, trio.open_nursery() as nursery:
        nursery.start_soon(lose)
        await watcher.until(WAITS, COMMITTER, "advisory")
        # Our end goes; the backend stands in the middle of its transaction and does not notice.
        sessions.backend.close()
        nursery.start_soon(settle)
        await watcher.until(
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE 'SELECT settle_turn%'"
            " AND wait_event_type = 'Lock' AND datname = current_database())"
        )
        await side.execute(LET_GO)
    assert isinstance(answers[0], CommitUnknown)
    assert answers[1] is True
    assert await commit(sessions, turn("a", expected + 1)) == Committed()


async def test_a_commit_that_arrives_after_its_settling_is_stale(world: PostgresWorld) -> None:
    sessions = world.store.sessions
    for expected in (0, 1):
        late = turn("a", expected)
        assert not await sessions.settle(late)
        assert await commit(sessions, late) == Stale()


# -- outages


async def test_a_server_that_takes_no_connections_is_a_certain_outage_until_it_does(
    world: PostgresWorld, side: Side, database_url: str
) -> None:
    database = world.store.database
    name = await side.value("SELECT current_database()")
    # Not from within: a database cannot be closed by its own connection.
    elsewhere = database_url.replace(name, "postgres")
    admin = Side(database, await database.run_apart(asyncpg.connect, elsewhere))
    await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    for application in (COMMITTER, "switchboard"):
        await side.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = $1 AND datname = current_database() AND pid <> pg_backend_pid()",
            application,
        )
    sessions = world.store.sessions
    # The first may meet a connection whose end it has not heard of yet, and then cannot know.
    await outcome_of(sessions, turn("first"))
    assert isinstance(await outcome_of(sessions, turn("a")), StoreDown)
    with pytest.raises(StoreDown):
        await sessions.load(address("a"))
    with pytest.raises(StoreDown):
        await world.store.ping()
    await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    await admin.close()
    assert await commit(sessions, turn("a")) == Committed()
    assert await sessions.load(address("a")) is not None


async def test_old_keys_and_notices_are_pruned_by_the_servers_clock(
    world: PostgresWorld, side: Side
) -> None:
    sessions = world.store.sessions
    now = int(await side.value("SELECT extract(epoch FROM clock_timestamp()) * 1000"))
    for id_, at in (("old", now - 25 * 3600 * 1000), ("new", now)):
        await commit(sessions, turn(id_, at=at, notices=(NewNotice("topic", id_, b"{}"),)))
    await sessions.prune()
    assert [notice.name for notice in await sessions.notices("topic", 0, 10)] == ["new"]
    # The numbers go on.
    outcome = await commit(sessions, turn("next", notices=(NewNotice("topic", "next", b"{}"),)))
    assert outcome == Committed((3,))


async def test_a_value_that_no_column_holds_fails_its_turn_alone(world: PostgresWorld) -> None:
    outcomes = await at_once(
        world.store.sessions, [turn("a"), turn("b", deadline=2**63), turn("c")]
    )
    assert outcomes[0] == outcomes[2] == Committed()
    assert isinstance(outcomes[1], CommitFailed)


async def test_a_batch_that_takes_too_long_is_given_up_and_the_next_has_a_connection_of_its_own(
    world: PostgresWorld, side: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_backend, "COMMAND_SECONDS_MOST", 0.2)
    monkeypatch.setattr(postgres_backend, "WATCH_SECONDS", 0.01)
    # The watch looks at the new times once it has slept as long as the old ones say.
    sessions = world.store.sessions
    late = turn("a")
    async with held_before_its_end(side):
        assert isinstance(await outcome_of(sessions, late), CommitUnknown)
    assert await sessions.settle(late)
    assert await commit(sessions, turn("a", 1)) == Committed()


async def test_more_shapes_of_batches_than_are_kept_are_prepared_anew(
    world: PostgresWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_backend, "SHAPES_MOST", 1)
    sessions = world.store.sessions
    for version in range(3):
        assert await commit(sessions, turn("plain", version)) == Committed()
        told = turn("told", version, notices=(NewNotice("topic", "Rang", b"{}"),))
        assert await commit(sessions, told) == Committed((version + 1,))
        assert len(sessions.backend._prepared) == 1


# -- errors


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(),
        TimeoutError(),
        OSError(),
        asyncpg.ConnectionDoesNotExistError(),
        asyncpg.CannotConnectNowError(),
        asyncpg.InterfaceError("closed"),
        asyncpg.TooManyConnectionsError(),
        asyncpg.AdminShutdownError(),
        asyncpg.CrashShutdownError(),
        asyncpg.QueryCanceledError(),
        asyncpg.LockNotAvailableError(),
        asyncpg.DeadlockDetectedError(),
        asyncpg.DiskFullError(),
        asyncpg.ReadOnlySQLTransactionError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_the_database_is_at_fault_for_is_an_outage(error: Exception) -> None:
    assert is_outage(error)


def test_a_bug_is_no_outage() -> None:
    for error in (asyncpg.UniqueViolationError(), asyncpg.DataError("x"), ValueError(), KeyError()):
        assert not is_outage(error)


@pytest.mark.parametrize(
    ("severity", "state", "certain"),
    [
        (b"ERROR", "23505", True),
        (b"ERROR", "57014", True),
        (b"FATAL", "57P01", False),
        (b"PANIC", "XX000", False),
        (b"ERROR", "08006", False),
        (None, "", False),
    ],
)
def test_only_an_error_of_a_living_connection_is_certain(
    severity: bytes | None, state: str, certain: bool
) -> None:
    assert is_certain(severity, state) is certain
