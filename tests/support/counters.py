"""A small kind of session for tests of the runtime: a counter with every feature that a kind can have."""

from __future__ import annotations

import msgspec

from switchboard.engine.clock import Instant
from switchboard.engine.errors import Conflict, Engaged, RatingRequired, Rejected
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
    Reaction,
    Tally,
)


class Create(Command, frozen=True, kw_only=True):
    """Makes the counter. ``owner`` is engaged by it until ``Close``."""

    id: str
    owner: str | None = None


class Add(Command, frozen=True, kw_only=True):
    """Adds ``amount``; refused above ``most``."""

    amount: int
    most: int | None = None


class Look(Command, frozen=True, kw_only=True):
    """Changes the state in memory only."""


class Arm(Command, frozen=True, kw_only=True):
    """Sets the deadline, at which the counter adds 1000."""

    at: Instant


class Ring(Command, frozen=True, kw_only=True):
    """The deadline's own command."""


class Send(Command, frozen=True, kw_only=True):
    """Makes another counter add ``amount`` by a reaction; ``times`` of them."""

    to: str
    amount: int
    kind: str = "counter"
    times: int = 1


class Fail(Command, frozen=True, kw_only=True):
    """A bug."""


class Poison(Command, frozen=True, kw_only=True):
    """Decides something that the database cannot store."""


class Close(Command, frozen=True, kw_only=True):
    """Ends it and frees the owner."""


class Created(Event, frozen=True, kw_only=True):
    """Made."""

    id: str
    owner: str | None


class Added(Event, frozen=True, kw_only=True):
    """Counted."""

    amount: int


class Looked(Event, frozen=True, kw_only=True):
    """Volatile."""


class Armed(Event, frozen=True, kw_only=True):
    """The deadline is set."""

    due: Instant


class Rung(Event, frozen=True, kw_only=True):
    """The deadline has fired."""


class Sent(Event, frozen=True, kw_only=True):
    """A reaction goes out."""

    to: str
    amount: int
    kind: str
    times: int


class Poisoned(Event, frozen=True, kw_only=True):
    """Leads to a list entry with a NUL."""


class Closed(Event, frozen=True, kw_only=True):
    """Over."""


class Counter(msgspec.Struct, frozen=True, kw_only=True):
    """The state."""

    id: str
    phase: str = "open"
    owner: str | None = None
    total: int = 0
    looks: int = 0
    due: Instant | None = None
    rings: int = 0
    poisoned: bool = False


class Total(msgspec.Struct, frozen=True):
    """The body of notices and the summary."""

    total: int


def decide(state: Counter | None, command: Command, context: Context) -> tuple[Event, ...]:
    """The counter's rules."""
    now = context.now
    match command:
        case Create(id=id, owner=owner):
            return () if state is not None else (Created(at=now, id=id, owner=owner),)
        case Fail():
            raise ZeroDivisionError("a planted bug")
    assert state is not None
    match command:
        case Add(amount=amount, most=most):
            if most is not None and state.total + amount > most:
                raise Conflict(f"{state.total} + {amount} > {most}")
            return (Added(at=now, amount=amount),)
        case Look():
            return (Looked(at=now),)
        case Arm(at=at):
            return (Armed(at=now, due=at),)
        case Ring():
            return (Rung(at=now),)
        case Send(to=to, amount=amount, kind=kind, times=times):
            return (Sent(at=now, to=to, amount=amount, kind=kind, times=times),)
        case Poison():
            return (Poisoned(at=now),)
        case Close():
            return () if state.phase == "closed" else (Closed(at=now),)
    raise AssertionError(command)


def evolve(state: Counter | None, event: Event) -> Counter:
    """The counter's fold."""
    replace = msgspec.structs.replace
    if isinstance(event, Created):
        return Counter(id=event.id, owner=event.owner)
    assert state is not None
    match event:
        case Added(amount=amount):
            return replace(state, total=state.total + amount)
        case Looked():
            return replace(state, looks=state.looks + 1)
        case Armed(due=due):
            return replace(state, due=due)
        case Rung():
            return replace(state, due=None, total=state.total + 1000, rings=state.rings + 1)
        case Closed():
            return replace(state, phase="closed")
        case Poisoned():
            return replace(state, poisoned=True)
    return state


def deadline(state: Counter) -> Deadline | None:
    """When it rings."""
    return None if state.due is None else Deadline(state.due, Ring())


def claims(state: Counter) -> frozenset[Claim]:
    """The owner is engaged while it is open."""
    if state.owner is None or state.phase != "open":
        return frozenset()
    return frozenset({Claim("engagement", state.owner)})


def bars(command: Command) -> tuple[str, ...]:
    """No counter for an owner with a debt."""
    if isinstance(command, Create) and command.owner is not None:
        return (f"rating-debt/{command.owner}",)
    return ()


def refusal(_: Command, claim: Claim, holder: str) -> Rejected:
    """In the words of gigs."""
    return Engaged(holder) if claim.scope == "engagement" else RatingRequired(holder)


def lists(state: Counter) -> frozenset[ListEntry]:
    """By owner."""
    key = "\x00" if state.poisoned else (state.owner or "nobody")
    return frozenset({ListEntry("counters-of", key)})


def notices(_: Counter | None, event: Event, after: Counter) -> tuple[Notice, ...]:
    """Every addition is told to the owner."""
    if isinstance(event, Added) and after.owner is not None:
        return (Notice(f"account/{after.owner}", "added", Total(after.total)),)
    return ()


def reactions(_: Counter | None, event: Event, __: Counter) -> tuple[Reaction, ...]:
    """What ``Send`` asks for."""
    if isinstance(event, Sent):
        one = Reaction(Address(event.kind, event.to), Add(amount=event.amount))
        return (one,) * event.times
    return ()


def tallies(_: Counter | None, event: Event, after: Counter) -> tuple[Tally, ...]:
    """Additions by owner."""
    if isinstance(event, Added) and after.owner is not None:
        return (Tally("added", after.owner, event.amount),)
    return ()


COUNTER: Kind[Counter] = Kind(
    name="counter",
    state=Counter,
    state_format=1,
    events={
        event.__name__: (1, event)
        for event in (Created, Added, Looked, Armed, Rung, Sent, Poisoned, Closed)
    },
    decide=decide,
    evolve=evolve,
    deadline=deadline,
    claims=claims,
    refusal=refusal,
    creates=frozenset({Create}),
    receives=frozenset({Add}),
    bars=bars,
    lists=lists,
    summary=lambda state: Total(state.total),
    notices=notices,
    reactions=reactions,
    tallies=tallies,
    volatile=frozenset({Looked}),
    end=lambda _, context: (Closed(at=context.now),),
)
