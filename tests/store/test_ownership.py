"""Who may write: the lock, the lease, and takeovers."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import trio
from session_stores import Side, a_side, commit, ignore, outcome_of, turn

from switchboard.engine.errors import StartError
from switchboard.engine.ports import Committed, Fenced
from switchboard.store import ownership
from switchboard.store.bridge import Database
from switchboard.store.migrations import migrate
from switchboard.store.ownership import own
from switchboard.store.sessions import open_sessions

OWNER = "switchboard owner"
NEVER = 3600.0


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database with its schema."""
    async with Database.open(database_url) as opened:
        await migrate(opened)
        yield opened


@pytest.fixture
async def side(database: Database) -> AsyncIterator[Side]:
    """A connection beside it."""
    async with a_side(database) as opened:
        yield opened


class Told:
    """Waits for what ``on_lost`` says."""

    def __init__(self) -> None:
        self.reasons: list[str] = []
        self._event = trio.Event()

    def __call__(self, reason: str) -> None:
        self.reasons.append(reason)
        self._event.set()

    async def wait(self) -> str:
        """The reason, once it is said."""
        with trio.fail_after(30):
            await self._event.wait()
        return self.reasons[0]


async def test_the_owner_has_all_shards_and_a_lease(database: Database, side: Side) -> None:
    async with own(database, ignore) as owner:
        assert await side.value("SELECT count(*) FROM shard WHERE node = $1", owner.node) == 256
        assert await side.value(
            "SELECT expires_at > clock_timestamp() FROM lease WHERE node = $1", owner.node
        )


async def test_a_second_engine_fails_at_once_with_one_line(database: Database) -> None:
    async with own(database, ignore):
        with trio.fail_after(5), pytest.raises(StartError) as caught:
            async with own(database, ignore):
                raise AssertionError("there are two owners")
    assert "another engine runs on this database" in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_after_a_clean_end_the_next_one_starts_at_once(
    database: Database, side: Side
) -> None:
    async with own(database, ignore) as first:
        pass
    assert await side.value("SELECT retired FROM node WHERE id = $1", first.node)
    async with own(database, ignore) as second:
        assert second.node != first.node


async def test_a_free_lock_is_taken_over_at_once_though_the_lease_is_alive(
    database: Database, side: Side
) -> None:
    told = Told()
    async with own(database, told, renew_seconds=NEVER) as first:
        await side.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1",
            OWNER,
        )
        assert await told.wait() == "the connection that holds the owner's lock has ended"
        async with own(database, ignore):
            assert await side.value("SELECT retired FROM node WHERE id = $1", first.node)
    assert len(told.reasons) == 1


async def test_a_frozen_owner_is_taken_over_from_when_its_lease_has_run_out(
    database: Database, side: Side
) -> None:
    # It never renews, as if its process stood still, and its connection with the lock stays open.
    async with (
        own(database, ignore, lease_seconds=0.01, renew_seconds=NEVER) as frozen,
        open_sessions(database, frozen.node) as sessions,
    ):
        await commit(sessions, turn("a"))
        async with (
            own(database, ignore) as owner,
            open_sessions(database, owner.node) as taken_over,
        ):
            assert isinstance(await outcome_of(sessions, turn("b")), Fenced)
            assert await commit(taken_over, turn("b")) == Committed()
            with pytest.raises(StartError):
                async with own(database, ignore):
                    raise AssertionError("the owner has no lock")


async def test_a_takeover_waits_for_a_commit_in_flight(database: Database, side: Side) -> None:
    async with own(database, ignore, lease_seconds=0.01, renew_seconds=NEVER) as frozen:
        await side.execute("BEGIN")
        await side.execute("SELECT hold_fence($1)", frozen.node)
        taken = trio.Event()

        async def take() -> None:
            async with own(database, ignore):
                taken.set()

        async with a_side(database) as watcher, trio.open_nursery() as nursery:
            nursery.start_soon(take)
            await watcher.until(
                "SELECT bool_or(query LIKE 'UPDATE node%' AND wait_event_type = 'Lock')"
                " FROM pg_stat_activity WHERE application_name = $1",
                OWNER,
            )
            assert not taken.is_set()
            await side.execute("COMMIT")
            with trio.fail_after(10):
                await taken.wait()


async def test_an_owner_that_was_taken_over_from_is_told_at_its_next_renewal(
    database: Database, side: Side
) -> None:
    told = Told()
    async with own(database, told, renew_seconds=0.01):
        await side.execute("DELETE FROM lease")
        assert await told.wait() == "another engine has taken over"


async def test_renewals_keep_the_lease_alive(database: Database, side: Side) -> None:
    async with own(database, ignore, renew_seconds=0.01):
        first = await side.value("SELECT expires_at FROM lease")
        await side.until("SELECT expires_at > $1 FROM lease", first)


async def test_a_machine_that_slept_through_the_lease_gives_up(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Told()
    asleep = ownership.boot_time() + ownership.LEASE_SECONDS + 1
    async with own(database, told, renew_seconds=0.01):
        monkeypatch.setattr(ownership, "boot_time", lambda: asleep)
        assert await told.wait() == "the lease ran out before it could be renewed"
