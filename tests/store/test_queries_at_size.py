"""What the engine asks all the time touches as many pages of the database with 30,000 sessions as with 300."""

from __future__ import annotations

import json
from typing import Any

import pytest

from switchboard.store import queries, queries_rooms
from switchboard.store.bridge import Connection, Database
from switchboard.store.migrations import migrate

FEW, MANY = 300, 30_000

FILL = (
    # One in three hundred is unfinished, as of the newest; finished ones have no deadline.
    """
    INSERT INTO session (kind, id, shard, version, phase, deadline, turn_id, summary, created_at, updated_at)
    SELECT 'gig', 'g' || n, 0, 9, CASE WHEN n <= $1 / 300 THEN 'pendingOperator' ELSE 'voted' END,
        CASE WHEN n <= 3 THEN n END, 't', convert_to(repeat('x', 400), 'UTF8'), n, n
    FROM generate_series(1, $1::integer) AS n
    """,
    """
    INSERT INTO snapshot (kind, id, version, format, body)
    SELECT 'gig', 'g' || n, 9, 1, convert_to(repeat('x', 400), 'UTF8') FROM generate_series(1, $1::integer) AS n
    """,
    """
    INSERT INTO claim (scope, key, kind, holder)
    SELECT CASE WHEN n % 20 = 0 THEN 'engagement' ELSE 'room/company/pair' END, 'k' || n, 'room', 'r' || n
    FROM generate_series(1, $1::integer) AS n
    """,
    """
    INSERT INTO session_list (name, key, serial, kind, id)
    SELECT 'gigs-of', 'c' || serial, serial, kind, id FROM session WHERE serial <= $1
    """,
    # Rooms of one member and one shelf, a minute between each and the next.
    """
    INSERT INTO session (kind, id, shard, version, phase, turn_id, summary, created_at, updated_at)
    SELECT 'room', 'r' || n, 0, 9, 'active', 't', convert_to(repeat('x', 400), 'UTF8'), n, n
    FROM generate_series(1, $1::integer) AS n
    """,
    """
    INSERT INTO room (id, realm, shelf, active_at, messages)
    SELECT 'r' || n, 'ally', 'shelf', n * 60000, 1 FROM generate_series(1, $1::integer) AS n
    """,
    """
    INSERT INTO room_member (room, account, id, joined_at, active_at)
    SELECT 'r' || n, 'ann', 'i' || n, 1, n * 60000 FROM generate_series(1, $1::integer) AS n
    """,
    """
    INSERT INTO message (room, version, name, format, body, at, by, code_version, id, number)
    SELECT 'r' || n, 2, 'MessagePosted', 1, convert_to(repeat('x', 400), 'UTF8'), n * 60000 + 7, 'ann', '1', 'm' || n, 1
    FROM generate_series(1, $1::integer) AS n
    """,
)

TABLES = "session, snapshot, claim, session_list, room, room_member, message"

ASKED: dict[str, tuple[str, tuple[Any, ...]]] = {
    "what engages two people, and what they owe": (
        queries.CLAIMS,
        (
            ["engagement", "engagement", "rating-debt/ann", "rating-debt/ben"],
            ["k40", "ben", "", ""],
        ),
    ),
    "gigs that wait for an operator": (
        queries.TIMED,
        ("gig", "pendingOperator", 1000, queries.INSTANT_MOST, queries.INSTANT_LEAST, ""),
    ),
    "nobody is online": (
        queries.TIMED,
        ("person", "online", 1000, queries.INSTANT_MOST, queries.INSTANT_LEAST, ""),
    ),
    "loading two sessions": (queries.LOAD, (["gig", "gig"], ["g7", "g8"])),
    "the newest rooms of a member": (queries_rooms.OF_MEMBER, ("ann", 0, 20)),
    "later rooms of a member": (queries_rooms.OF_MEMBER, ("ann", 200, 20)),
    "the newest rooms of a shelf": (queries_rooms.ON_SHELF, ("shelf", 0, 20, "ann")),
}

PAGES_MORE = 6
"""An index of 30,000 rows is a level or two higher than one of 300, on each of three ways."""


async def _pages(connection: Connection, sql: str, args: tuple[Any, ...]) -> int:
    explained = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}"
    await connection.fetchval(explained, *args)  # The first looks into the catalogue, too.
    (told,) = json.loads(await connection.fetchval(explained, *args))
    plan = told["Plan"]
    pages: int = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    return pages


async def _measured(connection: Connection, count: int) -> dict[str, int]:
    await connection.execute(f"TRUNCATE {TABLES} RESTART IDENTITY")
    for statement in FILL:
        await connection.execute(statement, count)
    await connection.execute(f"VACUUM ANALYZE {TABLES}")
    return {name: await _pages(connection, *asked) for name, asked in ASKED.items()}


@pytest.mark.timeout(60)
async def test_what_is_asked_all_the_time_touches_as_much_however_much_is_stored(
    database_url: str,
) -> None:
    async with Database.open(database_url, allow_unsafe=True) as database:
        await migrate(database)
        few = await database.run(_measured, FEW)
        many = await database.run(_measured, MANY)
    for name in ASKED:
        assert many[name] <= few[name] + PAGES_MORE, (name, few, many)
