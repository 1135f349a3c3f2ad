"""The state machine of a person's presence: every transition in one literal table, decisions, fold, timer."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from switchboard.engine.errors import Conflict, NotFound, Rejected
from switchboard.engine.instants import Instant, Milliseconds
from switchboard.engine.sessions.gig import OperatorUnavailable
from switchboard.engine.sessions.kind import (
    Address,
    Claim,
    Context,
    Deadline,
    Event,
    Notice,
    Reaction,
)
from switchboard.engine.sessions.person.commands import (
    GoOffline,
    GoOnline,
    Heartbeat,
    ReachDeadline,
)
from switchboard.engine.sessions.person.events import (
    CameBack,
    LastSeenSaved,
    PersonHeard,
    PersonMet,
    WentAway,
    WentOffline,
    WentOnline,
)
from switchboard.engine.sessions.person.state import (
    Person,
    PersonNotice,
    PersonPhase,
    PersonSummary,
)
from switchboard.engine.sessions.transitions import Transitions, next_phase

Events = tuple[Event, ...]

SAVE_EVERY: Milliseconds = 60_000
"""'Last-seen is saved at most once a minute' (contracts/README.md)."""

TRANSITIONS: Transitions[PersonPhase] = {
    None: {PersonMet: "offline", WentOnline: "online"},
    "offline": {PersonHeard: "offline", WentOnline: "online"},
    "online": {
        PersonHeard: "online",
        LastSeenSaved: "online",
        WentOnline: "online",
        WentAway: "away",
        WentOffline: "offline",
    },
    "away": {CameBack: "online", WentOnline: "online", WentOffline: "offline"},
}


def decide(person: Person | None, command: Any, context: Context) -> Events:
    """The events that answer the command; none if nothing changes. Raises: NotFound."""
    match command:
        case GoOnline():
            return _go_online(person, command, context)
        case GoOffline(id=id):
            if person is None:
                return (PersonMet(at=context.now, id=id, latitude=None, longitude=None),)
            return end(person, context)
        case Heartbeat():
            return _heartbeat(person, command, context)
        case ReachDeadline():
            if person is None:
                raise NotFound("person")
            return _reach_deadline(person, command, context)
        case _:
            raise TypeError(f"no command of a person: {type(command).__name__}")


def _go_online(person: Person | None, command: GoOnline, context: Context) -> Events:
    if person is not None and person.phase == "online" and person.timeout == command.timeout:
        return _sign(person, command.latitude, command.longitude, context)
    return (
        WentOnline(
            at=context.now,
            id=command.id,
            latitude=command.latitude,
            longitude=command.longitude,
            timeout=command.timeout,
        ),
    )


def _heartbeat(person: Person | None, command: Heartbeat, context: Context) -> Events:
    if person is not None:
        return _sign(person, command.latitude, command.longitude, context)
    return (
        PersonMet(
            at=context.now,
            id=command.id,
            latitude=command.latitude,
            longitude=command.longitude,
        ),
    )


def _sign(
    person: Person, latitude: float | None, longitude: float | None, context: Context
) -> Events:
    """A sign of a person that is known: durable if it brings somebody back or the last save is old, else volatile."""
    now = context.now
    match person.phase:
        case "away":
            return (CameBack(at=now, latitude=latitude, longitude=longitude),)
        case "online" if now - person.saved_at >= SAVE_EVERY:
            return (LastSeenSaved(at=now, latitude=latitude, longitude=longitude),)
        case _:
            return (PersonHeard(at=now, latitude=latitude, longitude=longitude),)


def _reach_deadline(person: Person, command: ReachDeadline, context: Context) -> Events:
    current = deadline(person)
    if current is None or current.command != command or current.at > context.now:
        return ()
    return (WentAway(at=context.now),)


def end(person: Person, context: Context) -> Events:
    """What makes the person unavailable, by its own wish or an administrator's."""
    return () if person.phase == "offline" else (WentOffline(at=context.now),)


def evolve(person: Person | None, event: Any) -> Person:
    """The person after ``event``; reads nothing else. Raises: ImpossibleTransition."""
    phase = next_phase(TRANSITIONS, None if person is None else person.phase, event)
    if person is None:
        person = Person(id=event.id, phase=phase)
    match event:
        case WentOffline() | WentAway():
            return replace(person, phase=phase)
        case PersonHeard():
            return _seen(replace(person, phase=phase), event)
        case WentOnline():
            return _seen(
                replace(person, phase=phase, timeout=event.timeout, saved_at=event.at), event
            )
        case _:
            return _seen(replace(person, phase=phase, saved_at=event.at), event)


def _seen(person: Person, event: Any) -> Person:
    """The person heard at ``event.at``, at the event's place if it has one."""
    seen_at = max(person.seen_at, event.at)
    if event.latitude is None or event.longitude is None:
        return replace(person, seen_at=seen_at)
    return replace(person, seen_at=seen_at, latitude=event.latitude, longitude=event.longitude)


def deadline(person: Person) -> Deadline | None:
    """Online, and not heard for the time-out."""
    if person.phase != "online":
        return None
    due = person.seen_at + person.timeout
    return Deadline(due, ReachDeadline(due=due))


def revive(person: Person, ready_at: Instant) -> Person:
    """The time-out counts from 'engine ready': nobody could be heard while it was down."""
    if person.phase != "online" or person.seen_at >= ready_at:
        return person
    return replace(person, seen_at=ready_at)


def claims(_person: Person) -> frozenset[Claim]:
    """None: presence takes nothing from anybody."""
    return frozenset()


def refusal(_command: Any, claim: Claim, holder: str) -> Rejected:
    """A person has neither claims nor bars, so that nobody asks; said plainly all the same."""
    return Conflict(f"{claim.scope}/{claim.key} is held by {holder}")


def summary(person: Person) -> PersonSummary:
    """What the index of places is rebuilt from."""
    return PersonSummary(
        account=person.id,
        phase=person.phase,
        latitude=person.latitude,
        longitude=person.longitude,
        seen_at=person.seen_at,
        timeout=person.timeout,
    )


def notices(before: Person | None, _event: Event, after: Person) -> tuple[Notice, ...]:
    """The person's own topic hears of every change of phase."""
    if before is not None and before.phase == after.phase:
        return ()
    body = PersonNotice(account=after.id, phase=after.phase)
    return (Notice(f"account/{after.id}", "presence", body),)


def reactions(before: Person | None, _event: Event, after: Person) -> tuple[Reaction, ...]:
    """Dispatch withdraws the open offers of somebody who is no longer online."""
    if before is None or before.phase != "online" or after.phase == "online":
        return ()
    command = OperatorUnavailable(account=after.id, because="offline")
    return (Reaction(Address("dispatch", after.id), command),)
