"""Where asyncio meets Trio: units of work, cancelled ones above all, and servers that are not fit to be used."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextvars import ContextVar
from typing import Any

import asyncpg
import pytest
import trio
from postgres_relay import a_relay
from session_stores import Side, a_side
from trio.testing import wait_all_tasks_blocked

from switchboard.engine.errors import StartError, StoreDown
from switchboard.store import bridge
from switchboard.store.bridge import Connection, Database

OPEN_TRANSACTIONS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND (xact_start IS NOT NULL OR state <> 'idle')
"""
CONNECTIONS = """
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open database without a schema."""
    async with Database.open(database_url) as opened:
        yield opened


@pytest.fixture
async def side(database: Database) -> AsyncIterator[Side]:
    """A connection beside the pool."""
    async with a_side(database) as opened:
        yield opened


async def write(connection: Connection, number: int) -> None:
    """A unit of several statements."""
    async with connection.transaction():
        await connection.execute("INSERT INTO written VALUES ($1)", number)
        await connection.fetchval("SELECT count(*) FROM written")


async def test_cancelled_units_leak_no_connection_and_leave_no_transaction_open(
    database: Database, side: Side
) -> None:
    await side.execute("CREATE TABLE written (number int)")
    finished = 0

    async def one(number: int) -> None:
        nonlocal finished
        with trio.CancelScope() as scope:
            if number % 2:
                nursery.start_soon(cancel_after, scope, number % 23)
            await database.run(write, number)
            finished += 1

    async def cancel_after(scope: trio.CancelScope, checkpoints: int) -> None:
        for _ in range(checkpoints):
            await trio.lowlevel.checkpoint()
        scope.cancel()

    with trio.fail_after(60):
        for first in range(0, 600, 30):
            async with trio.open_nursery() as nursery:
                for number in range(first, first + 30):
                    nursery.start_soon(one, number)
    assert 300 <= finished < 600
    await side.until(OPEN_TRANSACTIONS.replace("count(*)", "count(*) = 0"))
    assert await side.value(CONNECTIONS) <= bridge.POOL_MOST
    # Each one that was not cancelled is there, and the pool's connections all still work.
    assert await side.value("SELECT count(*) FROM written WHERE number % 2 = 0") == 300
    async with trio.open_nursery() as nursery:
        for number in range(bridge.POOL_MOST * 2):
            nursery.start_soon(database.run, write, 1000 + number)


async def test_a_unit_that_fails_leaves_no_transaction_open(database: Database, side: Side) -> None:
    async def fails(connection: Connection) -> None:
        await connection.execute("BEGIN")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.run(fails)
    await side.until(OPEN_TRANSACTIONS.replace("count(*)", "count(*) = 0"))


async def select(connection: Connection, sql: str) -> Any:
    """One value."""
    return await connection.fetchval(sql)


async def test_a_lost_connection_is_an_outage_and_the_next_unit_gets_another(
    database: Database, side: Side
) -> None:
    ended: list[StoreDown] = []

    async def wait_long() -> None:
        try:
            await database.run(select, "SELECT pg_sleep(60)")
        except StoreDown as error:
            ended.append(error)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait_long)
        await side.until(
            "SELECT bool_or(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
            " AND datname = current_database()"
        )
    assert len(ended) == 1
    assert await database.run(select, "SELECT 1") == 1


async def test_a_connection_whose_end_was_announced_is_an_outage_and_is_not_used_again(
    database_url: str,
) -> None:
    async with a_relay(database_url) as relay, Database.open(relay.url) as database:
        assert await database.run(select, "SELECT 1") == 1
        await relay.announce_the_end()
        # So that asyncio has read it; if not, the statement meets it in its answer, and the outcome is the same.
        await wait_all_tasks_blocked(0.05)
        with pytest.raises(StoreDown):
            await database.run(select, "SELECT 1")
        assert await database.run(select, "SELECT 1") == 1


@pytest.mark.parametrize(
    ("limit", "statement"),
    [
        ("statement_timeout", "SELECT pg_sleep(60)"),
        ("lock_timeout", "SELECT pg_advisory_xact_lock(1)"),
    ],
)
async def test_the_servers_own_time_limits_are_an_outage(
    database: Database, side: Side, limit: str, statement: str
) -> None:
    async def unit(connection: Connection) -> None:
        async with connection.transaction():
            await connection.execute(f"SET LOCAL {limit} = '20ms'")
            await connection.execute(statement)

    await side.execute("SELECT pg_advisory_lock(1)")
    with pytest.raises(StoreDown):
        await database.run(unit)


async def test_every_connection_has_its_limits_on_the_server(database: Database) -> None:
    async def limits(connection: Connection) -> list[str]:
        names = [*bridge.SERVER_LIMITS, *bridge.TRANSACTION_LIMIT]
        return [await connection.fetchval("SELECT current_setting($1)", name) for name in names]

    expected = [*bridge.SERVER_LIMITS.values(), *bridge.TRANSACTION_LIMIT.values()]
    assert await database.run(limits) == expected


async def test_who_waits_for_a_connection_waits_in_order_and_outside_of_asyncio(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thousands of timers within asyncio would leave it no time for those whose turn it is."""
    begun: list[int] = []
    entered, done = 0, asyncio.Event()
    within = database._unit

    async def counted(*args: Any) -> Any:
        nonlocal entered
        entered += 1
        return await within(*args)

    async def unit(_connection: Connection, number: int) -> None:
        begun.append(number)
        if number < bridge.POOL_MOST:
            await done.wait()

    monkeypatch.setattr(database, "_unit", counted)
    async with trio.open_nursery() as nursery:
        for number in range(200):
            nursery.start_soon(database.run, unit, number)
            await wait_all_tasks_blocked()
        while len(begun) < bridge.POOL_MOST:
            await trio.lowlevel.checkpoint()
        assert entered == len(begun) == bridge.POOL_MOST
        done.set()
    assert begun[bridge.POOL_MOST :] == sorted(begun[bridge.POOL_MOST :])
    assert len(begun) == 200


async def test_who_has_waited_too_long_for_a_connection_hears_that_the_database_is_too_busy(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    done, begun, full = asyncio.Event(), 0, trio.Event()

    async def unit(_connection: Connection) -> None:
        nonlocal begun
        begun += 1
        if begun == bridge.POOL_MOST:
            full.set()
        await done.wait()

    async with trio.open_nursery() as nursery:
        for _ in range(bridge.POOL_MOST):
            nursery.start_soon(database.run, unit)
        # Only the one that comes now is to be impatient: to open a connection may take longer than that.
        await full.wait()
        monkeypatch.setattr(bridge, "ACQUIRE_SECONDS_MOST", 0.05)
        with pytest.raises(StoreDown, match="too busy"):
            await database.run(unit)
        done.set()
    monkeypatch.undo()
    assert begun == bridge.POOL_MOST
    await database.run(unit)


async def test_a_deadline_holds_against_a_server_that_never_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bridge, "CONNECT_SECONDS_MOST", 0.1)
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listeners[0].socket.getsockname()[1]
    with trio.fail_after(10), pytest.raises(StartError, match="cannot be reached"):
        await open_and_close(f"postgresql://u:secret@127.0.0.1:{port}/d")
    await listeners[0].aclose()


async def test_a_bug_in_a_unit_is_no_outage(database: Database) -> None:
    with pytest.raises(asyncpg.UndefinedTableError):
        await database.run(select, "SELECT * FROM nothing")
    with pytest.raises(asyncpg.DataError):
        await database.run(_with_wrong_type)


async def _with_wrong_type(connection: Connection) -> None:
    await connection.fetchval("SELECT $1::int", "text")


async def test_a_closed_database_is_an_outage(database_url: str) -> None:
    async with Database.open(database_url) as database:
        pass
    with pytest.raises(StoreDown):
        await database.run(select, "SELECT 1")


# -- starting


async def open_and_close(url: str, *, allow_unsafe: bool = False) -> None:
    """Raises what opening raises, out of its groups."""
    async with Database.open(url, allow_unsafe=allow_unsafe):
        pass


async def test_an_unreachable_server_stops_the_start_with_one_line_without_the_password() -> None:
    with pytest.raises(StartError) as caught:
        await open_and_close("postgresql://somebody:secret@127.0.0.1:1/nowhere")
    assert "cannot be reached" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


async def test_a_wrong_password_and_a_wrong_url_stop_the_start(database_url: str) -> None:
    password = database_url.split(":")[2].split("@")[0]
    wrong = database_url.replace(password, "wrong", 1)
    with pytest.raises(StartError, match="password authentication failed"):
        await open_and_close(wrong)
    for url in ("mysql://a@b/c", "postgresql://a:b@host:port/d", "postgresql://a:wr/ong@host/d"):
        with pytest.raises(StartError, match="URL cannot be read") as caught:
            await open_and_close(url)
        assert "wr" not in str(caught.value)


async def test_a_server_that_may_lose_commits_is_refused_unless_it_is_allowed(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with Database.open(database_url) as database, a_side(database) as side:
        name = await side.value("SELECT current_database()")
        await side.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
    with pytest.raises(StartError, match="synchronous_commit off"):
        await open_and_close(database_url)
    with caplog.at_level(logging.ERROR):
        await open_and_close(database_url, allow_unsafe=True)
    assert "can be lost in a crash" in caplog.text


async def test_the_loop_survives_an_error_that_nobody_waits_for(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async def call_later() -> None:
        asyncio.get_running_loop().call_soon(lambda: 1 / 0)

    await database.run_apart(call_later)
    assert await database.run(select, "SELECT 1") == 1
    assert "ZeroDivisionError" in caplog.text


async def test_a_unit_does_not_run_in_the_context_of_its_caller(database: Database) -> None:
    """Its timers, which asyncio forgets only at their moment, would hold the caller's request as long."""
    request: ContextVar[str] = ContextVar("request")

    async def seen(connection: Connection) -> str:
        await connection.execute("SELECT 1")
        return request.get("nothing")

    request.set("a large one")
    assert await database.run(seen) == "nothing"
