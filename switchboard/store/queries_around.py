"""The SQL around the sessions: quarantine, outbox, notices and tallies; one asyncio function a unit of work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from switchboard.engine.clock import Instant
from switchboard.engine.ports import NewNotice, OutboxRow, QuarantineRow, Span, StoredNotice
from switchboard.engine.sessions.kind import Address
from switchboard.store.bridge import Connection


def quarantine_row(row: Any) -> QuarantineRow:
    """From a row of the table."""
    return QuarantineRow(
        address=Address(row["kind"], row["id"]),
        at=row["at"],
        incident=row["incident"],
        traceback=row["traceback"].decode(),
        fingerprint=row["fingerprint"],
        message=row["message"],
        code_version=row["code_version"],
    )


FENCE: Final = "WITH fence AS MATERIALIZED (SELECT hold_fence($1))"
"""Raises SB001 (a node that was retired) before anything of the statement takes effect."""


async def quarantine(connection: Connection, node: str, row: QuarantineRow) -> None:
    """Remembers or replaces it."""
    await connection.execute(
        FENCE
        + """
        INSERT INTO quarantine (kind, id, at, incident, traceback, fingerprint, message, code_version)
        SELECT $2, $3, $4::bigint, $5, $6::bytea, $7, $8, $9 FROM fence
        ON CONFLICT (kind, id) DO UPDATE
        SET at = excluded.at, incident = excluded.incident, traceback = excluded.traceback,
            fingerprint = excluded.fingerprint, message = excluded.message,
            code_version = excluded.code_version
        """,
        node,
        *row.address,
        row.at,
        row.incident,
        # What a traceback quotes may be no valid text.
        row.traceback.encode("utf-8", "backslashreplace"),
        row.fingerprint,
        row.message,
        row.code_version,
    )


async def release(connection: Connection, node: str, address: Address) -> bool:
    """False if it was not quarantined."""
    found = await connection.fetchval(
        FENCE + "DELETE FROM quarantine USING fence WHERE kind = $2 AND id = $3 RETURNING true",
        node,
        *address,
    )
    return found is not None


async def quarantined(connection: Connection) -> list[QuarantineRow]:
    """All, oldest first."""
    rows = await connection.fetch("SELECT * FROM quarantine ORDER BY at, kind, id")
    return [quarantine_row(row) for row in rows]


async def outbox(connection: Connection, limit: int) -> list[OutboxRow]:
    """The oldest rows."""
    rows = await connection.fetch("SELECT * FROM outbox ORDER BY sequence LIMIT $1", max(limit, 0))
    return [
        OutboxRow(
            id=row["id"],
            source=Address(row["source_kind"], row["source_id"]),
            target=Address(row["target_kind"], row["target_id"]),
            name=row["name"],
            body=row["body"],
            at=row["at"],
        )
        for row in rows
    ]


async def outbox_done(connection: Connection, node: str, ids: Sequence[str]) -> None:
    """Deletes them."""
    await connection.execute(
        FENCE + "DELETE FROM outbox USING fence WHERE id = ANY ($2::text[])", node, ids
    )


async def tell(connection: Connection, node: str, notice: NewNotice, at: Instant) -> int:
    """See ``Sessions.tell``."""
    sequence: int = await connection.fetchval(
        FENCE
        + """
        , numbered AS (
            INSERT INTO topic AS counted (topic, sequence) SELECT $2, 1 FROM fence
            ON CONFLICT (topic) DO UPDATE SET sequence = counted.sequence + 1
            RETURNING sequence
        ), told AS (
            INSERT INTO notice (topic, sequence, name, body, at)
            SELECT $2, sequence, $3, $4, $5 FROM numbered
            RETURNING sequence
        )
        SELECT sequence FROM told
        """,
        node,
        notice.topic,
        notice.name,
        notice.body,
        at,
    )
    return sequence


async def notices(connection: Connection, topic: str, after: int, limit: int) -> list[StoredNotice]:
    """See ``Sessions.notices``."""
    rows = await connection.fetch(
        "SELECT * FROM notice WHERE topic = $1 AND sequence > $2 ORDER BY sequence LIMIT $3",
        topic,
        after,
        max(limit, 0),
    )
    return [
        StoredNotice(row["topic"], row["sequence"], row["name"], row["body"], row["at"])
        for row in rows
    ]


SPANS: Final = """
    SELECT (SELECT sequence FROM topic WHERE topic = a.topic) AS head,
        (SELECT min(sequence) FROM notice WHERE topic = a.topic) AS first
    FROM unnest($1::text[]) WITH ORDINALITY AS a (topic, place)
    ORDER BY a.place
"""


async def spans(connection: Connection, topics: Sequence[str]) -> list[Span]:
    """See ``Sessions.span``; one statement, so that both numbers of a topic are of the same moment."""
    found: list[Span] = []
    for row in await connection.fetch(SPANS, topics):
        head = row["head"] or 0
        found.append(Span(head, row["first"] or head + 1))
    return found


async def tallies(
    connection: Connection, name: str, keys: Sequence[str]
) -> dict[str, tuple[int, int]]:
    """See ``Sessions.tallies``."""
    rows = await connection.fetch(
        "SELECT key, count, sum FROM tally WHERE name = $1 AND key = ANY ($2::text[])", name, keys
    )
    return {row["key"]: (row["count"], row["sum"]) for row in rows}


async def prune(connection: Connection, kept_milliseconds: int) -> None:
    """Deletes keyed replies and notices that are older, by the server's clock."""
    for table in ("keyed_reply", "notice"):
        await connection.execute(
            f"DELETE FROM {table} WHERE at < extract(epoch FROM clock_timestamp()) * 1000 - $1::bigint",
            kept_milliseconds,
        )
