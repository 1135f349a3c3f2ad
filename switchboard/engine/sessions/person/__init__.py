"""A person's presence: whether it is available, where it is, when it was last heard. ``PERSON`` is its kind."""

from switchboard.engine.sessions.kind import Kind
from switchboard.engine.sessions.person.commands import (
    GoOffline,
    GoOnline,
    Heartbeat,
    ReachDeadline,
)
from switchboard.engine.sessions.person.events import EVENTS, PersonHeard
from switchboard.engine.sessions.person.machine import (
    SAVE_EVERY,
    TRANSITIONS,
    claims,
    deadline,
    decide,
    end,
    evolve,
    notices,
    reactions,
    refusal,
    revive,
    summary,
)
from switchboard.engine.sessions.person.state import (
    Person,
    PersonNotice,
    PersonPhase,
    PersonSummary,
)

PERSON: Kind[Person] = Kind(
    name="person",
    state=Person,
    state_format=1,
    events=EVENTS,
    decide=decide,
    evolve=evolve,
    deadline=deadline,
    claims=claims,
    refusal=refusal,
    creates=frozenset({GoOnline, GoOffline, Heartbeat}),
    summary=summary,
    notices=notices,
    reactions=reactions,
    volatile=frozenset({PersonHeard}),
    revive=revive,
    end=end,
)

__all__ = [
    "PERSON",
    "SAVE_EVERY",
    "TRANSITIONS",
    "GoOffline",
    "GoOnline",
    "Heartbeat",
    "Person",
    "PersonNotice",
    "PersonPhase",
    "PersonSummary",
    "ReachDeadline",
]
