"""What a world must know of a kind of session: who deals with it, and what is true of it beyond what is of every kind.

All that is checked of every kind (legal transitions, the fold, claims, timers, keys, notices, quarantine) needs nothing
of this but the kind and its table.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

import trio

from switchboard.engine.clock import Instant, Milliseconds
from switchboard.engine.engine import Engine
from switchboard.engine.errors import Rejected
from switchboard.engine.ports import OutboxRow
from switchboard.engine.sessions import Address, Command, Event, Kind, Transitions
from switchboard.simulations.scenarios import Scenario
from switchboard.simulations.trace import Violation
from switchboard.store.memory_tables import MemoryDatabase

if TYPE_CHECKING:
    from switchboard.simulations.checkers.shadows import Shadow, Shadows
    from switchboard.simulations.life import Life
    from switchboard.simulations.world import World

Check = Callable[[], Violation | None]


class Inhabitant(Protocol):
    """Somebody who lives in a world."""

    async def run(self) -> None:
        """Does what it does until cancelled; nothing new once ``world.over`` is set."""

    async def rest(self, life: Life) -> None:
        """At the end: fails the judge if it does not know what it should by now."""


class Workflow(Protocol):
    """What spans sessions of the kind (engine/workflows)."""

    async def open(self) -> None:
        """Called once before the engine takes commands. Raises: StoreDown, then it is called again."""


@runtime_checkable
class Running(Protocol):
    """A workflow that does something by itself."""

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Started once the engine takes commands, cancelled when it has ended."""


Workflows = Mapping[str, Any]
"""Name of the kind -> the engine's workflow that spans its sessions."""


class Refusal(NamedTuple):
    """A call that was refused."""

    began: int
    """The judge's tick."""
    address: Address
    command: Command | None
    account: str
    error: Rejected


class Hearing(NamedTuple):
    """Who keeps a watchdog quiet, and for how long after it was heard."""

    accounts: Sequence[str]
    patience: Milliseconds


class Call(NamedTuple):
    """Somebody's command, one of many at a moment."""

    account: str
    address: Address
    command: Command


class Rules:
    """What must be true of a kind beyond what is true of all; one object a world. Each method may raise Violation."""

    def __init__(self, shadows: Shadows) -> None:
        self.shadows = shadows

    def event(self, address: Address, before: Any, event: Event) -> None:
        """An event of a session of this kind is being committed."""

    def committed(self, shadow: Shadow) -> None:
        """A turn of such a session was committed."""

    def refused(self, refusal: Refusal) -> tuple[Address, bool] | None:
        """(the session that it rests on, whether it was true at some moment of the call); None: not ours to say."""

    def expects(self, row: OutboxRow) -> Check | None:
        """A reaction was committed, of whatever kind of session; what is returned is called once it is delivered."""

    def rests(self, database: MemoryDatabase) -> None:
        """Nobody does anything any more, and every deadline has passed."""

    def counts(self) -> Mapping[str, int]:
        """For the summary, by name."""
        return {}


def nobody(_world: World) -> Sequence[Inhabitant]:
    """The default: others deal with these sessions."""
    return ()


def no_crowd(_world: World, _chance: random.Random, _most: int) -> Sequence[Call]:
    """The default: nobody comes in a burst."""
    return ()


@dataclass(frozen=True, kw_only=True)
class Cast:
    """One kind of session in a world."""

    kind: Kind[Any]
    transitions: Transitions[Any]
    """The machine's own table, by which legal histories are judged."""
    people: Callable[[World], Sequence[Inhabitant]] = nobody
    crowd: Callable[[World, random.Random, int], Sequence[Call]] = no_crowd
    """(world, chance, how many at most) -> what a burst sends all at once."""
    rules: Callable[[Shadows], Rules] = Rules
    workflow: Callable[[Engine, Scenario, Workflows], Workflow] | None = None
    """(engine, scenario, the workflows of the casts before this one) -> the one of this kind."""
    needs: frozenset[str] = frozenset()
    """Names of the kinds without which this one cannot be."""
    furnish: Callable[[World], Awaitable[None]] | None = None
    """Puts into the database what is there before anybody comes, as an administrator would."""
    effects: Mapping[type[Command], Callable[[Any, Any], bool]] = field(default_factory=dict)
    """(state, command) -> what must be true of the state that a command was answered with."""
    plain: Callable[[Any], Any] = lambda state: state
    """The state without what volatile events change."""
    seen_at: Callable[[Any], Instant] = lambda _state: 0
    """When somebody was last heard in it; volatile."""
    watched: frozenset[str] = frozenset()
    """The phases whose deadline counts from ``seen_at``."""
    hears: Callable[[Any, str], Hearing | None] = lambda _state, _event: None
    """(state, name of the event that the deadline caused) -> whose sign should have prevented it."""
    rests: Callable[[Any], bool] = lambda _state: True
    """Whether a session may be so when nobody has done anything for ``rest_seconds``."""
    rest_seconds: Callable[[Scenario], float] = lambda _scenario: 0.0
