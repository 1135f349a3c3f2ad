"""Counts by window and one-time codes, in Postgres."""

from __future__ import annotations

from typing import Literal

import asyncpg
import msgspec

from switchboard.engine.clock import Instant, Milliseconds
from switchboard.engine.errors import Conflict
from switchboard.engine.records import Attempt, TryResult
from switchboard.store.bridge import Connection, Database
from switchboard.store.records_rules import ATTEMPT_KEPT, hashed, seconds_until, storable

SWEPT_MOST = 10
"""Old rows removed by each that adds one: more than one, so that they get fewer, and few, so that nobody waits."""

HIT = """
    INSERT INTO limit_count AS stored (scope, key_hash, count, resets_at)
    VALUES ($1, $2, 1, $3::bigint + $4::bigint)
    ON CONFLICT (scope, key_hash) DO UPDATE SET
        count = CASE WHEN stored.resets_at <= $3 THEN 1 ELSE stored.count + 1 END,
        resets_at = CASE WHEN stored.resets_at <= $3 THEN $3 + $4 ELSE stored.resets_at END
    RETURNING count, resets_at
"""

SWEEP_COUNTS = """
    DELETE FROM limit_count WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM limit_count WHERE resets_at <= $1
        ORDER BY resets_at LIMIT $2 FOR UPDATE SKIP LOCKED))
"""

FIELDS = tuple(field.name for field in msgspec.structs.fields(Attempt))
"""A column bears the name of its field."""

ADD = f"""
    INSERT INTO attempt ({", ".join(FIELDS)})
    VALUES ({", ".join(f"${number}" for number, _ in enumerate(FIELDS, 1))})
    ON CONFLICT (id) DO NOTHING RETURNING id
"""

SWEEP_ATTEMPTS = """
    DELETE FROM attempt WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM attempt WHERE expires_at < $1
        ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED))
"""

TRY = f"""
    UPDATE attempt SET
        tries = tries + 1,
        status = CASE
            WHEN account IS NOT NULL AND code_hash = $2 THEN 'verified'
            WHEN tries + 1 >= $4 THEN 'failed'
            ELSE 'pending' END
    WHERE id = $1 AND status = 'pending' AND expires_at > $3 AND tries < $4
    RETURNING {", ".join(FIELDS)}
"""


class PostgresLimits:
    """``Limits`` in the table ``limit_count``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def hit(
        self, scope: str, key: str, now: Instant, window: Milliseconds, most: int
    ) -> int | None:
        """Counts one try; None if it is within ``most`` a window, else the seconds until it is counted afresh.

        Raises: StoreDown.
        """
        count, resets_at = await self._database.run(_hit, scope, hashed(key), now, window)
        return None if count <= most else seconds_until(resets_at, now)


async def _hit(
    connection: Connection, scope: str, key_hash: bytes, now: Instant, window: Milliseconds
) -> tuple[int, Instant]:
    row = await connection.fetchrow(HIT, scope, key_hash, now, window)
    assert row is not None  # An upsert returns its row.
    if row["count"] == 1:
        # A statement, and so a transaction, of its own: it holds no row while it looks for others.
        await connection.execute(SWEEP_COUNTS, now, SWEPT_MOST)
    return row["count"], row["resets_at"]


class PostgresAttempts:
    """``Attempts`` in the table ``attempt``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, attempt: Attempt) -> None:
        """Stores it, and forgets some that ended long before. Raises: Conflict (the id is known), StoreDown."""
        await self._database.run(_add, attempt)

    async def get(self, id: str) -> Attempt | None:
        """That attempt."""
        return await self._database.run(_get, id) if storable(id) else None

    async def try_code(
        self, id: str, code_hash: bytes, now: Instant, most: int
    ) -> tuple[TryResult, Attempt | None]:
        """Counts a try and compares, in one statement; the attempt is the one after it, also if no try was left.

        Raises: StoreDown.
        """
        if not storable(id):
            return "over", None
        return await self._database.run(_try, id, code_hash, now, most)


async def _add(connection: Connection, attempt: Attempt) -> None:
    values = (getattr(attempt, field) for field in FIELDS)
    if await connection.fetchval(ADD, *values) is None:
        raise Conflict("the attempt exists")
    await connection.execute(SWEEP_ATTEMPTS, attempt.created_at - ATTEMPT_KEPT, SWEPT_MOST)


async def _get(connection: Connection, id: str) -> Attempt | None:
    query = f"SELECT {', '.join(FIELDS)} FROM attempt WHERE id = $1"
    row = await connection.fetchrow(query, id)
    return None if row is None else _attempt(row)


async def _try(
    connection: Connection, id: str, code_hash: bytes, now: Instant, most: int
) -> tuple[TryResult, Attempt | None]:
    row = await connection.fetchrow(TRY, id, code_hash, now, most)
    if row is None:
        return "over", await _get(connection, id)
    attempt = _attempt(row)
    result: Literal["verified", "wrong"] = "verified" if attempt.status == "verified" else "wrong"
    return result, attempt


def _attempt(row: asyncpg.Record) -> Attempt:
    return Attempt(**dict(row))
