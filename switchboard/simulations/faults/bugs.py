"""Sessions that crash: some have a bug, each in another place, until an operator has seen to it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from switchboard.engine.sessions import Kind
from switchboard.simulations.scenarios import Scenario

PLACES = ("command", "deadline", "fold", "anything")
"""Where a bug is: in deciding one sort of command, in the deadline's command, in the fold (so that the session cannot
even be loaded), or now and then anywhere."""

CRASHES_MOST = 12
"""A bug has gone by itself after so many crashes: some sessions must come through without an operator."""

ANYTHING = 0.3
"""The share of decisions in which a bug of the last sort shows."""


class PlantedBug(Exception):
    """What a session with a bug raises; a crash for any other reason is a violation."""


class _Bug:
    """One session's."""

    def __init__(self, chance: random.Random) -> None:
        self.place = chance.choice(PLACES)
        self.left = chance.randint(1, CRASHES_MOST)
        self.victim = chance.random()
        """Which sort of command."""
        self.chance = chance

    def shows(self, place: str, command: str) -> bool:
        if self.place == "anything":
            return self.chance.random() < ANYTHING
        if self.place == "command" and place == "command":
            return random.Random(f"{command}/{self.victim}").random() < ANYTHING
        return self.place == place


class Bugs:
    """The bugs of a world.

    Args:
        seed: of the world: whether a session has a bug depends on its id and on this.
    """

    def __init__(self, scenario: Scenario, active: Collection[str], seed: int) -> None:
        self._share = scenario.buggy_sessions if "crash" in active else 0.0
        self._seed = seed
        self._bugs: dict[str, _Bug | None] = {}
        self.crashes = Counter[str]()
        """Session's id -> how often its bug has shown."""

    def kinds(self, kinds: Sequence[Kind[Any]]) -> tuple[Kind[Any], ...]:
        """The kinds with the bugs in them."""
        if not self._share:
            return tuple(kinds)
        return tuple(self._planted(kind) for kind in kinds)

    def _planted(self, kind: Kind[Any]) -> Kind[Any]:
        decide, evolve = kind.decide, kind.evolve

        def decide_or_crash(state: Any, command: Any, context: Any) -> Any:
            name = type(command).__name__
            place = "deadline" if context.by == "system:deadline" else "command"
            # A session without a state has no bug yet: nobody could find it to release it.
            if state is not None:
                self._maybe(state.id, place, name)
            return decide(state, command, context)

        def evolve_or_crash(state: Any, event: Any) -> Any:
            if state is not None:
                self._maybe(state.id, "fold", type(event).__name__)
            return evolve(state, event)

        return replace(kind, decide=decide_or_crash, evolve=evolve_or_crash)

    def _maybe(self, id: str, place: str, what: str) -> None:
        if id not in self._bugs:
            chance = random.Random(f"{self._seed}/bug/{id}")
            self._bugs[id] = _Bug(chance) if chance.random() < self._share else None
        bug = self._bugs[id]
        if bug is None or bug.left <= 0 or not bug.shows(place, what):
            return
        bug.left -= 1
        self.crashes[id] += 1
        raise PlantedBug(f"{place} {what}")

    def mend(self, id: str) -> None:
        """The session's bug is found and gone."""
        self._bugs[id] = None

    def clear_up(self) -> None:
        """All are."""
        self._share = 0.0
        self._bugs = dict.fromkeys(self._bugs)
