"""The port ``Messages`` on Postgres."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from switchboard.engine.queries.messages import Place, StoredMessage
from switchboard.store.bridge import Connection, Database

VERSION_MOST: Final = 2**63 - 1
"""Above every version: the column is of type bigint."""

COLUMNS: Final = "SELECT m.room, m.version, m.name, m.format, m.body"

PAGE: Final = f"""
    {COLUMNS} FROM message AS m
    WHERE m.room = $1 AND m.number > $2 AND m.number <= $2 + $3 ORDER BY m.number
"""

BEFORE: Final = f"""
    {COLUMNS} FROM message AS m
    WHERE m.room = $1 AND m.version < $2 ORDER BY m.version DESC LIMIT $3
"""

AFTER: Final = f"""
    {COLUMNS} FROM message AS m
    WHERE m.room = $1 AND m.version > $2 ORDER BY m.version LIMIT $3
"""

FOLLOWING: Final = f"""
    SELECT f.* FROM unnest($1::text[], $2::bigint[]) WITH ORDINALITY AS a (room, version, place)
    CROSS JOIN LATERAL (
        {COLUMNS} FROM message AS m
        WHERE m.room = a.room AND m.version > a.version ORDER BY m.version LIMIT $3
    ) AS f
    ORDER BY a.place, f.version
"""

BY_IDS: Final = f"""
    {COLUMNS} FROM unnest($1::text[]) WITH ORDINALITY AS a (id, place)
    JOIN message AS m ON m.id = a.id ORDER BY a.place
"""

AT: Final = f"""
    {COLUMNS} FROM unnest($1::text[], $2::bigint[]) WITH ORDINALITY AS a (room, version, place)
    JOIN message AS m ON m.room = a.room AND m.version = a.version ORDER BY a.place
"""


class PostgresMessages:
    """See ``Messages``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, room: str, start: int, limit: int) -> Sequence[StoredMessage]:
        """See ``Messages``."""
        return await self._database.run(_fetch, PAGE, room, start, max(limit, 0))

    async def before(self, room: str, sequence: int | None, limit: int) -> Sequence[StoredMessage]:
        """See ``Messages``."""
        end = VERSION_MOST if sequence is None else sequence
        newest_first = await self._database.run(_fetch, BEFORE, room, end, max(limit, 0))
        return newest_first[::-1]

    async def after(self, room: str, sequence: int, limit: int) -> Sequence[StoredMessage]:
        """See ``Messages``."""
        return await self._database.run(_fetch, AFTER, room, sequence, max(limit, 0))

    async def following(self, places: Sequence[Place], limit: int) -> Sequence[StoredMessage]:
        """See ``Messages``."""
        return await self._database.run(_fetch, FOLLOWING, *_columns(places), max(limit, 0))

    async def by_ids(self, ids: Sequence[str]) -> Sequence[StoredMessage]:
        """See ``Messages``."""
        return await self._database.run(_fetch, BY_IDS, list(ids))

    async def at(self, places: Sequence[Place]) -> Sequence[StoredMessage]:
        """See ``Messages``."""
        return await self._database.run(_fetch, AT, *_columns(places))


def _columns(places: Sequence[Place]) -> tuple[list[str], list[int]]:
    return [place.room for place in places], [place.sequence for place in places]


async def _fetch(connection: Connection, sql: str, *args: Any) -> list[StoredMessage]:
    return [
        StoredMessage(
            room=row["room"],
            sequence=row["version"],
            name=row["name"],
            format=row["format"],
            body=row["body"],
        )
        for row in await connection.fetch(sql, *args)
    ]
