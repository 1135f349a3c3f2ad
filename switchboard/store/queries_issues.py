"""The port ``Issues`` on Postgres."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from switchboard.engine.clock import Instant
from switchboard.engine.queries.issues import (
    Day,
    DaysWanted,
    IssueFilter,
    IssueRecord,
    Question,
)
from switchboard.engine.queries.similarity import Probes
from switchboard.store.bridge import Connection, Database
from switchboard.store.room_arrays import app_term

DAY: Final = 24 * 3600 * 1000

LAST: Final = """
    CASE WHEN i.closed_at IS NULL
        THEN (SELECT max(m.version) FROM message AS m WHERE m.room = i.room AND m.version >= i.first_version)
        ELSE i.last_version
    END AS last
"""
"""As long as an issue is open, all messages of its room are its own; its row is not written for each of them."""

FIND: Final = f"SELECT i.*, {LAST}, NULL::bigint AS position FROM issue AS i WHERE i.id = $1"

PAGE: Final = f"""
    WITH page AS MATERIALIZED (
        SELECT i.id, i.opened_at FROM {{source}} ORDER BY i.opened_at, i.id OFFSET $2 LIMIT $3
    ), queue AS MATERIALIZED (
        -- As long as the queue is, not as the history; and none of it if the page has no open issue.
        SELECT o.id, row_number() OVER (ORDER BY o.opened_at, o.id) AS position
        FROM issue AS o WHERE o.app = $1 AND o.closed_at IS NULL AND {{wanted}}
    )
    SELECT i.*, {LAST}, q.position FROM page AS p
    JOIN issue AS i ON i.id = p.id
    LEFT JOIN queue AS q ON q.id = p.id
    ORDER BY i.opened_at, i.id
"""
ALL: Final = "issue AS i WHERE i.app = $1"
STANDING: Final = {
    None: "",
    True: "AND i.closed_at IS NULL",
    False: "AND i.closed_at IS NOT NULL",
}
TAGGED: Final = """
    (SELECT t.issue AS id, t.opened_at FROM issue_tag AS t WHERE t.app = $1 AND t.tag = $4 {standing}) AS i
"""
TAGGED_STANDING: Final = {None: "", True: "AND t.is_open", False: "AND NOT t.is_open"}

COUNT: Final = """
    SELECT coalesce(sum(count), 0)::bigint FROM issue_count
    WHERE app = $1 AND tag = $2 AND ($3::boolean IS NULL OR is_open = $3)
"""

DAYS: Final = """
    WITH fitting AS MATERIALIZED (
        SELECT i.opened_at, i.answered_at, i.closed_at FROM issue AS i
        WHERE i.app = $1 AND i.opened_at >= $2 AND i.opened_at < $3 AND {fits}
    ), ended AS MATERIALIZED (
        SELECT i.closed_at FROM issue AS i
        WHERE i.app = $1 AND i.closed_at >= $2 AND i.closed_at < $3 AND {fits}
    ), opened AS (
        SELECT (f.opened_at - $2) / $4 AS day, count(*) AS opened,
            percentile_cont(0.5) WITHIN GROUP (ORDER BY f.answered_at - f.opened_at) AS median
        FROM fitting AS f GROUP BY 1
    ), closed AS (
        SELECT (e.closed_at - $2) / $4 AS day, count(*) AS closed FROM ended AS e GROUP BY 1
    )
    SELECT d.day, coalesce(o.opened, 0) AS opened, coalesce(c.closed, 0) AS closed, o.median
    FROM generate_series(0, ($3 - $2 - 1) / $4) AS d (day)
    LEFT JOIN opened AS o ON o.day = d.day
    LEFT JOIN closed AS c ON c.day = d.day
    ORDER BY d.day
""".format(
    fits="""($5::text IS NULL OR $5 = ANY (i.tags)) AND ($6::text IS NULL OR i.closed_by = $6)
            AND ($7::boolean IS NULL OR (i.closed_at IS NULL) = $7)"""
)

ALIKE: Final = """
    SELECT q.issue, q.at, tsvector_to_array(q.terms) AS terms, i.room, i.first_version
    FROM question AS q JOIN issue AS i ON i.id = q.issue
    WHERE q.terms @@ $1::tsquery AND q.at < $2 AND q.app = $3 LIMIT $4
"""


class PostgresIssues:
    """See ``Issues``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, id: str) -> IssueRecord | None:
        """See ``Issues``."""
        found = await self._database.run(_issues, FIND, id)
        return found[0] if found else None

    async def page(self, wanted: IssueFilter, skip: int, limit: int) -> Sequence[IssueRecord]:
        """See ``Issues``."""
        args: list[Any] = [wanted.app, skip, max(limit, 0)]
        if wanted.tag is None:
            source = f"{ALL} {STANDING[wanted.is_open]}"
        else:
            source = TAGGED.format(standing=TAGGED_STANDING[wanted.is_open])
            args.append(wanted.tag)
        queue = "false" if wanted.is_open is False else "true"
        sql = PAGE.format(source=source, wanted=queue)
        return await self._database.run(_issues, sql, *args)

    async def count(self, wanted: IssueFilter) -> int:
        """See ``Issues``."""
        return await self._database.run(_count, wanted)

    async def days(self, wanted: DaysWanted) -> Sequence[Day]:
        """See ``Issues``."""
        return await self._database.run(_days, wanted)

    async def alike(
        self, app: str, probes: Probes, before: Instant, most: int
    ) -> Sequence[Question]:
        """See ``Issues``."""
        if not probes:
            return []
        return await self._database.run(_alike, app, probes, before, most)

    async def tags(self, app: str) -> Sequence[str]:
        """See ``Issues``."""
        return await self._database.run(_tags, app)


async def _issues(connection: Connection, sql: str, *args: Any) -> list[IssueRecord]:
    return [
        IssueRecord(
            id=row["id"],
            app=row["app"],
            room=row["room"],
            client=row["client"],
            opened_at=row["opened_at"],
            answered_at=row["answered_at"],
            closed_at=row["closed_at"],
            closed_by=row["closed_by"],
            tags=tuple(row["tags"]),
            first_sequence=row["first_version"],
            last_sequence=row["last"],
            position=row["position"],
        )
        for row in await connection.fetch(sql, *args)
    ]


async def _count(connection: Connection, wanted: IssueFilter) -> int:
    count: int = await connection.fetchval(COUNT, wanted.app, wanted.tag or "", wanted.is_open)
    return count


async def _days(connection: Connection, wanted: DaysWanted) -> list[Day]:
    rows = await connection.fetch(
        DAYS,
        wanted.app,
        wanted.since,
        wanted.until,
        DAY,
        wanted.tag,
        wanted.closed_by,
        wanted.is_open,
    )
    return [
        Day(
            begins=wanted.since + row["day"] * DAY,
            opened=row["opened"],
            closed=row["closed"],
            answered_median=None if row["median"] is None else int(row["median"]),
        )
        for row in rows
    ]


async def _alike(
    connection: Connection, app: str, probes: Probes, before: Instant, most: int
) -> list[Question]:
    rows = await connection.fetch(ALIKE, _tsquery(app, probes), before, app, most)
    return [
        Question(
            issue=row["issue"],
            room=row["room"],
            first_sequence=row["first_version"],
            at=row["at"],
            terms=frozenset(row["terms"]) - {app_term(app)},
        )
        for row in rows
    ]


def _tsquery(app: str, probes: Probes) -> str:
    """The probes as a query's text: terms are quoted, so that no character of theirs means anything."""
    alternatives = [" & ".join(_quoted(term) for term in probe) for probe in probes]
    return f"{_quoted(app_term(app))} & ( {' | '.join(f'({one})' for one in alternatives)} )"


def _quoted(term: str) -> str:
    return "'" + term.replace("\\", "\\\\").replace("'", "''") + "'"


async def _tags(connection: Connection, app: str) -> list[str]:
    rows = await connection.fetch("SELECT tag FROM known_tag WHERE app = $1 ORDER BY tag", app)
    return [row["tag"] for row in rows]
