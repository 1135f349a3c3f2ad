"""How sample sessions come about: the commands of a journey, decided and folded one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeVar

import msgspec

from switchboard.engine.instants import Instant, Milliseconds
from switchboard.engine.sessions.kind import Command, Context, Event, Kind

S = TypeVar("S", bound=msgspec.Struct)

BEGINNING: Instant = 1_460_430_612_000
"""2016-04-12T03:10:12Z, the moment of the dropin seed's sample account."""

STEP: Milliseconds = 5_000
"""Between two commands: less than every time-out of a session."""


class Step(NamedTuple):
    """One command of a journey; None: the session's own deadline."""

    command: Command | None
    wait: Milliseconds = STEP
    """Since the step before; a deadline waits for itself."""


DEADLINE = Step(None)


def travel_of(kind: Kind[S], steps: tuple[Step, ...]) -> Iterator[tuple[Event, S]]:
    """Every event of the journey with the session after it, from ``BEGINNING`` on."""
    state: S | None = None
    now = BEGINNING
    for step in steps:
        command, now = _next(kind, state, step, now)
        for event in kind.decide(state, command, Context(now=now, by="system:journey")):
            state = kind.evolve(state, event)
            yield event, state


def _next(kind: Kind[S], state: S | None, step: Step, now: Instant) -> tuple[Command, Instant]:
    if step.command is not None:
        return step.command, now + step.wait
    due = None if state is None else kind.deadline(state)
    assert due is not None, "a journey waits for a deadline only where there is one"
    return due.command, due.at


def arrive_at(kind: Kind[S], steps: tuple[Step, ...]) -> S:
    """The session at the end of a journey."""
    *_, (_, state) = travel_of(kind, steps)
    return state
