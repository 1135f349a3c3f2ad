"""What stands in the database of a trial, read in one consistent look that writes nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from switchboard.engine.instants import Instant
from switchboard.engine.ports import JournalEntry
from switchboard.engine.sessions.kind import Address, Claim, ListEntry
from switchboard.store.bridge import Connection, Database

SESSIONS = """
    SELECT kind, id, version, phase, deadline, summary FROM session
    WHERE updated_at >= $1 OR id = ANY ($2) ORDER BY serial
"""

JOURNAL = """
    SELECT j.* FROM journal AS j
    JOIN unnest($1::text[], $2::text[]) AS a (kind, id) ON j.kind = a.kind AND j.id = a.id
    ORDER BY j.kind, j.id, j.version
"""

TOPICS = """
    SELECT t.topic, t.sequence, count(n.sequence) AS kept, min(n.sequence) AS first, max(n.sequence) AS last
    FROM topic AS t LEFT JOIN notice AS n ON n.topic = t.topic
    GROUP BY t.topic, t.sequence ORDER BY t.topic
"""
"""Rows are kept for a day, and a trial takes minutes: each topic has them all."""

TALLIES = "SELECT name, key, count, sum FROM tally"

IDENTITIES = "SELECT value, account FROM identity WHERE value = ANY ($1)"


class Told(NamedTuple):
    """A notice as it is stored."""

    topic: str
    sequence: int
    body: bytes


class Topic(NamedTuple):
    """A topic's counter, and which of its notices there are."""

    name: str
    sequence: int
    kept: int
    first: int | None
    last: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredSession:
    """Everything that is stored of one session."""

    address: Address
    version: int
    phase: str
    deadline: Instant | None
    summary: bytes | None
    entries: Sequence[JournalEntry]
    claims: frozenset[Claim]
    lists: frozenset[ListEntry]


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """One look. The maps of sessions hold those that were asked for; the others everything."""

    sessions: Mapping[Address, StoredSession]
    stray_claims: Sequence[tuple[Claim, str]]
    """Claims whose holder does not exist."""
    notices: Sequence[Told]
    """Since the first entry of any of the sessions."""
    topics: Sequence[Topic]
    tallies: Mapping[tuple[str, str], tuple[int, int]]
    keys: Mapping[str, str]
    """Idempotency key as stored -> gig, of those that were asked for."""
    identities: Mapping[str, Sequence[str]]
    """Address -> accounts, of those that were asked for."""


async def read(
    database: Database,
    *,
    since: Instant,
    ids: Sequence[str],
    keys: Sequence[str],
    addresses: Sequence[str],
) -> Facts:
    """The sessions written since that instant or with one of those ids, and what is asked for by key and address."""
    return await database.run(_read, since, ids, keys, addresses)


async def _read(
    connection: Connection,
    since: Instant,
    ids: Sequence[str],
    keys: Sequence[str],
    addresses: Sequence[str],
) -> Facts:
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        sessions = await _sessions(connection, since, ids)
        stray = await connection.fetch(
            "SELECT scope, key, holder FROM claim AS c"
            " WHERE NOT EXISTS (SELECT FROM session AS s WHERE s.kind = c.kind AND s.id = c.holder)"
        )
        # A gig that is written to now may have been telling people for long.
        oldest = min((one.entries[0].at for one in sessions.values() if one.entries), default=since)
        notices = await connection.fetch(
            "SELECT topic, sequence, body FROM notice WHERE at >= $1 ORDER BY topic, sequence",
            oldest,
        )
        topics = await connection.fetch(TOPICS)
        tallies = await connection.fetch(TALLIES)
        keyed = await connection.fetch(
            "SELECT key, id FROM keyed_reply WHERE key = ANY ($1)", list(keys)
        )
        identities = await connection.fetch(IDENTITIES, list(addresses))
    accounts: dict[str, list[str]] = defaultdict(list)
    for row in identities:
        accounts[row["value"]].append(row["account"])
    return Facts(
        sessions=sessions,
        stray_claims=[(Claim(row["scope"], row["key"]), row["holder"]) for row in stray],
        notices=[Told(*row) for row in notices],
        topics=[Topic(*row) for row in topics],
        tallies={(row["name"], row["key"]): (row["count"], row["sum"]) for row in tallies},
        keys={row["key"]: row["id"] for row in keyed},
        identities=accounts,
    )


async def _sessions(
    connection: Connection, since: Instant, ids: Sequence[str]
) -> dict[Address, StoredSession]:
    headers = await connection.fetch(SESSIONS, since, list(ids))
    kinds, names = [row["kind"] for row in headers], [row["id"] for row in headers]
    entries: dict[Address, list[JournalEntry]] = defaultdict(list)
    for row in await connection.fetch(JOURNAL, kinds, names):
        entries[Address(row["kind"], row["id"])].append(_entry(row))
    claims: dict[Address, set[Claim]] = defaultdict(set)
    for row in await connection.fetch("SELECT * FROM claim WHERE holder = ANY ($1)", names):
        claims[Address(row["kind"], row["holder"])].add(Claim(row["scope"], row["key"]))
    lists: dict[Address, set[ListEntry]] = defaultdict(set)
    for row in await connection.fetch("SELECT * FROM session_list WHERE id = ANY ($1)", names):
        lists[Address(row["kind"], row["id"])].add(ListEntry(row["name"], row["key"]))
    sessions = {}
    for row in headers:
        address = Address(row["kind"], row["id"])
        sessions[address] = StoredSession(
            address=address,
            version=row["version"],
            phase=row["phase"],
            deadline=row["deadline"],
            summary=row["summary"],
            entries=entries[address],
            claims=frozenset(claims[address]),
            lists=frozenset(lists[address]),
        )
    return sessions


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
