"""The pending copy of a turn: what its commands decided, folded, waiting for the one commit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import msgspec

from switchboard.engine.clock import Instant
from switchboard.engine.errors import Expired, KeyReused, NotFound, Rejected
from switchboard.engine.ports import JournalEntry, KeyedReply, NewNotice, OutboxRow, Snapshot, Turn
from switchboard.engine.runtime.letter import Key, Letter
from switchboard.engine.sessions.codec import Codec
from switchboard.engine.sessions.kind import (
    Address,
    Claim,
    Command,
    Context,
    Deadline,
    Event,
    Kind,
    ListEntry,
    Notice,
    Projection,
    Reaction,
    Tally,
)

DUE_MOST = 16
"""Deadlines that may follow each other within one turn; no kind has as many phases in a row. More is a bug that would
spin for ever."""

DEADLINE = "system:deadline"

ENCODER = msgspec.json.Encoder()


class EndSession(Command, frozen=True, kw_only=True):
    """An administrator ends the session, whatever its kind: decided by ``Kind.end``."""


class TimerLoop(Exception):
    """A deadline that fired is still due: a bug of the kind."""


class Draft:
    """Decides letters on a copy of a session's state and collects what the turn has to write.

    ``obstacles`` are claims that an earlier try of the same turn found taken: a command that wants one is refused with
    the kind's own words.
    """

    __slots__ = (
        "address",
        "answers",
        "bars",
        "before",
        "clock_now",
        "code_version",
        "codec",
        "consumed",
        "entries",
        "fired",
        "keyed",
        "kind",
        "notices",
        "now",
        "obstacles",
        "outbox",
        "projections",
        "state",
        "tallies",
        "turn_id",
        "version",
    )

    def __init__(
        self,
        kind: Kind[Any],
        codec: Codec[Any],
        address: Address,
        before: Any | None,
        version: int,
        *,
        now: Instant,
        clock_now: Instant,
        turn_id: str,
        code_version: str,
        obstacles: Mapping[Claim, str],
    ) -> None:
        self.kind = kind
        self.codec = codec
        self.address = address
        self.before = before
        self.state = before
        self.version = version
        self.now = now
        """The session's own instant, which never goes back."""
        self.clock_now = clock_now
        """The clock's, which callers' deadlines go by; behind the other if the wall clock was set back."""
        self.turn_id = turn_id
        self.code_version = code_version
        self.obstacles = obstacles
        self.entries: list[JournalEntry] = []
        self.notices: list[NewNotice] = []
        self.outbox: list[OutboxRow] = []
        self.tallies: list[Tally] = []
        self.projections: dict[str, Projection] = {}
        """By place; in the order in which each place changed first."""
        self.keyed: list[KeyedReply] = []
        self.consumed: list[str] = []
        self.bars: list[str] = []
        self.fired: list[Instant] = []
        self.answers: list[tuple[Letter, Any, BaseException | None]] = []

    @property
    def durable(self) -> bool:
        """Whether anything has to be committed."""
        return bool(self.entries)

    def deadline(self) -> Deadline | None:
        """The pending state's deadline."""
        return None if self.state is None else self.kind.deadline(self.state)

    def fire_due(self) -> None:
        """Gives the session the commands of its deadlines that have come. Raises: TimerLoop, and bugs of the kind."""
        for _ in range(DUE_MOST):
            deadline = self.deadline()
            # By the clock: the session's own instant may be ahead of it, and nothing fires early.
            if deadline is None or deadline.at > self.clock_now:
                return
            context = Context(now=self.now, by=DEADLINE, next_version=self.version + 1)
            events = self.kind.decide(self.state, deadline.command, context)
            self._fold(self.state, events, deadline.command, DEADLINE, "deadline")
            self.fired.append(deadline.at)
        raise TimerLoop(f"{self.address} is still due after {DUE_MOST} deadlines")

    def decide(self, letter: Letter) -> None:
        """Decides one letter and folds its events; a refusal is kept as its answer.

        Raises: bugs of the kind; nothing of the letter is then in the draft.
        """
        try:
            reply = self._decided(letter)
        except (Rejected, Expired) as refusal:
            self.answers.append((letter, None, refusal))
            if letter.consumes is not None and isinstance(refusal, Rejected):
                self.consumed.append(letter.consumes)  # Delivered and refused is delivered.
        else:
            self.answers.append((letter, reply, None))

    def _decided(self, letter: Letter) -> Any:
        if letter.expires_at is not None and letter.expires_at <= self.clock_now:
            raise Expired
        command = letter.command
        if self.state is None and type(command) not in self.kind.creates:
            raise NotFound(self.address.kind)
        if letter.key is not None:
            for known in self.keyed:
                if known.key == letter.key.key:
                    if known.digest != letter.key.digest:
                        raise KeyReused
                    return self.codec.decode_state(known.format, known.reply)
        context = Context(now=self.now, by=letter.by, next_version=self.version + 1)
        before = self.state
        if type(command) is EndSession:
            events = () if before is None else self.kind.end(before, context)
        else:
            events = self.kind.decide(before, command, context)
        if events:
            self._fold(before, events, command, letter.by, letter.caused_by)
        if letter.consumes is not None:
            self.consumed.append(letter.consumes)
        if letter.key is not None and self.entries:
            self._remember(letter.key)
        return self.state

    def remembers(self, key: Key) -> bool:
        """Whether the commit of this draft is the first to know the key, or will meet it."""
        return any(known.key == key.key for known in self.keyed)

    def _remember(self, key: Key) -> None:
        reply = self.codec.encode_state(self.state)
        self.keyed.append(
            KeyedReply(
                key=key.key,
                digest=key.digest,
                session=self.address,
                format=self.kind.state_format,
                reply=reply,
                at=self.now,
            )
        )

    def _fold(
        self,
        before: Any,
        events: tuple[Event, ...],
        command: Command,
        by: str,
        caused_by: str | None,
    ) -> None:
        """Folds a command's events; only when all have gone well is anything of the draft changed."""
        kind, state = self.kind, before
        entries: list[JournalEntry] = []
        notices: list[NewNotice] = []
        outbox: list[OutboxRow] = []
        tallies: list[Tally] = []
        projections: dict[str, Projection] = {}
        for event in events:
            after = kind.evolve(state, event)
            if type(event) not in kind.volatile:
                version = self.version + len(entries) + 1
                entries.append(self._entry(event, version, by, caused_by))
                notices += _encoded(kind.notices(state, event, after))
                for reaction in kind.reactions(state, event, after):
                    outbox.append(self._outbox_row(reaction, version, len(outbox)))
                tallies.extend(kind.tallies(state, event, after))
                for row in kind.projections(state, event, after):
                    projections[row.place] = row
            state = after
        bars = kind.bars(command) if entries else ()
        self._refuse_obstacles(before, state, command, bars)
        self.state = state
        self.version += len(entries)
        self.entries += entries
        self.notices += notices
        self.outbox += outbox
        self.tallies += tallies
        self.projections |= projections
        self.bars += bars

    def _refuse_obstacles(
        self, before: Any, after: Any, command: Command, bars: tuple[str, ...]
    ) -> None:
        if not self.obstacles:
            return
        wanted = self.kind.claims(after)
        if before is not None:
            wanted -= self.kind.claims(before)
        for claim, holder in self.obstacles.items():
            if claim in wanted or claim.scope in bars:
                raise self.kind.refusal(command, claim, holder)

    def _entry(self, event: Event, version: int, by: str, caused_by: str | None) -> JournalEntry:
        name, number, body = self.codec.encode_event(event)
        return JournalEntry(
            version=version,
            name=name,
            format=number,
            body=body,
            at=self.now,
            by=by,
            caused_by=caused_by,
            code_version=self.code_version,
            message=self.kind.message(event),
        )

    def _outbox_row(self, reaction: Reaction, version: int, place: int) -> OutboxRow:
        return OutboxRow(
            id=f"{self.address.kind}/{self.address.id}/{version}/{place}",
            source=self.address,
            target=reaction.target,
            name=type(reaction.command).__name__,
            body=ENCODER.encode(reaction.command),
            at=self.now,
        )

    def turn(self, expected: int, snapshot_version: int, snapshot_every: int) -> Turn:
        """What has to be written."""
        kind, before, after = self.kind, self.before, self.state
        taken, released, listed, unlisted = _holdings(kind, before, after)
        deadline = self.deadline()
        summary = None if after is None else kind.summary(after)
        snapshot = None
        if after is not None and self.version - snapshot_version >= snapshot_every:
            snapshot = Snapshot(self.version, kind.state_format, self.codec.encode_state(after))
        return Turn(
            address=self.address,
            id=self.turn_id,
            expected=expected,
            version=self.version,
            phase="void" if after is None else after.phase,
            deadline=None if deadline is None else deadline.at,
            entries=tuple(self.entries),
            summary=None if summary is None else ENCODER.encode(summary),
            snapshot=snapshot,
            taken=taken,
            released=released,
            bars=tuple(self.bars),
            listed=listed,
            unlisted=unlisted,
            notices=tuple(self.notices),
            outbox=tuple(self.outbox),
            consumed=tuple(self.consumed),
            keyed=tuple(self.keyed),
            tallies=tuple(self.tallies),
            projections=tuple(self.projections.values()),
        )


Holdings: TypeAlias = tuple[
    tuple[Claim, ...], tuple[Claim, ...], tuple[ListEntry, ...], tuple[ListEntry, ...]
]
"""Claims that are taken and released, lists that are entered and left."""

NO_CHANGE: Holdings = ((), (), (), ())


def _holdings(kind: Kind[Any], before: Any | None, after: Any | None) -> Holdings:
    """What changes hands between the two states."""
    basis = kind.basis
    both = before is not None and after is not None
    if basis is not None and both and basis(before) == basis(after):
        return NO_CHANGE
    no_claims: frozenset[Claim] = frozenset()
    no_entries: frozenset[ListEntry] = frozenset()
    old_claims = no_claims if before is None else kind.claims(before)
    new_claims = no_claims if after is None else kind.claims(after)
    old_lists = no_entries if before is None else kind.lists(before)
    new_lists = no_entries if after is None else kind.lists(after)
    return (
        tuple(sorted(new_claims - old_claims)),
        tuple(sorted(old_claims - new_claims)),
        tuple(sorted(new_lists - old_lists)),
        tuple(sorted(old_lists - new_lists)),
    )


def _encoded(notices: tuple[Notice, ...]) -> list[NewNotice]:
    """What several topics are told alike is encoded once."""
    encoded: list[NewNotice] = []
    last, body = None, b""
    for notice in notices:
        if notice.body is not last:
            last, body = notice.body, ENCODER.encode(notice.body)
        encoded.append(NewNotice(notice.topic, notice.name, body))
    return encoded
