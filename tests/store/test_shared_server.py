"""What the tests' own server promises to other tests."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest
import trio


async def ask(url: str, query: str) -> object:
    """The query's one value."""

    async def answer() -> object:
        connection = await asyncpg.connect(url, timeout=30)
        value = await connection.fetchval(query)
        await connection.close()
        return value

    return await trio.to_thread.run_sync(asyncio.run, answer())


@pytest.mark.parametrize("number", [1, 2])
async def test_each_test_has_an_empty_database_of_its_own(database_url: str, number: int) -> None:
    with trio.fail_after(30):
        assert await ask(database_url, f"CREATE TABLE mine AS SELECT {number}") is None
        assert await ask(database_url, "SELECT count(*) FROM mine") == 1


async def test_the_server_counts_as_one_that_keeps_what_it_acknowledges(database_url: str) -> None:
    with trio.fail_after(30):
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            assert await ask(database_url, f"SHOW {setting}") == "on"


async def test_a_killed_server_is_back_with_its_data(
    postgres_server: Any, database_url: str
) -> None:
    with trio.fail_after(60):
        await ask(database_url, "CREATE TABLE kept AS SELECT 7 AS value")
        killed = postgres_server.pid
        postgres_server.kill()
        await postgres_server.wait_ready()
        assert postgres_server.pid != killed
        assert await ask(database_url, "SELECT value FROM kept") == 7
