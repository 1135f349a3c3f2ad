"""The SQL that reads, settles and passivates sessions: one asyncio function a unit of work (see bridge.py)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from switchboard.engine.clock import Instant
from switchboard.engine.ports import (
    OF_SCOPE_MOST,
    Header,
    JournalEntry,
    KeyedReply,
    Snapshot,
    Stored,
    Turn,
)
from switchboard.engine.sessions.kind import Address, Claim
from switchboard.store.bridge import Connection
from switchboard.store.queries_around import quarantine_row
from switchboard.store.rules import VOID, void_entry
from switchboard.store.turn_arrays import shard_of

ENTRIES: Final = """
    SELECT j.kind, j.id, j.version, j.name, j.format, j.body, j.at, j.by, j.caused_by, j.code_version FROM journal AS j
    WHERE j.kind = {kind} AND j.id = {id} AND j.version > {after}
    UNION ALL
    SELECT 'room', m.room, m.version, m.name, m.format, m.body, m.at, m.by, m.caused_by, m.code_version
    FROM message AS m WHERE {kind} = 'room' AND m.room = {id} AND m.version > {after}
"""
"""The journal of a session: a room's messages are entries of it. No view: a condition on its kind did not reach the
index of the journal through one."""

LOAD: Final = """
    SELECT s.version, s.updated_at, p.version AS snapshot_version, p.format, p.body,
        ARRAY(SELECT ROW(e.*)::journal FROM ({entries}) AS e ORDER BY e.version) AS tail,
        q AS quarantine
    FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS a (kind, id, place)
    LEFT JOIN session AS s ON s.kind = a.kind AND s.id = a.id
    LEFT JOIN snapshot AS p ON p.kind = a.kind AND p.id = a.id
    LEFT JOIN quarantine AS q ON q.kind = a.kind AND q.id = a.id
    ORDER BY a.place
""".format(entries=ENTRIES.format(kind="s.kind", id="s.id", after="coalesce(p.version, 0)"))

JOURNAL: Final = f"""
    SELECT * FROM ({ENTRIES.format(kind="$1::text", id="$2::text", after="0")}) AS e ORDER BY e.version
"""

SAVE: Final = """
    WITH fence AS MATERIALIZED (SELECT hold_fence($1)), saved AS (
        UPDATE session AS s SET deadline = a.deadline
        FROM fence, unnest($2::text[], $3::text[], $4::bigint[], $5::bigint[]) AS a (kind, id, version, deadline)
        WHERE s.kind = a.kind AND s.id = a.id AND s.version = a.version
        RETURNING s.kind, s.id
    )
    INSERT INTO snapshot (kind, id, version, format, body)
    SELECT a.kind, a.id, a.version, a.format, a.body
    FROM saved
    JOIN unnest($2::text[], $3::text[], $4::bigint[], $6::integer[], $7::bytea[])
        AS a (kind, id, version, format, body) USING (kind, id)
    ON CONFLICT (kind, id) DO UPDATE
    SET version = excluded.version, format = excluded.format, body = excluded.body
"""

CLAIMS: Final = f"""
    SELECT c.scope, c.key, c.holder
    FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS a (scope, key, place)
    JOIN claim AS c ON c.scope = a.scope AND c.key = a.key
    WHERE a.key <> ''
    UNION ALL
    SELECT c.scope, c.key, c.holder
    FROM unnest($1::text[], $2::text[]) AS a (scope, key)
    CROSS JOIN LATERAL (
        SELECT claim.scope, claim.key, claim.holder
        FROM claim
        WHERE claim.scope = a.scope
        ORDER BY claim.key
        LIMIT {OF_SCOPE_MOST}
    ) AS c
    WHERE a.key = ''
"""
"""The order and the limit are for the planner: where one scope has most of all claims, as that of a realm's rooms does,
it takes every scope to be as large, and was seen to read the whole table for a person's debts."""

HEADER: Final = (
    "SELECT s.kind, s.id, s.version, s.phase, s.deadline, s.summary, s.serial, s.updated_at"
)

TIMED: Final = f"""
    {HEADER} FROM session AS s
    WHERE s.deadline < $4 AND (s.deadline, s.kind, s.id) > ($5, $1, $6) AND s.kind = $1 AND s.phase = $2
    ORDER BY s.deadline, s.kind, s.id LIMIT $3
"""
"""From the index of deadlines, which has the unfinished alone."""

SERIAL_MOST: Final = 2**63 - 1
INSTANT_LEAST: Final = -(2**63)
INSTANT_MOST: Final = 2**63 - 1
"""Above every serial, below and above every instant: all are of type bigint."""


def _address(row: Any) -> Address:
    return Address(row["kind"], row["id"])


def _header(row: Any) -> Header:
    return Header(
        _address(row),
        row["version"],
        row["phase"],
        row["deadline"],
        row["summary"],
        row["serial"],
        row["updated_at"],
    )


def _entry(row: Any) -> JournalEntry:
    return JournalEntry(
        version=row["version"],
        name=row["name"],
        format=row["format"],
        body=row["body"],
        at=row["at"],
        by=row["by"],
        caused_by=row["caused_by"],
        code_version=row["code_version"],
    )


def _stored(row: Any) -> Stored | None:
    if row["version"] is None:
        return None
    snapshot = None
    if row["snapshot_version"] is not None:
        snapshot = Snapshot(row["snapshot_version"], row["format"], row["body"])
    quarantine = None if row["quarantine"] is None else quarantine_row(row["quarantine"])
    tail = tuple(map(_entry, row["tail"]))
    return Stored(row["version"], snapshot, tail, quarantine, row["updated_at"])


async def load(connection: Connection, addresses: Sequence[Address]) -> list[Stored | None]:
    """Each address's session, from one snapshot of the database."""
    kinds = [address.kind for address in addresses]
    rows = await connection.fetch(LOAD, kinds, [address.id for address in addresses])
    return [_stored(row) for row in rows]


async def settle(connection: Connection, node: str, turn: Turn) -> bool:
    """See ``Sessions.settle``."""
    kind, id_ = turn.address
    entry = void_entry(turn)
    happened: bool = await connection.fetchval(
        "SELECT settle_turn($1, $2, $3, $4, $5, $6, $7, $8)",
        node,
        kind,
        id_,
        shard_of(id_),
        turn.id,
        turn.expected,
        entry.at,
        entry.code_version,
    )
    return happened


async def save_snapshots(
    connection: Connection, node: str, saves: Sequence[tuple[Address, Snapshot, Instant | None]]
) -> None:
    """Stores those whose version still stands; each address at most once."""
    await connection.execute(
        SAVE,
        node,
        [address.kind for address, _, _ in saves],
        [address.id for address, _, _ in saves],
        [snapshot.version for _, snapshot, _ in saves],
        [deadline for _, _, deadline in saves],
        [snapshot.format for _, snapshot, _ in saves],
        [snapshot.body for _, snapshot, _ in saves],
    )


async def due(
    connection: Connection, before: Instant, limit: int, after: tuple[Instant, Address] | None
) -> list[tuple[Address, Instant]]:
    """See ``Sessions.due``."""
    instant, (kind, id_) = (INSTANT_LEAST, ("", "")) if after is None else after
    rows = await connection.fetch(
        """
        SELECT s.kind, s.id, s.deadline FROM session AS s
        WHERE s.deadline < $1 AND (s.deadline, s.kind, s.id) > ($3, $4, $5)
            AND NOT EXISTS (SELECT FROM quarantine AS q WHERE q.kind = s.kind AND q.id = s.id)
        ORDER BY s.deadline, s.kind, s.id LIMIT $2
        """,
        before,
        max(limit, 0),
        instant,
        kind,
        id_,
    )
    return [(_address(row), row["deadline"]) for row in rows]


async def journal(connection: Connection, address: Address) -> list[JournalEntry]:
    """The whole of it."""
    return [_entry(row) for row in await connection.fetch(JOURNAL, *address)]


async def claims(
    connection: Connection, scopes: Sequence[str], keys: Sequence[str]
) -> dict[Claim, str]:
    """See ``Sessions.claims``."""
    rows = await connection.fetch(CLAIMS, scopes, keys)
    return {Claim(row["scope"], row["key"]): row["holder"] for row in rows}


async def keyed(connection: Connection, key: str) -> KeyedReply | None:
    """See ``Sessions.keyed``."""
    row = await connection.fetchrow("SELECT * FROM keyed_reply WHERE key = $1", key)
    return None if row is None else keyed_reply(row)


def keyed_reply(row: Any) -> KeyedReply:
    """From a row, or a refusal, with its columns."""
    return KeyedReply(
        key=row["key"],
        digest=row["digest"],
        session=_address(row),
        format=row["format"],
        reply=row["reply"],
        at=row["at"],
    )


async def listed(
    connection: Connection,
    name: str,
    key: str,
    phases: Sequence[str] | None,
    skip: int,
    limit: int,
) -> list[Header]:
    """See ``Sessions.listed``."""
    rows = await connection.fetch(
        f"""
        {HEADER} FROM session_list AS l
        JOIN session AS s ON s.kind = l.kind AND s.id = l.id
        WHERE l.name = $1 AND l.key = $2 AND ($3::text[] IS NULL OR s.phase = ANY ($3))
        ORDER BY l.serial DESC OFFSET $4 LIMIT $5
        """,
        name,
        key,
        phases,
        skip,
        max(limit, 0),
    )
    return [_header(row) for row in rows]


async def headers(
    connection: Connection,
    kind: str,
    phases: Sequence[str] | None,
    limit: int,
    after: int | None,
) -> list[Header]:
    """See ``Sessions.headers``."""
    rows = await connection.fetch(
        f"""
        {HEADER} FROM session AS s
        WHERE s.kind || '' = $1 AND s.serial < $2
            AND CASE WHEN $3::text[] IS NULL THEN s.phase <> $4 ELSE s.phase = ANY ($3) END
        ORDER BY s.serial DESC LIMIT $5
        """,
        kind,
        SERIAL_MOST if after is None else after,
        phases,
        VOID,
        max(limit, 0),
    )
    return [_header(row) for row in rows]


async def timed(
    connection: Connection,
    kind: str,
    phase: str,
    limit: int,
    before: Instant | None,
    after: Header | None,
) -> list[Header]:
    """See ``Sessions.timed``."""
    deadline, id_ = INSTANT_LEAST, ""
    if after is not None and after.deadline is not None:
        deadline, id_ = after.deadline, after.address.id
    until = INSTANT_MOST if before is None else before
    rows = await connection.fetch(TIMED, kind, phase, max(limit, 0), until, deadline, id_)
    return [_header(row) for row in rows]


async def header(connection: Connection, address: Address) -> Header | None:
    """One session's header."""
    row = await connection.fetchrow(
        f"{HEADER} FROM session AS s WHERE s.kind = $1 AND s.id = $2", *address
    )
    return None if row is None else _header(row)
