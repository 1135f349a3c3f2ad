"""How engines end: asked to, killed at any step, or frozen until another has taken over."""

from __future__ import annotations

import math
import random
from collections.abc import Collection
from dataclasses import dataclass

from switchboard.simulations.scenarios import Scenario

ENDS = ("kill", "stop", "zombie")

STEPS_MOST = 12
"""A kill or freeze waits for up to so many steps of the engine's ports after its moment: more than a request takes, so
that it comes between any two of them, with callers waiting."""

STEPS_SECONDS_MOST = 30.0
"""It waits no longer for them: an idle engine takes none."""

LEASE_SECONDS = 15.0
"""How long others wait for a frozen owner (store/ownership.py)."""

NOTICES_SECONDS = 3.0
"""An engine that wakes up finds within this that it is no longer the owner (``RENEW_SECONDS`` there)."""

FREEZES_SECONDS = ((0.2, 10.0), (16.0, 45.0))
"""How long an engine may be frozen: shorter than its lease, so that it goes on, or longer, so that another does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fate:
    """One engine's end. ``how`` None: it lives until the evening."""

    how: str | None
    seconds: float
    """After so long,"""
    steps: int
    """and then so many steps of its ports."""
    freezes_seconds: float
    down_seconds: float
    """How long until the next one is started."""
    clock_seconds: float
    """How far its clock is from the true time."""


class Fates:
    """Draws them."""

    def __init__(self, scenario: Scenario, active: Collection[str], chance: random.Random) -> None:
        self._scenario = scenario
        self._ways = [way for way in ENDS if way in active]
        self._clock = scenario.clock_seconds_most if "clock" in active else 0.0
        self._chance = chance

    def draw(self) -> Fate:
        """The next engine's."""
        chance, scenario = self._chance, self._scenario
        how = chance.choice(self._ways) if self._ways else None
        return Fate(
            how=how,
            seconds=math.inf if how is None else chance.expovariate(1 / scenario.life_seconds),
            steps=chance.randint(0, STEPS_MOST),
            freezes_seconds=chance.uniform(*chance.choice(FREEZES_SECONDS)),
            down_seconds=chance.random() * scenario.down_seconds_most,
            clock_seconds=chance.uniform(-self._clock, self._clock),
        )
