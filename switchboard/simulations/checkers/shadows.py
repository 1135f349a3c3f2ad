"""The checkers' own copy of every session: the fold of what was committed, by the kinds as they were shipped.

A world may run kinds with a planted fault; the shadows never do.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import trio

from switchboard.engine.clock import Instant
from switchboard.engine.ports import Stored
from switchboard.engine.runtime.folding import restore
from switchboard.engine.sessions import Address, Claim, Codec, Deadline, ListEntry

if TYPE_CHECKING:
    from switchboard.simulations.cast import Cast


class Shadow:
    """One session as its journal has it."""

    __slots__ = (
        "_adoptions",
        "_history",
        "address",
        "cast",
        "claims",
        "clear_since",
        "codec",
        "crashed",
        "deadline",
        "fired",
        "latest",
        "lists",
        "state",
        "stored_deadline",
        "version",
    )

    def __init__(self, address: Address, cast: Cast, codec: Codec[Any]) -> None:
        self.address = address
        self.cast = cast
        self.codec = codec
        self.state: Any = None
        """None until there is one; with the latest signs of life that the engine is known to have."""
        self.version = 0
        self.deadline: Deadline | None = None
        """When the session must act by itself."""
        self.stored_deadline: Instant | None = None
        """When an engine that does not have it in memory will load it."""
        self.latest: Instant = 0
        """Of its journal's entries."""
        self.fired: set[tuple[str, Instant]] = set()
        """(phase, due) of every deadline that has fired."""
        self.claims: frozenset[Claim] = frozenset()
        self.lists: frozenset[ListEntry] = frozenset()
        self.clear_since = 0.0
        """When, on Trio's clock, its own crashes were last in its way; infinity while it is in quarantine."""
        self.crashed = False
        """It has had a bug: what crashed it is never given to it again by itself."""
        self._history: list[Any] = []
        """Every state that was committed, plain."""
        self._adoptions: list[tuple[int, int]] = []
        """(tick, how long the history was) whenever the engine took a committed state over."""

    def became(self, state: Any) -> None:
        """One more event was committed."""
        self.state = state
        self._history.append(self.cast.plain(state))

    def heard(self, state: Any) -> None:
        """The same state with later signs of life."""
        self.state = state
        self.deadline = self.cast.kind.deadline(state)

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
    def known(self) -> bool:
        """Whether an engine has taken over any state of it."""
        return bool(self._adoptions)

    @property
    def plain(self) -> Any | None:
        """The latest committed state without what is volatile."""
        return self._history[-1] if self._history else None

    @property
    def watched(self) -> bool:
        """Whether the deadline counts from the last sign of life."""
        return self.state is not None and self.state.phase in self.cast.watched

    @property
    def due(self) -> Instant | None:
        """When it must have acted at the latest: an engine goes by the row, which the one before it may have written
        by another clock and with signs that it alone knew of."""
        if self.deadline is None or not self.watched:
            return None if self.deadline is None else self.deadline.at
        return max(self.deadline.at, self.stored_deadline or 0)

    @property
    def horizon(self) -> Instant:
        """The latest deadline that its state may have: everybody was heard at its latest instant."""
        deadline = self.cast.kind.deadline(self.cast.kind.revive(self.state, self.latest))
        return 0 if deadline is None else deadline.at

    def reload(self, stored: Stored | None, at: Instant) -> None:
        """Signs of life that were not stored are forgotten, and none could be heard until ``at``."""
        if self.state is not None and self.cast.transitions.get(self.state.phase):
            # Not only where somebody is watched: a later event may take the last sign over.
            state, _ = restore(self.cast.kind, self.codec, stored)
            self.heard(self.cast.kind.revive(state, at))
            # Until the engine has loaded it, its silence may seem longer here than the engine will count it.
            self.clear_since = max(self.clear_since, trio.current_time())


class Shadows:
    """All of them. ``tick`` orders what happened in the engine against what people saw."""

    def __init__(self, casts: Iterable[Cast]) -> None:
        self.tick = 0
        self.casts: Mapping[str, Cast] = {cast.kind.name: cast for cast in casts}
        self._codecs = {name: Codec(cast.kind) for name, cast in self.casts.items()}
        self._of: dict[Address, Shadow] = {}
        self._armed: dict[Address, Shadow] = {}
        self._still: set[Address] = set()
        self._clear_since = 0.0

    def __getitem__(self, address: Address) -> Shadow:
        """That session's shadow, an empty one if nothing was committed."""
        shadow = self._of.get(address)
        if shadow is None:
            kind = address.kind
            shadow = self._of[address] = Shadow(address, self.casts[kind], self._codecs[kind])
        return shadow

    def all(self) -> list[Shadow]:
        """In the order in which they were first heard of."""
        return list(self._of.values())

    def committed(self, shadow: Shadow) -> None:
        """The session has just been written."""
        state = shadow.state
        shadow.deadline = None if state is None else shadow.cast.kind.deadline(state)
        if shadow.deadline is None:
            self._armed.pop(shadow.address, None)
        else:
            self._armed[shadow.address] = shadow

    def armed(self) -> list[Shadow]:
        """Those that have a deadline."""
        return list(self._armed.values())

    # -- trouble of their own -----------------------------------------------------------------------------------

    def in_quarantine(self, address: Address) -> None:
        """The session stands still until it is released."""
        self[address].clear_since = math.inf
        self._still.add(address)

    def troubled(self, address: Address, seconds: float) -> None:
        """The session's crashes are in its way for up to so long from now, and then no more."""
        self._still.discard(address)
        self[address].clear_since = clear_since = trio.current_time() + seconds
        # Others may be in trouble for longer.
        self._clear_since = max(self._clear_since, clear_since)

    def began(self, quarantined: Iterable[Address]) -> None:
        """Another engine runs; what was in quarantine in memory only is so no more."""
        for address in sorted(self._still.difference(quarantined)):
            self.troubled(address, 0.0)

    @property
    def clear_since(self) -> float:
        """Since when, on Trio's clock, no session's crashes are in anybody's way; infinity while one stands still."""
        return math.inf if self._still else self._clear_since
