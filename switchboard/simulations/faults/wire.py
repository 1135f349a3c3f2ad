"""What lies between people and the engine: it takes time, loses messages and delivers some of them twice."""

from __future__ import annotations

import random
from collections.abc import Collection

import trio

from switchboard.simulations.scenarios import Scenario

USUAL_SECONDS = 0.02
"""One way, up to this: a telephone in a city."""

SLOW_SECONDS = 0.8
"""One way in a bad cell."""

SLOW = 0.03
"""The share of messages that take up to that."""

AGAIN_SECONDS = 4.0
"""A repeated request arrives up to so much later: proxies that repeat wait for some seconds."""


class Wire:
    """Carries messages."""

    def __init__(self, scenario: Scenario, active: Collection[str], chance: random.Random) -> None:
        self._dropped = scenario.dropped_messages if "dropped" in active else 0.0
        self._repeated = scenario.repeated_messages if "repeated" in active else 0.0
        self._chance = chance
        self.lost = 0
        self.repeats = 0

    async def carry(self) -> None:
        """Takes a message across; one that is lost never returns, so that the one who waits must give up."""
        random = self._chance.random
        await trio.sleep(random() * (SLOW_SECONDS if random() < SLOW else USUAL_SECONDS))
        if random() < self._dropped:
            self.lost += 1
            await trio.sleep_forever()

    def again(self) -> float | None:
        """In how many seconds the message just sent arrives once more; None: it does not."""
        if self._chance.random() >= self._repeated:
            return None
        self.repeats += 1
        return self._chance.random() * AGAIN_SECONDS

    def clear_up(self) -> None:
        """From now on every message arrives once."""
        self._dropped = self._repeated = 0.0
