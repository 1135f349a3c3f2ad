"""What all transition tables share: their type, the look-up, and the fold of a journal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias, TypeVar

import msgspec

from switchboard.engine.sessions.kind import Event, Kind

P = TypeVar("P", bound=str)
S = TypeVar("S", bound=msgspec.Struct)

Transitions: TypeAlias = Mapping[P | None, Mapping[type[Event], P]]
"""phase -> event class -> the phase after it. ``None`` is the phase of what does not exist yet; a final one's row is
empty."""


class ImpossibleTransition(Exception):
    """A bug: an event was decided, or is journaled, that its phase's row does not have."""

    def __init__(self, phase: str | None, event: Event) -> None:
        super().__init__(f"{type(event).__name__} while {phase or 'not existing'}")


def next_phase(table: Transitions[P], phase: P | None, event: Event) -> P:
    """The phase after ``event``. Raises: ImpossibleTransition."""
    try:
        return table[phase][type(event)]
    except KeyError:
        raise ImpossibleTransition(phase, event) from None


def fold(kind: Kind[S], events: Iterable[Event], state: S | None = None) -> S | None:
    """The state after ``events``, counted from ``state``; None if there is neither."""
    for event in events:
        state = kind.evolve(state, event)
    return state
