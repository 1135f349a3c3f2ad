"""The store in memory: the fake for tests and simulations, with the same rules through the same committer."""

from __future__ import annotations

import heapq
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

import trio

from switchboard.engine.clock import Instant
from switchboard.engine.errors import CommitUnknown, Unavailable
from switchboard.engine.ports import (
    OF_SCOPE_MOST,
    Adopt,
    Fenced,
    Header,
    JournalEntry,
    KeyedReply,
    Meanwhile,
    NewNotice,
    OutboxRow,
    Outcome,
    QuarantineRow,
    Snapshot,
    Span,
    Stored,
    StoredNotice,
    Turn,
)
from switchboard.engine.sessions.kind import Address, Claim, ListEntry
from switchboard.store.commit import (
    QUEUE_MOST,
    Backend,
    BatchRefused,
    Committer,
    Locked,
)
from switchboard.store.memory_room_queries import (
    MemoryIssues,
    MemoryMessages,
    MemoryRooms,
    MemorySerials,
)
from switchboard.store.memory_streams import MemoryStreams
from switchboard.store.memory_tables import MemoryDatabase, Row
from switchboard.store.rules import VOID

Gate = Callable[[str], Awaitable[None]]
"""Awaited with the port call's name before it has any effect; what writes passes a second one (``ANSWERS``) between its
effect and its answer. A gate may wait, raise StoreDown (at ``committed`` any error becomes CommitUnknown), or never
return, as for an engine that was killed."""

ANSWERS: Final = frozenset(
    {"committed", "settled", "snapshot_saved", "quarantine_kept", "released", "outbox_deleted"}
)
"""The names of the second gates."""


async def open_gate(_name: str) -> None:
    """The gate of a database that always answers."""
    await trio.lowlevel.checkpoint()


class MemoryBackend:
    """Writes batches to the tables."""

    def __init__(self, database: MemoryDatabase, incarnation: int, gate: Gate) -> None:
        self._database = database
        self._incarnation = incarnation
        self._gate = gate

    async def write(
        self, batch: Sequence[Turn], *, hurried: bool, sent: Callable[[], None]
    ) -> Sequence[Outcome | Locked]:
        """See ``Backend``."""
        await self.enter()
        sent()
        outcomes = self.apply(batch)
        try:
            await self._gate("committed")
        except Unavailable as error:
            raise CommitUnknown(str(error)) from error
        return outcomes

    async def enter(self) -> None:
        """A batch is on its way. Raises: StoreDown, CommitUnknown."""
        await self._gate("commit")

    def apply(self, batch: Sequence[Turn]) -> list[Outcome]:
        """One transaction, from its fence to its commit. Raises: Fenced, BatchRefused."""
        self.check_fence()
        try:
            # The tables cannot roll back, so everything is checked before anything is written. Turns of a batch share
            # nothing, so that what is found here still holds when the turns before have been written.
            for turn in batch:
                self._database.check(turn)
        except ValueError as error:
            raise BatchRefused(str(error)) from error
        return [self._database.commit(turn) for turn in batch]

    def check_fence(self) -> None:
        """Raises: Fenced if a later incarnation has taken over."""
        if self._database.owner != self._incarnation:
            raise Fenced(f"incarnation {self._incarnation} was retired")


Wrap = Callable[[MemoryBackend], Backend]
"""Puts something between the committer and the tables."""


class MemorySessions:
    """The port ``Sessions`` on a ``MemoryDatabase``."""

    def __init__(
        self,
        database: MemoryDatabase,
        incarnation: int,
        gate: Gate,
        wrap: Wrap,
        queue_most: int,
    ) -> None:
        self._database = database
        self._gate = gate
        self._backend = MemoryBackend(database, incarnation, gate)
        self.committer = Committer(wrap(self._backend), queue_most)
        """Its ``run`` is started by ``open_memory``."""

    async def load(self, address: Address) -> Stored | None:
        """See ``Sessions``."""
        await self._gate("load")
        return self._database.stored(address)

    async def commit(self, turn: Turn, adopt: Adopt, meanwhile: Meanwhile = None) -> Outcome:
        """See ``Sessions``."""
        return await self.committer.commit(turn, adopt, meanwhile)

    def when_quiet(self, callback: Callable[[], None]) -> None:
        """See ``Sessions``."""
        self.committer.when_quiet(callback)

    async def settle(self, turn: Turn) -> bool:
        """See ``Sessions``. Raises: Fenced."""
        await self._gate("settle")
        self._backend.check_fence()
        happened = self._database.settle(turn)
        await self._gate("settled")
        return happened

    async def save_snapshot(
        self, address: Address, snapshot: Snapshot, deadline: Instant | None
    ) -> None:
        """See ``Sessions``."""
        await self._gate("save_snapshot")
        self._backend.check_fence()
        row = self._database.sessions.get(address)
        if row is not None and row.version == snapshot.version:
            self._database.snapshots[address] = snapshot
            row.deadline = deadline
        await self._gate("snapshot_saved")

    async def due(
        self, before: Instant, limit: int, after: tuple[Instant, Address] | None = None
    ) -> Sequence[tuple[Address, Instant]]:
        """See ``Sessions``."""
        await self._gate("due")
        found = (
            (row.deadline, address)
            for address, row in self._database.sessions.items()
            if row.deadline is not None
            and row.deadline < before
            and (after is None or (row.deadline, address) > after)
            and address not in self._database.quarantine
        )
        return [(address, at) for at, address in heapq.nsmallest(max(limit, 0), found)]

    async def journal(self, address: Address) -> Sequence[JournalEntry]:
        """See ``Sessions``."""
        await self._gate("journal")
        return list(self._database.journal.get(address, ()))

    async def claims(self, scopes: Sequence[str], keys: Sequence[str]) -> Mapping[Claim, str]:
        """See ``Sessions``."""
        await self._gate("claims")
        held: dict[Claim, str] = {}
        for scope, key in zip(scopes, keys, strict=True):
            holders = self._database.claims.get(scope, {})
            for each in [key] if key else heapq.nsmallest(OF_SCOPE_MOST, holders):
                if each in holders:
                    held[Claim(scope, each)] = holders[each].id
        return held

    async def keyed(self, key: str) -> KeyedReply | None:
        """See ``Sessions``."""
        await self._gate("keyed")
        return self._database.keyed.get(key)

    async def listed(
        self, name: str, key: str, phases: Sequence[str] | None, skip: int, limit: int
    ) -> Sequence[Header]:
        """See ``Sessions``."""
        await self._gate("listed")
        sessions = self._database.sessions
        members = self._database.lists.get(ListEntry(name, key), {})
        found = sorted(
            ((address, sessions[address]) for address in members),
            key=lambda pair: -pair[1].serial,
        )
        return _headers(found, phases, skip + limit)[skip:]

    async def headers(
        self, kind: str, phases: Sequence[str] | None, limit: int, after: int | None = None
    ) -> Sequence[Header]:
        """See ``Sessions``. Sessions that an unknown commit left void are shown only if ``phases`` names them."""
        await self._gate("headers")
        rows = (
            (address, row)
            for address, row in reversed(self._database.sessions.items())
            if address.kind == kind
            and (after is None or row.serial < after)
            and (phases is not None or row.phase != VOID)
        )
        return _headers(rows, phases, limit)

    async def timed(
        self,
        kind: str,
        phase: str,
        limit: int,
        *,
        before: Instant | None = None,
        after: Header | None = None,
    ) -> Sequence[Header]:
        """See ``Sessions``."""
        await self._gate("timed")
        last = None if after is None else (after.deadline, after.address)
        found = (
            (row.deadline, address)
            for address, row in self._database.sessions.items()
            if (address.kind, row.phase) == (kind, phase)
            and row.deadline is not None
            and (before is None or row.deadline < before)
            and (last is None or (row.deadline, address) > last)
        )
        sessions = self._database.sessions
        nearest = heapq.nsmallest(max(limit, 0), found)
        return [_header(address, sessions[address]) for _, address in nearest]

    async def header(self, address: Address) -> Header | None:
        """See ``Sessions``."""
        await self._gate("header")
        row = self._database.sessions.get(address)
        return None if row is None else _header(address, row)

    async def quarantine(self, row: QuarantineRow) -> None:
        """See ``Sessions``."""
        await self._gate("quarantine")
        self._backend.check_fence()
        self._database.quarantine[row.address] = row
        await self._gate("quarantine_kept")

    async def release(self, address: Address) -> bool:
        """See ``Sessions``."""
        await self._gate("release")
        self._backend.check_fence()
        found = self._database.quarantine.pop(address, None) is not None
        await self._gate("released")
        return found

    async def quarantined(self) -> Sequence[QuarantineRow]:
        """See ``Sessions``."""
        await self._gate("quarantined")
        return sorted(self._database.quarantine.values(), key=lambda row: (row.at, row.address))

    async def outbox(self, limit: int) -> Sequence[OutboxRow]:
        """See ``Sessions``."""
        await self._gate("outbox")
        return list(self._database.outbox.values())[:limit]

    async def outbox_done(self, ids: Sequence[str]) -> None:
        """See ``Sessions``."""
        await self._gate("outbox_done")
        self._backend.check_fence()
        for outbox_id in ids:
            self._database.outbox.pop(outbox_id, None)
        await self._gate("outbox_deleted")

    async def tell(self, notice: NewNotice, at: Instant) -> int:
        """See ``Sessions``."""
        await self._gate("tell")
        self._backend.check_fence()
        stored = self._database.notices.setdefault(notice.topic, [])
        sequence = len(stored) + 1
        stored.append(StoredNotice(notice.topic, sequence, notice.name, notice.body, at))
        await self._gate("told")
        return sequence

    async def notices(self, topic: str, after: int, limit: int) -> Sequence[StoredNotice]:
        """See ``Sessions``."""
        await self._gate("notices")
        return self._database.notices.get(topic, [])[max(after, 0) :][:limit]

    async def span(self, topic: str) -> Span:
        """See ``Sessions``; nothing is ever pruned here."""
        await self._gate("span")
        return Span(len(self._database.notices.get(topic, [])), 1)

    async def tallies(self, name: str, keys: Sequence[str]) -> Mapping[str, tuple[int, int]]:
        """See ``Sessions``."""
        await self._gate("tallies")
        stored = self._database.tallies
        return {key: stored[name, key] for key in keys if (name, key) in stored}


def _header(address: Address, row: Row) -> Header:
    return Header(
        address, row.version, row.phase, row.deadline, row.summary, row.serial, row.updated_at
    )


def _headers(
    rows: Iterable[tuple[Address, Row]], phases: Sequence[str] | None, limit: int
) -> list[Header]:
    found: list[Header] = []
    if limit <= 0:
        return found
    for address, row in rows:
        if phases is None or row.phase in phases:
            found.append(_header(address, row))
            if len(found) == limit:
                break
    return found


class MemoryStore:
    """Everything durable, in memory."""

    def __init__(self, database: MemoryDatabase, gate: Gate, wrap: Wrap, queue_most: int) -> None:
        database.owner += 1
        self.database = database
        self.sessions = MemorySessions(database, database.owner, gate, wrap, queue_most)
        self.accounts = database.accounts
        self.organizations = database.organizations
        self.attempts = database.attempts
        self.limits = database.limits
        self.revocations = database.revocations
        self.messages = MemoryMessages(database, gate)
        self.rooms = MemoryRooms(database, gate)
        self.issues = MemoryIssues(database, gate)
        self.serials = MemorySerials(database, gate)
        self.api_keys = database.api_keys
        self.uploads = database.uploads
        self.support_apps = database.support_apps
        self.bank_directory = database.bank_directory
        self.streams = MemoryStreams(database, gate)
        self.leads = database.leads
        self.vehicles = database.vehicles
        self.devices = database.devices
        self._gate = gate

    async def ping(self) -> None:
        """See ``Store``."""
        await self._gate("ping")


@asynccontextmanager
async def open_memory(
    database: MemoryDatabase | None = None,
    gate: Gate = open_gate,
    *,
    wrap: Wrap = lambda backend: backend,
    queue_most: int = QUEUE_MOST,
) -> AsyncIterator[MemoryStore]:
    """A store on ``database`` (a fresh one if None); an earlier store on the same database is fenced off at once.

    Args:
        gate: see ``Gate``. wrap: see ``Wrap``. queue_most: turns that may wait to be written.
    """
    store = MemoryStore(MemoryDatabase() if database is None else database, gate, wrap, queue_most)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(store.sessions.committer.run)
        yield store
        nursery.cancel_scope.cancel()
