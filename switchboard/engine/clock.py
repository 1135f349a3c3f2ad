"""The engine's one source of time: a wall-clock anchor carried forward by Trio's clock."""

from __future__ import annotations

import time

import trio

from switchboard.engine.instants import Instant, Milliseconds

__all__ = ["Clock", "Instant", "Milliseconds"]

ROUNDING_SECONDS = 1e-6
"""Added to every wake-up: ``now()`` cuts off below a millisecond, and the sum of floats may fall just short of one;
under a virtual clock a task that woke a hair too early would wait for the same moment again, for ever."""


class Clock:
    """Tells the instant; never goes back while the process lives, whatever happens to the wall clock.

    Under a ``trio.testing.MockClock`` it follows the virtual time, so simulations need no other clock.
    """

    def __init__(self, anchor: Instant | None = None) -> None:
        self._anchor = time.time_ns() // 1_000_000 if anchor is None else anchor
        self._started = trio.current_time()

    def now(self) -> Instant:
        """The present instant."""
        return self._anchor + int((trio.current_time() - self._started) * 1000)

    def trio_time(self, instant: Instant) -> float:
        """The moment on Trio's clock at which ``now()`` has reached ``instant``, never a millisecond early."""
        return self._started + (instant - self._anchor) / 1000 + ROUNDING_SECONDS
