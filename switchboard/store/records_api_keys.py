"""Keys of organizations' servers, in Postgres."""

from __future__ import annotations

from collections.abc import Sequence

from switchboard.engine.records import ApiKey
from switchboard.engine.records.accounts import Realm
from switchboard.store.bridge import Connection, Database

ADD = """
    INSERT INTO api_key (id, realm, owner, name, digest, created_at) VALUES ($1, $2, $3, $4, $5, $6)
"""
FIND = "SELECT * FROM api_key WHERE realm = $1 AND digest = $2"
ALL = "SELECT * FROM api_key WHERE realm = $1 ORDER BY created_at, id"


class PostgresApiKeys:
    """``ApiKeys`` in the table ``api_key``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, key: ApiKey) -> None:
        """See ``ApiKeys``."""
        await self._database.run(_add, key)

    async def find(self, realm: Realm, digest: bytes) -> ApiKey | None:
        """See ``ApiKeys``."""
        found = await self._database.run(_keys, FIND, realm, digest)
        return found[0] if found else None

    async def all(self, realm: Realm) -> Sequence[ApiKey]:
        """See ``ApiKeys``."""
        return await self._database.run(_keys, ALL, realm)

    async def remove(self, id: str) -> bool:
        """See ``ApiKeys``."""
        return await self._database.run(_remove, id)


async def _add(connection: Connection, key: ApiKey) -> None:
    values = (key.id, key.realm, key.owner, key.name, key.digest, key.created_at)
    await connection.execute(ADD, *values)


async def _keys(connection: Connection, sql: str, *args: object) -> list[ApiKey]:
    return [ApiKey(**dict(row)) for row in await connection.fetch(sql, *args)]


async def _remove(connection: Connection, id: str) -> bool:
    found = await connection.fetchval("DELETE FROM api_key WHERE id = $1 RETURNING true", id)
    return found is not None
