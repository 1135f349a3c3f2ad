"""What goes wrong in a world beside its people: a slow or absent database, lost answers, a video provider that fails.

All of it passes through the memory store's ``gate`` or a port of the engine, so that further faults (an engine that is
killed, a zombie) need no other place.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import trio

from switchboard.engine.clock import Instant
from switchboard.engine.errors import CommitUnknown, StoreDown, VideoUnavailable
from switchboard.engine.sessions.video import VideoSession
from switchboard.simulations.scenarios import Scenario
from switchboard.simulations.trace import Trace

USUAL_SECONDS = 0.004
"""A call of the store takes up to this: a commit with fsync on a fast disk was measured at 1 to 4 ms."""

SLOW_SECONDS = 0.4
"""A slow call takes up to this: four times what the supervision log calls slow."""

ROOM_SECONDS = 1.5
"""A video provider takes up to this to open a room."""


class Weather:
    """The database as the engine meets it. ``gate`` is the memory store's gate."""

    def __init__(
        self,
        scenario: Scenario,
        chance: random.Random,
        now: Callable[[], Instant],
        trace: Trace,
    ) -> None:
        self._scenario = scenario
        self._chance = chance
        self._now = now
        self._trace = trace
        self._over = False
        self.down = False
        self.fair_since: Instant = now()
        """When the database last came back."""
        self.outages = 0
        self.lost_answers = 0

    async def gate(self, name: str) -> None:
        """Takes its time, and refuses or loses the answer if the day says so. Raises: StoreDown, CommitUnknown."""
        slow = self._chance.random() < self._scenario.slow_calls
        await trio.sleep(self._chance.random() * (SLOW_SECONDS if slow else USUAL_SECONDS))
        if name in ("commit", "committed"):
            self._maybe_lose(name)
        if self.down:
            # Between a commit's effect and its answer this makes the commit unknown.
            raise StoreDown(f"{name} during an outage")

    def _maybe_lose(self, name: str) -> None:
        if not self._over and self._chance.random() < self._scenario.lost_answers / 2:
            self.lost_answers += 1
            self._trace.note(f"the answer of a commit is lost at {name!r}")
            raise CommitUnknown(f"lost at {name}") if name == "commit" else StoreDown("lost")

    async def run(self) -> None:
        """Outages, until cancelled."""
        scenario = self._scenario
        if scenario.outage_every_seconds is None:
            return
        while True:
            await trio.sleep(self._chance.expovariate(1 / scenario.outage_every_seconds))
            if self._over:
                return
            self.outages += 1
            self._trace.note("the database goes away")
            self.down = True
            await trio.sleep(self._chance.random() * scenario.outage_seconds_most)
            self.down = False
            self.fair_since = self._now()
            self._trace.note("the database is back")

    def clear_up(self) -> None:
        """From now on nothing goes wrong any more, once an outage that has begun is over."""
        self._over = True


class Studio:
    """The ``VideoProvider`` of a world."""

    name = "p2p"

    def __init__(self, scenario: Scenario, chance: random.Random) -> None:
        self._scenario = scenario
        self._chance = chance

    async def open(self, kind: str, session: str) -> VideoSession:
        """The room of that session. Raises: VideoUnavailable."""
        await trio.sleep(self._chance.random() * ROOM_SECONDS)
        if self._chance.random() < self._scenario.video_failures:
            raise VideoUnavailable
        return VideoSession(self.name, f"room-{session}", self.name)

    def token(self, room: VideoSession, account: str, now: Instant) -> str:
        """That party's key."""
        return f"{room.session_id}/{account}/{now}"
