"""The checkers' own copy of every session: the fold of what was committed, by the kinds as they were shipped.

A world may run kinds with a planted fault; the shadows never do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from switchboard.engine.clock import Instant
from switchboard.engine.sessions import Address, Codec, Deadline, Kind, Transitions
from switchboard.engine.sessions.gig import GIG, Gig
from switchboard.engine.sessions.gig import TRANSITIONS as GIG_TRANSITIONS
from switchboard.engine.sessions.person import PERSON, Person
from switchboard.engine.sessions.person import TRANSITIONS as PERSON_TRANSITIONS

KINDS: Mapping[str, Kind[Any]] = {"gig": GIG, "person": PERSON}
CODECS: Mapping[str, Codec[Any]] = {name: Codec(kind) for name, kind in KINDS.items()}
TABLES: Mapping[str, Transitions[Any]] = {"gig": GIG_TRANSITIONS, "person": PERSON_TRANSITIONS}

WATCHED = frozenset({"streaming", "online"})
"""The phases whose deadline counts from the last sign of life, which is volatile."""


def plain(state: Any) -> Any:
    """The state without what volatile events change, so that two of them can be compared."""
    match state:
        case Gig():
            return replace(state, seen_at=0)
        case Person():
            return replace(state, seen_at=0, latitude=None, longitude=None)
        case _:
            return state


class Shadow:
    """One session as its journal has it."""

    __slots__ = ("_adoptions", "_history", "address", "causes", "fired", "kind", "state", "version")

    def __init__(self, address: Address) -> None:
        self.address = address
        self.kind = KINDS[address.kind]
        self.state: Any = None
        """None until there is one; with the latest signs of life that the engine is known to have."""
        self.version = 0
        self.fired: set[tuple[str, Instant]] = set()
        """(phase, due) of every deadline that has fired."""
        self.causes: dict[str, str] = {}
        """Request -> the turn that it was decided in."""
        self._history: list[Any] = []
        """Every state that was committed, plain."""
        self._adoptions: list[tuple[int, int]] = []
        """(tick, how long the history was) whenever the engine took a committed state over."""

    def became(self, state: Any) -> None:
        """One more event was committed."""
        self.state = state
        self._history.append(plain(state))

    def adopted(self, tick: int) -> None:
        """From ``tick`` on nobody may be answered with less than what is committed now."""
        self._adoptions.append((tick, len(self._history)))

    def since(self, tick: int) -> Sequence[Any | None]:
        """Every state, plain, that a call begun at that tick may have met; None: it may have met none."""
        for adopted_at, length in reversed(self._adoptions):
            if adopted_at <= tick:
                return self._history[length - 1 :]
        return [None, *self._history]

    @property
    def plain(self) -> Any | None:
        """The latest committed state without what is volatile."""
        return self._history[-1] if self._history else None

    @property
    def deadline(self) -> Deadline | None:
        """When the session must act by itself."""
        return None if self.state is None else self.kind.deadline(self.state)

    @property
    def watched(self) -> bool:
        """Whether the deadline counts from the last sign of life."""
        return self.state is not None and self.state.phase in WATCHED

    def revive(self, at: Instant) -> None:
        """Signs of life could not be heard or were forgotten until ``at``."""
        if self.state is not None:
            self.state = self.kind.revive(self.state, at)


class Shadows:
    """All of them. ``tick`` orders what happened in the engine against what people saw."""

    def __init__(self) -> None:
        self.tick = 0
        self._of: dict[Address, Shadow] = {}
        self._armed: dict[Address, Shadow] = {}

    def __getitem__(self, address: Address) -> Shadow:
        """That session's shadow, an empty one if nothing was committed."""
        if address not in self._of:
            self._of[address] = Shadow(address)
        return self._of[address]

    def all(self) -> list[Shadow]:
        """In the order of their first commits."""
        return list(self._of.values())

    def committed(self, shadow: Shadow) -> None:
        """The session has just been written."""
        if shadow.deadline is None:
            self._armed.pop(shadow.address, None)
        else:
            self._armed[shadow.address] = shadow

    def armed(self) -> list[Shadow]:
        """Those that have a deadline."""
        return list(self._armed.values())

    def pending(self) -> list[Gig]:
        """The gigs that seek an operator."""
        states = [one.state for one in self._armed.values()]
        return [one for one in states if isinstance(one, Gig) and one.phase == "pendingOperator"]

    def gigs(self) -> list[Gig]:
        """The gigs as they are."""
        return [one.state for one in self._of.values() if isinstance(one.state, Gig)]
