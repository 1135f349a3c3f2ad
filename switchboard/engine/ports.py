"""What the engine needs from outside. ``store`` implements the storing half for Postgres and in memory; one contract
suite (tests/store_conformance) runs against both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeAlias

import msgspec

from switchboard.engine.clock import Instant, Milliseconds
from switchboard.engine.sessions.kind import (
    Address,
    Claim,
    ListEntry,
    MessageColumns,
    Projection,
    Tally,
)
from switchboard.engine.sessions.video import VideoSession


class JournalEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a session as it is stored. ``version`` counts from 1 without a gap."""

    version: int
    name: str
    format: int
    body: bytes
    at: Instant
    by: str
    caused_by: str | None
    """The id of the request, reaction or deadline behind it."""
    code_version: str
    message: MessageColumns | None = None
    """Written, not read: the entry is kept as a message, with these columns, instead of as a row of the journal."""


class Snapshot(msgspec.Struct, frozen=True):
    """A session's state as of ``version``."""

    version: int
    format: int
    body: bytes


class NewNotice(msgspec.Struct, frozen=True):
    """A notice to be numbered by the commit; the store keeps it for resuming subscribers."""

    topic: str
    name: str
    body: bytes


class OutboxRow(msgspec.Struct, frozen=True, kw_only=True):
    """A reaction that waits for delivery. ``id`` is made by the sender; rows of one (source, target) go in order."""

    id: str
    source: Address
    target: Address
    name: str
    """The command's class name."""
    body: bytes
    at: Instant


REPLY_KEPT: Milliseconds = 24 * 3600 * 1000
"""For so long the same key gets the first answer (contracts/README.md)."""


OF_SCOPE_MOST = 100
"""Claims of one scope that are found by it: a person's debts, of which there are hardly ever two."""


class KeyedReply(msgspec.Struct, frozen=True):
    """The first answer to an idempotency key: the session and its state after the command."""

    key: str
    """Realm, caller, operation and key, joined."""
    digest: bytes
    """Of the request's body: the same key with another body is refused."""
    session: Address
    format: int
    reply: bytes
    at: Instant


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """All that one actor's turn writes, in one transaction or not at all."""

    address: Address
    id: str
    """Unique; stored in the header, so that an unknown commit can be recognised."""
    expected: int
    """The version that must stand in the database; 0 means that the session does not exist."""
    version: int
    phase: str
    deadline: Instant | None
    entries: tuple[JournalEntry, ...]
    summary: bytes | None = None
    snapshot: Snapshot | None = None
    taken: tuple[Claim, ...] = ()
    released: tuple[Claim, ...] = ()
    bars: tuple[str, ...] = ()
    listed: tuple[ListEntry, ...] = ()
    unlisted: tuple[ListEntry, ...] = ()
    notices: tuple[NewNotice, ...] = ()
    outbox: tuple[OutboxRow, ...] = ()
    consumed: tuple[str, ...] = ()
    """Ids of the outbox rows that this turn answers; they are deleted with it."""
    keyed: tuple[KeyedReply, ...] = ()
    tallies: tuple[Tally, ...] = ()
    projections: tuple[Projection, ...] = ()
    """Each place once."""


class Committed(msgspec.Struct, frozen=True):
    """The turn is durable. ``sequences`` numbers its notices, one each, within their topics."""

    sequences: tuple[int, ...] = ()


class ClaimTaken(msgspec.Struct, frozen=True):
    """Nothing was written: ``holder`` holds a claim that the turn wants, or one in a scope that it bars."""

    claim: Claim
    holder: str


class KeyKnown(msgspec.Struct, frozen=True):
    """Nothing was written: this idempotency key has been answered."""

    first: KeyedReply


class AlreadyConsumed(msgspec.Struct, frozen=True):
    """Nothing was written: this outbox row has been answered before."""

    outbox_id: str


class Stale(msgspec.Struct, frozen=True):
    """Nothing was written: another version stands in the database. Load again."""


Outcome = Committed | ClaimTaken | KeyKnown | AlreadyConsumed | Stale


class CommitFailed(Exception):
    """The database refuses what this one turn holds (found by bisection); nothing was written: a bug of ours."""


class Fenced(Exception):
    """This node's incarnation is over: another took its shards. Nothing was written; the engine must stop."""


class QuarantineRow(msgspec.Struct, frozen=True, kw_only=True):
    """Why a session stands still."""

    address: Address
    at: Instant
    incident: str
    traceback: str
    fingerprint: str
    """Hash of the traceback's frames, for grouping."""
    message: str
    """The class of the command that did it."""
    code_version: str


class Stored(msgspec.Struct, frozen=True):
    """A session as the database has it: fold ``tail`` on ``snapshot``."""

    version: int
    snapshot: Snapshot | None
    tail: tuple[JournalEntry, ...]
    quarantine: QuarantineRow | None
    updated_at: Instant = 0
    """Of its latest entry: no later one may be earlier, whatever the clock says by now."""


class Header(msgspec.Struct, frozen=True):
    """A session in a list."""

    address: Address
    version: int
    phase: str
    deadline: Instant | None
    summary: bytes | None
    serial: int
    """Order of creation."""
    updated_at: Instant


class StoredNotice(msgspec.Struct, frozen=True):
    """A notice with its number."""

    topic: str
    sequence: int
    name: str
    body: bytes
    at: Instant


class Span(msgspec.Struct, frozen=True):
    """How far a topic has got, and how far back it can be read."""

    head: int
    """The number of its last notice; 0 if there was none."""
    first: int
    """The number of the oldest notice that is kept; ``head + 1`` if none is."""


Adopt: TypeAlias = Callable[[Committed], None]
Meanwhile: TypeAlias = Callable[[], None] | None


class Sessions(Protocol):
    """The durable half of every session."""

    async def load(self, address: Address) -> Stored | None:
        """What is stored; None if the session does not exist. Raises: StoreDown."""

    async def commit(self, turn: Turn, adopt: Adopt, meanwhile: Meanwhile = None) -> Outcome:
        """Writes the turn with whatever else is waiting, in one transaction.

        Args:
            adopt: called once, synchronously, right after the transaction is known to be durable, in the batch's
                order, before this call returns (even if its caller was cancelled meanwhile).
            meanwhile: called at most once, and before ``adopt``: while the transaction is on its way and nobody knows
                how it ends, so that something can be prepared in a time in which there is nothing else to do.

        Raises:
            CommitQueueFull, StoreDown: certainly nothing was written.
            CommitUnknown: it may have been; ``settle`` must be called before anything else is written.
            CommitFailed: this turn alone is at fault. Fenced: the engine must stop.
        """

    def when_quiet(self, callback: Callable[[], None]) -> None:
        """Calls ``callback`` whenever a transaction's turns have been adopted and nothing waits to be written: what
        it does then keeps no commit waiting. It must be quick and must not raise."""

    async def settle(self, turn: Turn) -> bool:
        """Decides an unknown commit: True if it happened; False if it did not and never will.

        In the latter case the version went up by one, with an entry named ``void`` in the journal. Raises: StoreDown.
        """

    async def save_snapshot(
        self, address: Address, snapshot: Snapshot, deadline: Instant | None
    ) -> None:
        """Stores a passivated session's snapshot and deadline if its version is still that one. Raises: StoreDown."""

    async def due(
        self, before: Instant, limit: int, after: tuple[Instant, Address] | None = None
    ) -> Sequence[tuple[Address, Instant]]:
        """Sessions whose deadline is before that instant, not quarantined, by (deadline, kind, id); the next page
        starts after the last one of this."""

    async def journal(self, address: Address) -> Sequence[JournalEntry]:
        """The whole journal in order."""

    async def claims(self, scopes: Sequence[str], keys: Sequence[str]) -> Mapping[Claim, str]:
        """Who holds the claims (scopes[i], keys[i]); an empty key stands for those of its scope, the first
        ``OF_SCOPE_MOST`` by key."""

    async def keyed(self, key: str) -> KeyedReply | None:
        """The first answer that was given to an idempotency key, if any is remembered."""

    async def listed(
        self, name: str, key: str, phases: Sequence[str] | None, skip: int, limit: int
    ) -> Sequence[Header]:
        """The sessions that stand in that list, newest first."""

    async def headers(
        self,
        kind: str,
        phases: Sequence[str] | None,
        limit: int,
        after: int | None = None,
    ) -> Sequence[Header]:
        """Sessions of a kind, newest first; ``after`` is the serial of the last one of the page before.

        With phases it reads past every session in another one: what runs all the time asks for ``timed`` ones.
        """

    async def timed(
        self,
        kind: str,
        phase: str,
        limit: int,
        *,
        before: Instant | None = None,
        after: Header | None = None,
    ) -> Sequence[Header]:
        """Sessions of a kind and phase that have a deadline (before that instant), by (deadline, id); ``after`` is the
        last one of the page before. It costs what is unfinished, however much is stored."""

    async def header(self, address: Address) -> Header | None:
        """One session's header."""

    async def quarantine(self, row: QuarantineRow) -> None:
        """Remembers that the session stands still (replaces an older row). Raises: StoreDown, Fenced."""

    async def release(self, address: Address) -> bool:
        """Forgets the quarantine; False if there was none. Raises: StoreDown, Fenced."""

    async def quarantined(self) -> Sequence[QuarantineRow]:
        """All of them, oldest first."""

    async def outbox(self, limit: int) -> Sequence[OutboxRow]:
        """The oldest waiting rows in the order in which they were committed."""

    async def outbox_done(self, ids: Sequence[str]) -> None:
        """Deletes rows that no session consumes (a workflow's). Raises: StoreDown; Fenced: what was delivered by an
        engine that had been taken over was perhaps delivered to what it remembered."""

    async def tell(self, notice: NewNotice, at: Instant) -> int:
        """Writes a notice of no session's.

        Returns: the notice's number. Raises: Fenced, StoreDown.
        """

    async def notices(self, topic: str, after: int, limit: int) -> Sequence[StoredNotice]:
        """What was announced on a topic after that sequence, in order."""

    async def span(self, topic: str) -> Span:
        """Which of the topic's notices there are. Raises: StoreDown."""

    async def tallies(self, name: str, keys: Sequence[str]) -> Mapping[str, tuple[int, int]]:
        """key -> (count, sum) of the observations, for the keys that have any."""


class RoomKey(NamedTuple):
    """What a party's key to a video room says, where we check it ourselves."""

    account: str
    room: str
    """The ``session_id`` of the room."""
    id: str
    issued_at: Instant
    expires_at: Instant


class VideoProvider(Protocol):
    """Makes video rooms and each party's key to them."""

    name: str

    async def open(self, kind: str, session: str) -> VideoSession:
        """The room of that session. Raises: VideoUnavailable: not now; VideoRefused: never."""

    async def close(self, room: VideoSession) -> None:
        """The room is not needed any more; repeated: nothing happens. Raises: VideoUnavailable, VideoRefused."""

    def token(self, room: VideoSession, account: str, now: Instant) -> str:
        """That party's own key to the room."""

    def read_key(self, text: str, now: Instant) -> RoomKey | None:
        """What a key to one of our own channels says, if it is good; None for anything else, vendors' keys included."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Capacity:
    """Bounds of the runtime; each may be set (``SWITCHBOARD_*``)."""

    mailbox: int = 256
    """Commands that may wait for one session: four turns' worth; beyond that its callers hear 503."""
    turn: int = 64
    """Commands decided in one turn."""
    snapshot_every: int = 64
    """Events between snapshots: a 30 kB snapshot a turn was measured at 20 times the cost of a small row."""
    idle_seconds: float | None = 60.0
    """After so long without a command a session leaves the memory; None: never."""
    restart_intensity: int = 5
    restart_period_seconds: float = 60.0
    quarantines_most: int = 50
    """Quarantines of one kind in a minute (engine/runtime/breaker.py): more than poisoned messages cause, fewer than an
    operator would have to release by hand after a deploy that broke every session."""
    backoff_first_seconds: float = 0.05
    backoff_most_seconds: float = 5.0
    alarm_period_seconds: float = 15.0
    """How often the deadlines of sessions that are not in memory are looked up."""
    alarm_ahead_seconds: float = 60.0
