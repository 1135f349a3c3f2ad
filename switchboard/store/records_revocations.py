"""Tokens taken back, in Postgres."""

from __future__ import annotations

from collections.abc import Sequence

from switchboard.engine.clock import Instant
from switchboard.engine.records import Revocation
from switchboard.store.bridge import Connection, Database

ADD = """
    INSERT INTO revocation AS stored (jti, account, before, keep, expires_at)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (jti) DO UPDATE SET expires_at = greatest(stored.expires_at, excluded.expires_at)
"""


class PostgresRevocations:
    """``Revocations`` in the table ``revocation``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, revocation: Revocation) -> None:
        """Stores it; a jti that is revoked already stays so for the longer of the two times. Raises: StoreDown."""
        await self._database.run(_add, revocation)

    async def all(self, now: Instant) -> Sequence[Revocation]:
        """Those that have not expired, in the order in which they came; deletes the others. Raises: StoreDown."""
        return await self._database.run(_all, now)


async def _add(connection: Connection, revocation: Revocation) -> None:
    await connection.execute(
        ADD,
        revocation.jti,
        revocation.account,
        revocation.before,
        revocation.keep,
        revocation.expires_at,
    )


async def _all(connection: Connection, now: Instant) -> list[Revocation]:
    await connection.execute("DELETE FROM revocation WHERE expires_at <= $1", now)
    rows = await connection.fetch(
        """SELECT jti, account, before, keep, expires_at FROM revocation
        WHERE expires_at > $1 ORDER BY number""",
        now,
    )
    return [Revocation(**dict(row)) for row in rows]
