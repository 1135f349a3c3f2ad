"""Numbered SQL files, applied once each."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest
import trio
from session_stores import a_side

from switchboard.engine.errors import StartError
from switchboard.store.bridge import Database
from switchboard.store.migrations import Migration, migrate, shipped

ONE = Migration(1, "0001_one.sql", "c1", "CREATE TABLE one (x int); INSERT INTO one VALUES (1)")
TWO = Migration(2, "0002_two.sql", "c2", "ALTER TABLE one ADD y int")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open database without a schema."""
    async with Database.open(database_url) as opened:
        yield opened


async def test_the_shipped_files_are_applied_once(database: Database) -> None:
    names = [migration.name for migration in shipped()]
    assert names[0] == "0001_sessions.sql"
    assert await migrate(database) == names
    assert await migrate(database) == []


async def test_only_what_is_new_is_applied(database: Database) -> None:
    assert await migrate(database, [ONE]) == ["0001_one.sql"]
    assert await migrate(database, [ONE, TWO]) == ["0002_two.sql"]
    async with a_side(database) as side:
        assert await side.value("SELECT count(*) FROM one WHERE y IS NULL") == 1
        assert await side.value("SELECT string_agg(checksum, ' ') FROM migration") == "c1 c2"


async def test_two_processes_that_start_at_once_apply_each_file_once(database: Database) -> None:
    applied: list[str] = []

    async def one() -> None:
        applied.extend(await migrate(database, [ONE, TWO]))

    async with trio.open_nursery() as nursery:
        for _ in range(4):
            nursery.start_soon(one)
    assert applied == ["0001_one.sql", "0002_two.sql"]


async def test_a_newer_schema_stops_the_start(database: Database) -> None:
    await migrate(database, [ONE, TWO])
    with pytest.raises(StartError, match="schema 2, which is newer"):
        await migrate(database, [ONE])


async def test_a_changed_file_stops_the_start_and_changes_nothing(database: Database) -> None:
    await migrate(database, [ONE])
    changed = Migration(1, "0001_one.sql", "other", ONE.sql)
    with pytest.raises(StartError, match=r"another 0001_one\.sql"):
        await migrate(database, [changed, TWO])
    assert await migrate(database, [ONE, TWO]) == ["0002_two.sql"]


async def test_a_file_that_fails_leaves_nothing_of_any_behind(database: Database) -> None:
    broken = Migration(2, "0002_broken.sql", "c", "CREATE TABLE two (x int); SELECT 1/0")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(database, [ONE, broken])
    async with a_side(database) as side:
        assert await side.value("SELECT to_regclass('one') IS NULL AND to_regclass('two') IS NULL")
    assert await migrate(database, [ONE, TWO]) == ["0001_one.sql", "0002_two.sql"]
