"""Uploads, in Postgres."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import asyncpg
import msgspec

from switchboard.engine.clock import Instant
from switchboard.engine.records import Upload
from switchboard.store.bridge import Connection, Database

COLUMNS = tuple(field.name for field in msgspec.structs.fields(Upload))
"""A column bears the name of its field."""

ADD = f"""
    INSERT INTO upload ({", ".join(COLUMNS)})
    VALUES ({", ".join(f"${number}" for number, _ in enumerate(COLUMNS, 1))})
"""
CAME = f"""
    UPDATE upload SET size = $2, content_type = $3, etag = $4, updated_at = $5
    WHERE id = $1 RETURNING {", ".join(COLUMNS)}
"""


class PostgresUploads:
    """``Uploads`` in the table ``upload``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, upload: Upload) -> None:
        """See ``Uploads``."""
        await self._database.run(_fetch, ADD, *(getattr(upload, name) for name in COLUMNS))

    async def get(self, id: str) -> Upload | None:
        """See ``Uploads``."""
        query = f"SELECT {', '.join(COLUMNS)} FROM upload WHERE id = $1"
        return _upload(await self._database.run(_fetch, query, id))

    async def came(
        self, id: str, size: int, content_type: str, etag: str, at: Instant
    ) -> Upload | None:
        """See ``Uploads``."""
        values = (id, size, content_type, etag, at)
        return _upload(await self._database.run(_fetch, CAME, *values))

    async def over(self, before: Instant, limit: int) -> Sequence[str]:
        """See ``Uploads``."""
        query = """SELECT id FROM upload WHERE size IS NULL AND expires_at < $1
            ORDER BY expires_at LIMIT $2"""
        return [row["id"] for row in await self._database.run(_fetch, query, before, limit)]

    async def remove(self, ids: Sequence[str]) -> None:
        """See ``Uploads``."""
        query = "DELETE FROM upload WHERE id = ANY($1::text[]) AND size IS NULL"
        await self._database.run(_fetch, query, list(ids))


async def _fetch(connection: Connection, query: str, *arguments: Any) -> list[asyncpg.Record]:
    return await connection.fetch(query, *arguments)


def _upload(rows: list[asyncpg.Record]) -> Upload | None:
    return Upload(**dict(rows[0])) if rows else None
