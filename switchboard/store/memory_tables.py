"""The fake's database: tables as dictionaries, and the rules of a commit in the same order as Postgres applies them.

It outlives the stores that are opened on it, as a database outlives its clients. Nothing is iterated in an order that
depends on hash seeds, and there is no clock: every instant comes from a turn.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from msgspec.structs import replace

from switchboard.engine.clock import Instant
from switchboard.engine.ports import (
    REPLY_KEPT,
    AlreadyConsumed,
    ClaimTaken,
    Committed,
    JournalEntry,
    KeyedReply,
    KeyKnown,
    OutboxRow,
    Outcome,
    QuarantineRow,
    Snapshot,
    Stale,
    Stored,
    StoredNotice,
    Turn,
)
from switchboard.engine.sessions.kind import Address, Claim, ListEntry
from switchboard.store.memory_api_keys import MemoryApiKeys
from switchboard.store.memory_dealerships import MemoryDevices, MemoryLeads, MemoryVehicles
from switchboard.store.memory_records import (
    MemoryAccounts,
    MemoryAttempts,
    MemoryLimits,
    MemoryOrganizations,
    MemoryRevocations,
)
from switchboard.store.memory_rooms import RoomTables
from switchboard.store.memory_support import MemoryBankDirectory, MemorySupportApps
from switchboard.store.memory_uploads import MemoryUploads
from switchboard.store.rules import VOID, instant_of, void_entry


@dataclass(slots=True)
class Row:
    """A session's header."""

    serial: int
    version: int
    phase: str
    deadline: Instant | None
    turn_id: str
    summary: bytes | None
    updated_at: Instant


def check_text(turn: Turn) -> None:
    """Refuses what a text column of Postgres refuses. Raises: ValueError."""
    texts = [turn.id, turn.phase, *turn.address, *turn.bars, *turn.consumed]
    for pair in (*turn.taken, *turn.released, *turn.listed, *turn.unlisted):
        texts += pair
    for entry in turn.entries:
        texts += (entry.name, entry.by, entry.caused_by or "", entry.code_version)
    for notice in turn.notices:
        texts += (notice.topic, notice.name)
    for row in turn.outbox:
        texts += (row.id, row.name, *row.source, *row.target)
    for reply in turn.keyed:
        texts += (reply.key, *reply.session)
    for tally in turn.tallies:
        texts += (tally.name, tally.key)
    text = "".join(texts)
    if "\0" in text:
        raise ValueError("a NUL character in a text")
    text.encode()  # A lone surrogate raises UnicodeEncodeError, which is a ValueError.


@dataclass(slots=True)
class MemoryDatabase:
    """All that a Postgres database would hold."""

    owner: int = 0
    """The incarnation that may write; a later one has retired the earlier ones."""
    serial: int = 0
    sessions: dict[Address, Row] = field(default_factory=dict)
    """In the order of their serials; never deleted."""
    journal: dict[Address, list[JournalEntry]] = field(default_factory=dict)
    snapshots: dict[Address, Snapshot] = field(default_factory=dict)
    claims: dict[str, dict[str, Address]] = field(default_factory=dict)
    """scope -> key -> the session that holds it; no empty scopes."""
    lists: dict[ListEntry, dict[Address, None]] = field(default_factory=dict)
    outbox: dict[str, OutboxRow] = field(default_factory=dict)
    """In the order of their commits."""
    keyed: dict[str, KeyedReply] = field(default_factory=dict)
    notices: dict[str, list[StoredNotice]] = field(default_factory=dict)
    tallies: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    quarantine: dict[Address, QuarantineRow] = field(default_factory=dict)
    accounts: MemoryAccounts = field(default_factory=MemoryAccounts)
    organizations: MemoryOrganizations = field(default_factory=MemoryOrganizations)
    attempts: MemoryAttempts = field(default_factory=MemoryAttempts)
    limits: MemoryLimits = field(default_factory=MemoryLimits)
    revocations: MemoryRevocations = field(default_factory=MemoryRevocations)
    rooms: RoomTables = field(default_factory=RoomTables)
    api_keys: MemoryApiKeys = field(default_factory=MemoryApiKeys)
    uploads: MemoryUploads = field(default_factory=MemoryUploads)
    support_apps: MemorySupportApps = field(default_factory=MemorySupportApps)
    bank_directory: MemoryBankDirectory = field(default_factory=MemoryBankDirectory)
    leads: MemoryLeads = field(default_factory=MemoryLeads)
    vehicles: MemoryVehicles = field(default_factory=MemoryVehicles)
    devices: MemoryDevices = field(init=False)

    def __post_init__(self) -> None:
        self.devices = MemoryDevices(lambda topic: len(self.notices.get(topic, ())))

    def commit(self, turn: Turn) -> Outcome:
        """Writes the turn, which has passed ``check``, or says why it loses."""
        obstacle = self._obstacle(turn)
        if obstacle is not None:
            return obstacle
        self._write_session(turn)
        self._write_claims_and_lists(turn)
        return Committed(self._write_rest(turn))

    def check(self, turn: Turn) -> None:
        """Raises: ValueError for what no table takes."""
        check_text(turn)
        if self._obstacle(turn) is None:
            self.rooms.check(turn)
            for row in turn.outbox:
                if row.id in self.outbox:
                    raise ValueError(f"outbox row {row.id} exists")

    def stored(self, address: Address) -> Stored | None:
        """See ``Sessions.load``."""
        row = self.sessions.get(address)
        if row is None:
            return None
        snapshot = self.snapshots.get(address)
        after = 0 if snapshot is None else snapshot.version
        tail = tuple(entry for entry in self.journal.get(address, ()) if entry.version > after)
        return Stored(row.version, snapshot, tail, self.quarantine.get(address), row.updated_at)

    def settle(self, turn: Turn) -> bool:
        """See ``Sessions.settle``."""
        row = self.sessions.get(turn.address)
        if row is not None and row.turn_id == turn.id:
            return True
        if (0 if row is None else row.version) != turn.expected:
            return False
        entry = void_entry(turn)
        if row is None:
            row = self._new_row(turn.address)
            row.phase = VOID
        row.version = entry.version
        row.turn_id = f"{VOID}:{turn.id}"
        row.updated_at = max(row.updated_at, entry.at)
        self.journal.setdefault(turn.address, []).append(entry)
        return False

    def _obstacle(self, turn: Turn) -> Outcome | None:
        """Why the turn loses, by the same precedence as in schema/0009_leaner_commits.sql."""
        row = self.sessions.get(turn.address)
        if (0 if row is None else row.version) != turn.expected:
            return Stale()
        for outbox_id in turn.consumed:
            if outbox_id not in self.outbox:
                return AlreadyConsumed(outbox_id)
        for reply in turn.keyed:
            known = self.keyed.get(reply.key)
            if known is not None and known.at > reply.at - REPLY_KEPT:
                return KeyKnown(known)
        for scope in turn.bars:
            holders = self.claims.get(scope, {})
            for key in sorted(holders):
                if holders[key] != turn.address:
                    return ClaimTaken(Claim(scope, key), holders[key].id)
        for claim in turn.taken:
            holder = self.claims.get(claim.scope, {}).get(claim.key)
            if holder is not None and holder != turn.address:
                return ClaimTaken(claim, holder.id)
        return None

    def _new_row(self, address: Address) -> Row:
        self.serial += 1
        row = Row(self.serial, 0, VOID, None, "", None, 0)
        self.sessions[address] = row
        return row

    def _write_session(self, turn: Turn) -> None:
        row = self.sessions.get(turn.address)
        if row is None:
            row = self._new_row(turn.address)
        row.version = turn.version
        row.phase = turn.phase
        row.deadline = turn.deadline
        row.turn_id = turn.id
        row.summary = turn.summary
        if turn.entries:
            row.updated_at = instant_of(turn)
            journal = self.journal.setdefault(turn.address, [])
            # What makes an entry a message is written and not read.
            journal.extend(replace(entry, message=None) for entry in turn.entries)
            self.rooms.write(turn)
        if turn.snapshot is not None:
            self.snapshots[turn.address] = turn.snapshot

    def _write_claims_and_lists(self, turn: Turn) -> None:
        for claim in turn.released:
            holders = self.claims.get(claim.scope, {})
            if holders.get(claim.key) == turn.address:
                del holders[claim.key]
                if not holders:
                    del self.claims[claim.scope]
        for claim in turn.taken:
            self.claims.setdefault(claim.scope, {})[claim.key] = turn.address
        for entry in turn.unlisted:
            self.lists.get(entry, {}).pop(turn.address, None)
        for entry in turn.listed:
            self.lists.setdefault(entry, {})[turn.address] = None

    def _forget_replies(self, now: Instant) -> None:
        while self.keyed:
            oldest = next(iter(self.keyed.values()))
            if oldest.at > now - REPLY_KEPT:
                break
            del self.keyed[oldest.key]

    def _write_rest(self, turn: Turn) -> tuple[int, ...]:
        """Returns the numbers of the notices."""
        for outbox_id in turn.consumed:
            self.outbox.pop(outbox_id, None)
        for outbox_row in turn.outbox:
            self.outbox[outbox_row.id] = outbox_row
        for reply in turn.keyed:
            self._forget_replies(reply.at)
            self.keyed.pop(reply.key, None)  # So that the order stays that of the instants.
            self.keyed[reply.key] = reply
        for tally in turn.tallies:
            count, total = self.tallies.get((tally.name, tally.key), (0, 0))
            self.tallies[tally.name, tally.key] = (count + 1, total + tally.value)
        sequences: list[int] = []
        for notice in turn.notices:
            stored = self.notices.setdefault(notice.topic, [])
            sequence = len(stored) + 1
            stored.append(
                StoredNotice(notice.topic, sequence, notice.name, notice.body, instant_of(turn))
            )
            sequences.append(sequence)
        return tuple(sequences)
