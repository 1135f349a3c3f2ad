"""Tells a session's story without a runtime: commands at virtual instants, decided and folded by the kind alone."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec
from msgspec.structs import replace

from switchboard.engine.clock import Instant, Milliseconds
from switchboard.engine.errors import NotAllowedInPhase, NotFound, Rejected
from switchboard.engine.sessions import Command, Context, Event, Kind, Notice, Reaction, Tally
from switchboard.engine.sessions.gig import GIG, Gig
from switchboard.engine.sessions.gig.journeys import arrive
from switchboard.engine.sessions.journey import BEGINNING, Step
from switchboard.engine.sessions.person import PERSON, Person
from switchboard.engine.sessions.stream import STREAM, Stream
from switchboard.engine.sessions.stream import journeys as streams

S = TypeVar("S", bound=msgspec.Struct)

DEADLINES_MOST = 16
"""The runtime's own bound on deadlines that follow each other in one turn."""


class Story(Generic[S]):
    """One session under virtual time. ``told``, ``reacted`` and ``tallied`` are of the last command alone."""

    def __init__(self, kind: Kind[S], state: S | None, now: Instant) -> None:
        self.kind = kind
        self.start = state
        self.now = now
        self._state = state
        self.journal: list[Event] = []
        """What a store would have."""
        self.told: list[Notice] = []
        self.reacted: list[Reaction] = []
        self.tallied: list[Tally] = []

    @property
    def state(self) -> S:
        """The session, which exists."""
        assert self._state is not None
        return self._state

    @property
    def state_or_none(self) -> S | None:
        """The session if it exists."""
        return self._state

    def do(self, command: Command, by: str = "system:test") -> tuple[Event, ...]:
        """Decides one command now, as if nothing were due. Raises: Rejected, and nothing has changed."""
        if self._state is None and type(command) not in self.kind.creates:
            raise NotFound(self.kind.name)
        context = Context(now=self.now, by=by, next_version=len(self.journal) + 1)
        events = self.kind.decide(self._state, command, context)
        self.told, self.reacted, self.tallied = [], [], []
        for event in events:
            self._fold(event)
        return events

    def _fold(self, event: Event) -> None:
        before, after = self._state, self.kind.evolve(self._state, event)
        if type(event) not in self.kind.volatile:
            self.journal.append(event)
            self.told += self.kind.notices(before, event, after)
            self.reacted += self.kind.reactions(before, event, after)
            self.tallied += self.kind.tallies(before, event, after)
        self._keeps_its_basis(before, after)
        self._state = after

    def _keeps_its_basis(self, before: Any, after: Any) -> None:
        """Two states with the same basis hold the same."""
        kind, basis = self.kind, self.kind.basis
        if basis is not None and before is not None and basis(before) == basis(after):
            assert kind.claims(before) == kind.claims(after)
            assert kind.lists(before) == kind.lists(after)

    def wait(self, span: Milliseconds) -> None:
        """Time passes and nothing fires."""
        self.now += span

    def fire_due(self) -> tuple[Event, ...]:
        """Fires what is due, as every turn begins."""
        fired: list[Event] = []
        for _ in range(DEADLINES_MOST):
            due = None if self._state is None else self.kind.deadline(self._state)
            if due is None or due.at > self.now:
                return tuple(fired)
            fired += self.do(due.command, by="system:deadline")
        raise AssertionError("a deadline that fired is still due")

    def until_deadline(self) -> tuple[Event, ...]:
        """Time passes to the deadline, which fires."""
        due = self.kind.deadline(self.state)
        assert due is not None
        self.now = max(self.now, due.at)
        return self.fire_due()

    def codes(self) -> list[tuple[str, Any]]:
        """(account, push code) of what the last command told."""
        return [
            (notice.topic.removeprefix("account/"), getattr(notice.body, "code", None))
            for notice in self.told
        ]


NOT_NOW, REPEAT, SIGN = "NotAllowedInPhase", "repeat", "sign of life"
"""What comes of a command, beside other refusals' names and the phase that it led to."""


def outcome(story: Story[Any], command: Command) -> str:
    """What came of the command: a refusal's name, a repeat, a sign of life, or the phase that it led to."""
    before = story.state
    try:
        story.do(command)
    except NotAllowedInPhase as refusal:
        return NOT_NOW if (refusal.phase, story.state) == (before.phase, before) else "changed"
    except Rejected as refusal:
        return type(refusal).__name__ if story.state == before else "changed"
    if story.journal:
        return str(story.state.phase)
    if story.state == before:
        return REPEAT
    return SIGN if story.state == replace(before, seen_at=story.now) else "changed"


def gig_after(steps: tuple[Step, ...]) -> Story[Gig]:
    """The story of a gig that has come so far, at the instant of its last event."""
    gig = arrive(steps)
    return Story(GIG, gig, gig.updated_at)


def no_gig() -> Story[Gig]:
    """The story of a gig that does not exist yet."""
    return Story(GIG, None, BEGINNING)


def stream_after(steps: tuple[Step, ...]) -> Story[Stream]:
    """The story of a stream that has come so far, at the instant of its last event."""
    stream = streams.arrive(steps)
    return Story(STREAM, stream, stream.updated_at)


def no_stream() -> Story[Stream]:
    """The story of a stream that does not exist yet."""
    return Story(STREAM, None, BEGINNING)


def no_person() -> Story[Person]:
    """The story of somebody never heard of."""
    return Story(PERSON, None, BEGINNING)
