"""The database as an engine meets it: quick or slow, there or away, and sometimes its answer does not arrive."""

from __future__ import annotations

import random
from collections.abc import Collection

import trio

from switchboard.engine.errors import CommitUnknown, StoreDown
from switchboard.simulations.scenarios import Scenario
from switchboard.simulations.trace import Trace
from switchboard.store.memory import ANSWERS

USUAL_SECONDS = 0.004
"""A call of the store takes up to this: a commit with fsync on a fast disk was measured at 1 to 4 ms."""

SLOW_SECONDS = 0.4
"""A slow call takes up to this: four times what the supervision log calls slow."""


class Weather:
    """One database's, whichever engine asks. ``call`` is the part of the memory store's gate that concerns it."""

    def __init__(
        self, scenario: Scenario, active: Collection[str], chance: random.Random, trace: Trace
    ) -> None:
        self._scenario = scenario
        self._slow = scenario.slow_calls if "slow" in active else 0.0
        self._lost = scenario.lost_answers if "lost" in active else 0.0
        self._goes_away = "outage" in active
        self._chance = chance
        self._trace = trace
        self._over = False
        self.down = False
        self.fair_since = trio.current_time()
        """When, on Trio's clock, the database last came back."""
        self.outages = 0
        self.lost_answers = 0
        self.unknown = 0
        """Commits of which an engine could not know whether they happened."""

    async def call(self, name: str) -> None:
        """Takes its time, and refuses or loses the answer if the day says so. Raises: StoreDown, CommitUnknown."""
        random = self._chance.random
        await trio.sleep(random() * (SLOW_SECONDS if random() < self._slow else USUAL_SECONDS))
        answers = name in ANSWERS
        if (answers or name == "commit") and not self._over and random() < self._lost / 2:
            self.lost_answers += 1
            self._trace.note(f"the answer of the database is lost at {name!r}")
            self.unknown += name in ("commit", "committed")
            raise CommitUnknown("lost") if name == "commit" else StoreDown("lost")
        if self.down:
            # Between a commit's effect and its answer this makes the commit unknown.
            self.unknown += name == "committed"
            raise StoreDown(f"{name} during an outage")

    async def run(self) -> None:
        """Outages, until cancelled."""
        scenario = self._scenario
        while self._goes_away:
            await trio.sleep(self._chance.expovariate(1 / scenario.outage_every_seconds))
            if self._over:
                return
            self.outages += 1
            self._trace.note("the database goes away")
            self.down = True
            await trio.sleep(self._chance.random() * scenario.outage_seconds_most)
            self.down = False
            self.fair_since = trio.current_time()
            self._trace.note("the database is back")

    def clear_up(self) -> None:
        """From now on nothing goes wrong any more, once an outage that has begun is over."""
        self._over = True
