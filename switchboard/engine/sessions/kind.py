"""What a kind of session is: a name and a handful of pure functions over its state.

Nothing here or in the kinds imports Trio, a clock, chance or I/O. The runtime (``engine/runtime/actor.py``) calls
these functions in the order: ``deadline`` (fire what is due), ``decide`` and ``evolve`` on a pending copy, then, of the
change from the committed to the pending state, ``claims``, ``lists``, ``notices``, ``reactions``, ``tallies`` and
``projections``, which are all written in the one commit of the turn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from switchboard.engine.errors import Rejected
from switchboard.engine.instants import Instant


class Address(NamedTuple):
    """Names a session: its kind (``gig``, ``person``) and its id."""

    kind: str
    id: str


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """The root of all commands; imperative names. Commands are never stored."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """The root of all events; past tense. ``at`` is the instant of the turn that decided it.

    A shipped event is never changed: a new shape is a new class with the next format number and an upcaster.
    """

    at: Instant


class Context(msgspec.Struct, frozen=True):
    """What a decision may know beside the state and the command: the turn's instant and who asks."""

    now: Instant
    by: str
    """The account that asks, or ``system:<what>`` (``system:deadline``, ``system:dispatch``, ``system:admin``)."""
    next_version: int = 1
    """The version that the first event of this decision will have in the journal."""


class Claim(NamedTuple):
    """A right that at most one session holds at a time: a unique row, taken and released in its session's commit."""

    scope: str
    key: str


class Deadline(NamedTuple):
    """When a session must act by itself, and the command that it then gives itself."""

    at: Instant
    command: Command


class ListEntry(NamedTuple):
    """The session stands in the list ``name`` under ``key`` (say ``gigs-of`` an account)."""

    name: str
    key: str


class Notice(NamedTuple):
    """Something that a topic's subscribers are told once it is committed; the commit numbers it within its topic."""

    topic: str
    name: str
    body: msgspec.Struct


class Reaction(NamedTuple):
    """A command that another session or workflow gets, in order and exactly once, after this commit."""

    target: Address
    command: Command


class MessageColumns(msgspec.Struct, frozen=True, kw_only=True):
    """What of a message, which is an event kept as a row of its own, is looked up and counted by."""

    id: str
    number: int
    """Counts the session's messages from 1 without a gap."""
    sender: str
    serial: int | None


class Projection(msgspec.Struct, frozen=True, kw_only=True):
    """The root of the rows that a kind has written beside its journal, for lists and searches."""

    place: str
    """Which row of the session it is: of several with one place in a turn the last counts."""


class Tally(NamedTuple):
    """Adds one observation of ``value`` to the count and sum kept under (name, key)."""

    name: str
    key: str
    value: int


S = TypeVar("S", bound=msgspec.Struct)


def nothing(*_: Any) -> tuple[Any, ...]:
    """The default of the optional parts of a kind: says nothing."""
    return ()


@dataclass(frozen=True, kw_only=True)
class Kind(Generic[S]):
    """A kind of session as a record of pure functions; ``S`` is its frozen state, with an ``id`` and a ``phase``."""

    name: str
    state: type[S]
    state_format: int
    events: Mapping[str, tuple[int, type[Event]]]
    """Every event that is written today: its name on disk -> (format number, class)."""
    decide: Callable[[S | None, Any, Context], tuple[Event, ...]]
    """Returns the events, or raises ``Rejected``; changes nothing. No events: a repeat, answered with the state."""
    evolve: Callable[[S | None, Any], S]
    """Pure and total: reads the event and nothing else."""
    deadline: Callable[[S], Deadline | None]
    claims: Callable[[S], frozenset[Claim]]
    """The claims that the state holds; the runtime takes and releases the difference in the commit."""
    refusal: Callable[[Any, Claim, str], Rejected]
    """(command, claim, id of the holder) -> what the caller hears when that claim or bar is in the way."""
    creates: frozenset[type[Command]]
    """The commands that may reach a session which does not exist; all others are ``NotFound`` there."""
    receives: frozenset[type[Command]] = frozenset()
    """The commands that may reach it as another session's reaction."""
    bars: Callable[[Any], tuple[str, ...]] = nothing
    """(command) -> claim scopes in which no claim may exist for the command's events to be committed."""
    lists: Callable[[S], frozenset[ListEntry]] = lambda _state: frozenset()
    basis: Callable[[S], object] | None = None
    """What of the state claims and lists are made of: where it is equal, so are they, and need not be made to be
    compared. None: they are made each time."""
    summary: Callable[[S], msgspec.Struct | None] = lambda _state: None
    """The small struct that lists show without loading the session."""
    notices: Callable[[S | None, Any, S], tuple[Notice, ...]] = nothing
    """(before, event, after)"""
    reactions: Callable[[S | None, Any, S], tuple[Reaction, ...]] = nothing
    tallies: Callable[[S | None, Any, S], tuple[Tally, ...]] = nothing
    message: Callable[[Event], MessageColumns | None] = lambda _event: None
    """What makes an event a message, which is kept for ever as a row of the messages instead of one of the journal."""
    projections: Callable[[S | None, Any, S], tuple[Projection, ...]] = nothing
    """(before, event, after) -> rows for lists and searches, written in the same commit."""
    volatile: frozenset[type[Event]] = frozenset()
    """Events that change the state in memory only: not journaled, no version, answered without a commit."""
    revive: Callable[[S, Instant], S] = lambda state, _ready_at: state
    """(state, engine ready) -> state whose watchdogs count from 'ready' if they would count the downtime."""
    end: Callable[[S, Context], tuple[Event, ...]] = nothing
    """What ends the session for good when an administrator says so, whatever its phase."""
    upcasters: Mapping[tuple[str, int], tuple[type[Event], Callable[[Any], Event]]] = field(
        default_factory=dict
    )
    """(name, old format) -> (old class, how it becomes today's)."""
    state_upcasters: Mapping[int, tuple[type[msgspec.Struct], Callable[[Any], S]]] = field(
        default_factory=dict
    )
