"""Numbers beside ids, in Postgres."""

from __future__ import annotations

from switchboard.store.bridge import Connection, Database

TAKE = """
    INSERT INTO serial AS kept (name, taken) VALUES ($1, $2)
    ON CONFLICT (name) DO UPDATE SET taken = kept.taken + excluded.taken
    RETURNING taken
"""


class PostgresSerials:
    """``Serials`` in the table ``serial``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self, name: str, count: int) -> int:
        """See ``Serials``. If the answer is lost, the numbers are lost too."""
        return await self._database.run(_take, name, count)


async def _take(connection: Connection, name: str, count: int) -> int:
    taken: int = await connection.fetchval(TAKE, name, count)
    return taken - count + 1
