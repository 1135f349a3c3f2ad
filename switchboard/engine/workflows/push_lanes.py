"""Who waits for a try of a push: one lane for each vendor, so that none waits for another's.

A lane knows each waiting device once, however much there is to tell it; what that is stands in the store.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import deque
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import trio

from switchboard.engine.push import PushLater

BACKOFF_FIRST_SECONDS = 1.0
"""A vendor that has just failed needs a moment."""

BACKOFF_MOST_SECONDS = 300.0
"""Well below the hour after which nobody is told any more: some dozen tries a device."""

EVERYBODY_MOST_SECONDS = 600.0
"""No vendor's word stops all its devices for longer; a date far ahead is a mistake of its."""


class Place(NamedTuple):
    """A device of an account."""

    account: str
    device: str


class Waiting:
    """How it stands with a device that has to be told something."""

    __slots__ = ("again", "failures", "working")

    def __init__(self) -> None:
        self.working = False
        self.again = False
        """More came while it was being told."""
        self.failures = 0
        """In a row."""


Deliver = Callable[[Place], Awaitable[bool]]
"""Tells the device what it has not been told. Returns: whether there is more. Raises: PushLater."""


class Lane:
    """The devices of one vendor that wait.

    Args:
        at_once: so many are told at once.
        chance: for jitter.
    """

    def __init__(self, deliver: Deliver, at_once: int, chance: random.Random) -> None:
        self._deliver = deliver
        self._at_once = at_once
        self._chance = chance
        self._devices: dict[Place, Waiting] = {}
        self._ready: deque[Place] = deque()
        self._permits = trio.Semaphore(0)
        """As many as there are in ``_ready``."""
        self._resting: list[tuple[float, Place]] = []
        """A heap of those to be tried again, by when on Trio's clock."""
        self._rests = trio.Event()
        """Set when somebody began to rest who may be the first to be done."""
        self._paused_until = 0.0
        """On Trio's clock: the vendor wants no try of anybody's before."""

    @property
    def waiting(self) -> int:
        """Devices that are being told, or wait for it."""
        return len(self._devices)

    def add(self, place: Place) -> None:
        """There is something to tell that device. One that rests goes on resting."""
        waiting = self._devices.get(place)
        if waiting is None:
            self._devices[place] = Waiting()
            self._put(place)
        elif waiting.working:
            waiting.again = True

    async def run(self) -> None:
        """Tells until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._wake)
            for _ in range(self._at_once):
                nursery.start_soon(self._work)

    def _put(self, place: Place) -> None:
        self._ready.append(place)
        self._permits.release()

    async def _work(self) -> None:
        while True:
            await self._permits.acquire()
            if self._paused_until > trio.current_time():
                await trio.sleep_until(self._paused_until)
            place = self._ready.popleft()
            waiting = self._devices[place]
            waiting.working, waiting.again = True, False
            try:
                more = await self._deliver(place)
            except PushLater as later:
                waiting.working = False
                self._rest(place, waiting, later)
                continue
            waiting.working, waiting.failures = False, 0
            if more or waiting.again:
                self._put(place)
            else:
                del self._devices[place]

    def _rest(self, place: Place, waiting: Waiting, later: PushLater) -> None:
        doublings = min(
            waiting.failures, 30
        )  # A float has no more to double before the most is reached.
        backoff = min(BACKOFF_FIRST_SECONDS * 2**doublings, BACKOFF_MOST_SECONDS)
        waiting.failures += 1
        seconds = max(backoff * (1 + self._chance.random() / 2), later.seconds)
        now = trio.current_time()
        if later.everybody:
            until = now + min(later.seconds, EVERYBODY_MOST_SECONDS)
            self._paused_until = max(self._paused_until, until)
        heapq.heappush(self._resting, (now + seconds, place))
        self._rests.set()

    async def _wake(self) -> None:
        while True:
            self._rests = trio.Event()
            until = self._resting[0][0] if self._resting else math.inf
            with trio.move_on_at(until):
                await self._rests.wait()
            while self._resting and self._resting[0][0] <= trio.current_time():
                self._put(heapq.heappop(self._resting)[1])
