"""The port ``Streams`` on Postgres: a page costs what it shows and skips, however many streams there are."""

from __future__ import annotations

from typing import Any, Final

from switchboard.engine.clock import Milliseconds
from switchboard.engine.queries.streams import StreamFilter
from switchboard.engine.sessions.stream import OF_ORGANIZATION, StreamSummary, in_status
from switchboard.store.bridge import Connection, Database

SLACK: Final[Milliseconds] = 3_600_000
"""Serials follow the instants of creation but for commits that overtook each other (seconds) and clocks that were set
back (minutes): a list by time looks so much further, and then at each stream's own instant."""

EARLIEST: Final = -(2**62)
LATEST: Final = 2**62
"""Beyond every instant, with room for the slack."""

IN_TIME: Final = """
    s.created_at BETWEEN $3 AND $4
    AND l.serial > coalesce((
        SELECT c.serial FROM session AS c
        WHERE c.kind = 'stream' AND c.created_at < $3 - $7::bigint
        ORDER BY c.created_at DESC, c.serial DESC LIMIT 1), 0)
    AND l.serial < coalesce((
        SELECT c.serial FROM session AS c
        WHERE c.kind = 'stream' AND c.created_at > $4 + $7::bigint
        ORDER BY c.created_at, c.serial LIMIT 1), 9223372036854775807)
"""

BY_LIST: Final = f"""
    SELECT m.summary
    FROM unnest($1::text[]) AS n (name)
    CROSS JOIN LATERAL (
        SELECT l.serial, s.summary
        FROM session_list AS l
        JOIN session AS s ON s.kind = l.kind AND s.id = l.id
        WHERE l.name = n.name AND l.key = $2 AND {IN_TIME}
        ORDER BY l.serial {{order}} LIMIT $5::bigint + $6::bigint
    ) AS m
    ORDER BY m.serial {{order}} OFFSET $5 LIMIT $6
"""
"""The newest (or oldest) of each status's list, merged."""

BY_ID: Final = """
    SELECT s.summary
    FROM session AS s
    CROSS JOIN LATERAL (
        SELECT FROM session_list AS l
        WHERE l.name = ANY ($1::text[]) AND l.key = $2 AND l.serial = s.serial LIMIT 1
    ) AS m
    WHERE s.kind = 'stream' AND s.id = ANY ($7::text[]) AND s.created_at BETWEEN $3 AND $4
    ORDER BY s.serial {order} OFFSET $5 LIMIT $6
"""
"""One look-up a stream that is asked for: as a plain join the whole list was seen to be read instead."""


class PostgresStreams:
    """``Streams`` over the sessions' own lists."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, wanted: StreamFilter) -> list[StreamSummary]:
        """See ``Streams``."""
        return await self._database.run(_page, wanted)


async def _page(connection: Connection, wanted: StreamFilter) -> list[StreamSummary]:
    statuses = wanted.statuses
    names = [OF_ORGANIZATION] if statuses is None else [in_status(one) for one in statuses]
    arguments: list[Any] = [
        names,
        wanted.organization,
        EARLIEST if wanted.created_from is None else wanted.created_from,
        LATEST if wanted.created_to is None else wanted.created_to,
        max(wanted.skip, 0),
        max(wanted.limit, 0),
    ]
    query, last = (BY_LIST, SLACK) if wanted.ids is None else (BY_ID, wanted.ids)
    rows = await connection.fetch(
        query.format(order="ASC" if wanted.ascending else "DESC"), *arguments, last
    )
    return [StreamSummary.decode(row["summary"]) for row in rows]
