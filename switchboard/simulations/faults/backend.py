"""Commits that are cut off and land later, and rows that a stranger holds: between the committer and the database."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Sequence

import trio

from switchboard.engine.errors import CommitUnknown
from switchboard.engine.ports import Committed, Fenced, Outcome, Turn
from switchboard.simulations.faults.weather import Weather
from switchboard.simulations.scenarios import Scenario
from switchboard.simulations.trace import Trace
from switchboard.store.commit import BatchRefused, Locked
from switchboard.store.memory import MemoryBackend

SOON_SECONDS = 0.02
"""Half of the late commits come within this, so that some are there before the first try to settle them."""


class Straits:
    """What all engines' backends of one world share.

    Args:
        nursery: of the world: a backend of the database goes on when the engine that it served is gone.
    """

    def __init__(
        self,
        scenario: Scenario,
        active: Collection[str],
        chance: random.Random,
        trace: Trace,
        weather: Weather,
        nursery: trio.Nursery,
    ) -> None:
        self.late = scenario.late_commits if "late" in active else 0.0
        self.locked = scenario.locked_rows if "slow" in active else 0.0
        self.late_seconds_most = scenario.late_seconds_most
        self.chance = chance
        self.trace = trace
        self.weather = weather
        self.nursery = nursery
        self.landed = 0
        """Turns that took effect after their engine had been told that nobody knows."""
        self.missed = 0
        """Turns that came too late for it: their session, or the whole engine, had gone on without them."""

    def clear_up(self) -> None:
        """From now on every batch is written at once."""
        self.late = self.locked = 0.0

    def wrap(self, backend: MemoryBackend) -> FrozenBackend:
        """The backend of one engine."""
        return FrozenBackend(self, backend)


class FrozenBackend:
    """Now and then it freezes with a batch that the database has not seen yet, and writes it when it thaws."""

    def __init__(self, straits: Straits, backend: MemoryBackend) -> None:
        self._straits = straits
        self._backend = backend

    async def write(
        self, batch: Sequence[Turn], *, hurried: bool, sent: Callable[[], None]
    ) -> Sequence[Outcome | Locked]:
        """See ``Backend``."""
        straits, random = self._straits, self._straits.chance.random
        if random() < straits.late:
            await self._backend.enter()
            straits.weather.unknown += len(batch)
            straits.nursery.start_soon(self._land, batch)
            raise CommitUnknown("the connection was lost")
        if random() >= straits.locked:
            return await self._backend.write(batch, hurried=hurried, sent=sent)
        held = batch[int(random() * len(batch))]
        others = [turn for turn in batch if turn is not held]
        written = await self._backend.write(others, hurried=hurried, sent=sent) if others else ()
        outcomes = iter(written)
        return [Locked() if turn is held else next(outcomes) for turn in batch]

    async def _land(self, batch: Sequence[Turn]) -> None:
        straits = self._straits
        most = straits.chance.choice((SOON_SECONDS, straits.late_seconds_most))
        await trio.sleep(straits.chance.random() * most)
        try:
            outcomes = self._backend.apply(batch)
        except (Fenced, BatchRefused) as error:
            straits.missed += len(batch)
            straits.trace.note(f"a late commit is refused: {error}")
            return
        for turn, outcome in zip(batch, outcomes, strict=True):
            landed = isinstance(outcome, Committed)
            straits.landed += landed
            straits.missed += not landed
            what = "lands" if landed else f"finds {type(outcome).__name__}"
            straits.trace.note(f"a late commit of {turn.address.id} {what}", turn.address.id)
