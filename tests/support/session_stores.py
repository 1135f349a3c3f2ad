"""Session stores of both kinds, and turns to write to them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

import trio
import trio.testing

from switchboard.engine.errors import CommitUnknown, EngineError
from switchboard.engine.ports import (
    Adopt,
    CommitFailed,
    Committed,
    Fenced,
    JournalEntry,
    Meanwhile,
    Outcome,
    Snapshot,
    Turn,
)
from switchboard.engine.sessions.kind import Address
from switchboard.store.bridge import Database, DirectConnection
from switchboard.store.commit import Committer
from switchboard.store.memory import MemoryStore, open_memory
from switchboard.store.postgres import PostgresStore, open_postgres

NOW = 1_700_000_000_000
DAY = 24 * 3600 * 1000

SECONDS_MOST = 30
"""No test of a store takes so long; one that does hangs."""


def address(id_: str) -> Address:
    """A session of the kind that these tests use."""
    return Address("thing", id_)


def entry(version: int, at: int = NOW) -> JournalEntry:
    """An entry whose body says its version."""
    return JournalEntry(
        version=version,
        name="ThingHappened",
        format=1,
        body=b'{"version":%d}' % version,
        at=at,
        by="somebody",
        caused_by=None,
        code_version="1.0",
    )


def turn(id_: str, expected: int = 0, *, entries: int = 1, at: int = NOW, **parts: Any) -> Turn:
    """A turn of the session ``id_`` that stands at version ``expected``, with that many entries."""
    version = expected + entries
    snapshot = parts.pop("snapshot", None)
    if snapshot is True:
        snapshot = Snapshot(version, 1, b'{"folded":%d}' % version)
    fields: dict[str, Any] = {
        "address": address(id_),
        "id": f"turn-{id_}-{expected}",
        "expected": expected,
        "version": version,
        "phase": "running",
        "deadline": None,
        "entries": tuple(entry(expected + number, at) for number in range(1, entries + 1)),
        "snapshot": snapshot,
    }
    return Turn(**(fields | parts))


def unseen(_committed: Committed) -> None:
    """For a caller to whom the moment of adoption does not matter."""


class Commits(Protocol):
    """The port's half that writes: a store's sessions, or a committer."""

    async def commit(self, turn: Turn, adopt: Adopt, meanwhile: Meanwhile = None) -> Outcome:
        """See ``Sessions.commit``."""


async def commit(sessions: Commits, written: Turn) -> Outcome:
    """Commits one turn."""
    return await sessions.commit(written, unseen)


async def at_once(sessions: Commits, turns: Sequence[Turn]) -> list[Outcome | Exception]:
    """Hands in all turns within one moment, in any order, and so in one batch; the outcome or error of each."""
    answers: list[Any] = [None] * len(turns)
    go = trio.Event()

    async def one(number: int, written: Turn) -> None:
        await go.wait()
        answers[number] = await outcome_of(sessions, written)

    with trio.fail_after(SECONDS_MOST):
        async with trio.open_nursery() as nursery:
            for number, written in enumerate(turns):
                nursery.start_soon(one, number, written)
            await trio.testing.wait_all_tasks_blocked()
            go.set()
    return answers


async def in_order(sessions: Commits, turns: Sequence[Turn]) -> list[Outcome | Exception]:
    """Hands in the turns one after the other, none waiting for the one before to be committed."""
    answers: list[Any] = [None] * len(turns)

    async def one(number: int, written: Turn, handed_in: trio.Event) -> None:
        handed_in.set()  # No checkpoint stands between this and the committer's queue.
        answers[number] = await outcome_of(sessions, written)

    with trio.fail_after(SECONDS_MOST):
        async with trio.open_nursery() as nursery:
            for number, written in enumerate(turns):
                handed_in = trio.Event()
                nursery.start_soon(one, number, written, handed_in)
                await handed_in.wait()
    return answers


async def outcome_of(sessions: Commits, written: Turn) -> Outcome | Exception:
    """What became of the turn, errors of the port included."""
    try:
        return await sessions.commit(written, unseen)
    except (EngineError, CommitFailed, Fenced) as error:
        return error


class Gate:
    """The memory store's gate: lets everything pass, but for what a test has planned for the next call of a name."""

    def __init__(self) -> None:
        self.plans: dict[str, Callable[[], Awaitable[None]]] = {}

    async def __call__(self, name: str) -> None:
        """See ``switchboard.store.memory.Gate``."""
        await trio.lowlevel.checkpoint()
        plan = self.plans.pop(name, None)
        if plan is not None:
            await plan()


class MemoryWorld:
    """A store in memory with the means to disturb it."""

    def __init__(self, store: MemoryStore, gate: Gate) -> None:
        self.store = store
        self._gate = gate

    @property
    def committer(self) -> Committer:
        """Its statistics are looked at."""
        return self.store.sessions.committer

    async def retire(self) -> None:
        """Another node takes over."""
        async with open_memory(self.store.database):
            pass

    async def lose_answer(self, written: Turn, *, happens: bool) -> None:
        """Commits a turn whose answer gets lost, after or before it was written. Raises: CommitUnknown."""

        async def lose() -> None:
            raise CommitUnknown("as planned")

        self._gate.plans["committed" if happens else "commit"] = lose
        await commit(self.store.sessions, written)


class Side:
    """A connection beside the store's own, from which a stranger disturbs it."""

    def __init__(self, database: Database, connection: DirectConnection) -> None:
        self.database = database
        self._connection = connection

    async def execute(self, sql: str, *args: Any) -> None:
        """One statement, or several without parameters."""
        await self.database.run_apart(self._connection.execute, sql, *args)

    async def value(self, sql: str, *args: Any) -> Any:
        """The first column of the first row."""
        return await self.database.run_apart(self._connection.fetchval, sql, *args)

    async def close(self) -> None:
        """Ends it."""
        await self.database.run_apart(self._connection.close)

    async def until(self, sql: str, *args: Any) -> None:
        """Asks again and again until the value is true."""
        with trio.fail_after(SECONDS_MOST):
            while not await self.value(sql, *args):
                pass


@asynccontextmanager
async def a_side(database: Database) -> AsyncIterator[Side]:
    """See ``Side``; its open transaction ends with it."""
    connection = await database.run_apart(database.connect)
    try:
        # It must not wait for a standby that a test makes others wait for.
        await database.run_apart(connection.execute, "SET synchronous_commit = local")
        yield Side(database, connection)
    finally:
        connection.terminate()


WAITING = """
    FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = $1 AND wait_event = $2
"""
WAITS = f"SELECT EXISTS (SELECT {WAITING})"
END = f"SELECT pg_terminate_backend(pid) {WAITING}"
COMMITTER = "switchboard committer"
HELD = 4711
"""Of the advisory lock at which a commit can be held in the middle of its transaction."""

HOLD = f"""
    CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM set_config('lock_timeout', '0', true);
        PERFORM pg_advisory_xact_lock_shared({HELD});
        RETURN NULL;
    END $$;
    CREATE TRIGGER hold AFTER INSERT ON journal FOR EACH STATEMENT EXECUTE FUNCTION hold();
    SELECT pg_advisory_lock({HELD});
"""
LET_GO = f"SELECT pg_advisory_unlock({HELD}); DROP TRIGGER hold ON journal; DROP FUNCTION hold"


@asynccontextmanager
async def held_before_its_end(side: Side) -> AsyncIterator[None]:
    """Every commit of a turn stands still in the middle of its transaction."""
    await side.execute(HOLD)
    try:
        yield
    finally:
        await side.execute(LET_GO)


@asynccontextmanager
async def waiting_for_a_standby(side: Side) -> AsyncIterator[None]:
    """Every commit on the server stands still when it has happened, before it is answered."""
    await side.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    await side.execute("SELECT pg_reload_conf()")
    try:
        async with a_side(side.database) as probe, trio.open_nursery() as nursery:
            # The setting takes effect when the server's checkpointer has read it, which only a commit can tell.
            await probe.execute("SET synchronous_commit = on; SET application_name = 'probe'")
            nursery.start_soon(commit_again_and_again, probe)
            await side.until(WAITS, "probe", "SyncRep")
            yield
            nursery.cancel_scope.cancel()
    finally:
        await side.execute("ALTER SYSTEM RESET synchronous_standby_names")
        await side.execute("SELECT pg_reload_conf()")


async def commit_again_and_again(probe: Side) -> None:
    """Until it is cancelled."""
    while True:
        await probe.execute("SELECT pg_logical_emit_message(true, 'probe', '')")


class PostgresWorld:
    """A store on Postgres with the means to disturb it."""

    def __init__(self, store: PostgresStore) -> None:
        self.store = store

    @property
    def committer(self) -> Committer:
        """Its statistics are looked at."""
        return self.store.sessions.committer

    async def retire(self) -> None:
        """Another node takes over."""
        async with a_side(self.store.database) as side:
            await side.execute("UPDATE node SET retired = true")

    async def lose_answer(self, written: Turn, *, happens: bool) -> None:
        """Commits a turn whose answer gets lost, after or before it was written. Raises: CommitUnknown."""
        async with a_side(self.store.database) as side:
            # A commit that waits for a standby has happened already, and its backend can be ended there.
            held = waiting_for_a_standby(side) if happens else held_before_its_end(side)
            event = "SyncRep" if happens else "advisory"
            async with held, trio.open_nursery() as nursery:
                nursery.start_soon(self._end_committer, side, event)
                answer = await outcome_of(self.store.sessions, written)
        assert isinstance(answer, Exception), answer
        raise answer

    @staticmethod
    async def _end_committer(side: Side, event: str) -> None:
        await side.until(WAITS, COMMITTER, event)
        await side.execute(END, COMMITTER, event)


World = MemoryWorld | PostgresWorld


@asynccontextmanager
async def open_world(url: str | None) -> AsyncIterator[World]:
    """A store on that empty database, or in memory."""
    if url is None:
        gate = Gate()
        async with open_memory(gate=gate) as memory:
            yield MemoryWorld(memory, gate)
        return
    async with open_postgres(url, on_lost=ignore) as store:
        yield PostgresWorld(store)


def ignore(_reason: str) -> None:
    """For tests that lose their node on purpose and have no engine to stop."""
