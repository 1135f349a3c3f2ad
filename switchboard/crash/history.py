"""A session's journal folded again, step by step, and held against everything else that is stored of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from switchboard.crash.facts import StoredSession
from switchboard.engine.instants import Instant
from switchboard.engine.ports import JournalEntry
from switchboard.engine.sessions.codec import Codec
from switchboard.engine.sessions.gig import GIG
from switchboard.engine.sessions.kind import Claim, Kind, ListEntry
from switchboard.engine.sessions.person import PERSON
from switchboard.engine.sessions.transitions import ImpossibleTransition
from switchboard.store.rules import VOID

KINDS: Mapping[str, tuple[Kind[Any], Codec[Any]]] = {
    kind.name: (kind, Codec(kind)) for kind in (GIG, PERSON)
}

HEARD_PHASES = frozenset({"streaming", "online"})
"""Their deadlines also move with signs of life, of which the journal knows nothing."""


@dataclass(frozen=True, slots=True)
class Moment:
    """An entry, the event that it holds (None: void) and the state after it."""

    entry: JournalEntry
    event: Any
    state: Any


@dataclass(frozen=True, slots=True)
class History:
    """A session as its journal tells it."""

    stored: StoredSession
    moments: list[Moment]
    broken: str | None
    """Why the journal could not be folded to its end, if it could not."""

    @property
    def state(self) -> Any:
        """The last state; None if nothing ever happened."""
        return self.moments[-1].state if self.moments else None

    def phases_from(self, version: int) -> frozenset[str]:
        """The phases of this version and all later ones."""
        return frozenset(
            moment.state.phase
            for moment in self.moments
            if moment.entry.version >= version and moment.state is not None
        )


def fold(stored: StoredSession) -> History:
    """Folds the journal; stops at a step that the kind does not know."""
    kind, codec = KINDS[stored.address.kind]
    moments: list[Moment] = []
    state: Any = None
    for entry in stored.entries:
        event = None
        if entry.name != VOID:
            try:
                event = codec.decode_event(entry.name, entry.format, entry.body)
                state = kind.evolve(state, event)
            except ImpossibleTransition as error:
                return History(stored, moments, f"{entry.name} at version {entry.version}: {error}")
        moments.append(Moment(entry, event, state))
    return History(stored, moments, None)


def contradictions(history: History) -> Iterator[str]:
    """Whatever is stored of the session and does not follow from its journal, notices apart."""
    stored, state = history.stored, history.state
    if history.broken is not None:
        yield f"its journal tells what cannot be: {history.broken}"
        return
    versions = [entry.version for entry in stored.entries]
    if versions != list(range(1, stored.version + 1)):
        yield f"versions {versions} in the journal, {stored.version} in the header"
    kind, _ = KINDS[stored.address.kind]
    phase = VOID if state is None else state.phase
    if stored.phase != phase:
        yield f"phase {stored.phase} in the header, {phase} by the journal"
    claims: frozenset[Claim] = frozenset() if state is None else kind.claims(state)
    if stored.claims != claims:
        yield f"holds {sorted(stored.claims)} instead of {sorted(claims)}"
    lists: frozenset[ListEntry] = frozenset() if state is None else kind.lists(state)
    if stored.lists != lists:
        yield f"stands in {sorted(stored.lists)} instead of {sorted(lists)}"
    if phase in HEARD_PHASES or state is None:
        return
    deadline = kind.deadline(state)
    due: Instant | None = None if deadline is None else deadline.at
    if stored.deadline != due:
        yield f"due at {stored.deadline} instead of {due}"
    summary = kind.summary(state) if kind is GIG else None
    if summary is not None and stored.summary != msgspec.json.encode(summary):
        yield f"is listed as {stored.summary!r}"


def notices(history: History) -> Counter[tuple[str, bytes]]:
    """(topic, body) of everything that people were to be told, with how often."""
    kind, _ = KINDS[history.stored.address.kind]
    told: Counter[tuple[str, bytes]] = Counter()
    before: Any = None
    for moment in history.moments:
        if moment.event is not None:
            for notice in kind.notices(before, moment.event, moment.state):
                told[notice.topic, msgspec.json.encode(notice.body)] += 1
        before = moment.state
    return told


def tallies(history: History) -> Iterator[tuple[str, str, int]]:
    """(name, key, value) of everything that was counted."""
    kind, _ = KINDS[history.stored.address.kind]
    before: Any = None
    for moment in history.moments:
        if moment.event is not None:
            yield from kind.tallies(before, moment.event, moment.state)
        before = moment.state
