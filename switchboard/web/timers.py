"""Many moments, one task: a heap of callbacks."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from math import inf

import structlog
import trio


class Timer:
    """One moment. ``cancel`` lets it pass."""

    __slots__ = ("_timers", "callback")

    def __init__(self, callback: Callable[[], None], timers: Timers) -> None:
        self.callback: Callable[[], None] | None = callback
        self._timers = timers

    def cancel(self) -> None:
        """Repeated: nothing happens."""
        if self.callback is not None:
            self.callback = None
            self._timers.forget_one()


class Timers:
    """Calls back at moments of Trio's clock. ``run`` must have started."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Timer]] = []
        self._numbers = itertools.count()
        self._sooner = trio.Event()
        self._cancelled = 0

    def forget_one(self) -> None:
        """A timer was cancelled. Most are, days before their moment: once they are the half, they are thrown out."""
        self._cancelled += 1
        if self._cancelled > max(100, len(self._heap) // 2):
            self._heap = [one for one in self._heap if one[2].callback is not None]
            heapq.heapify(self._heap)
            self._cancelled = 0

    def __len__(self) -> int:
        """Those that wait, and some that were cancelled."""
        return len(self._heap)

    def at(self, moment: float, callback: Callable[[], None]) -> Timer:
        """``callback`` must be quick; its errors are logged."""
        timer = Timer(callback, self)
        if not self._heap or moment < self._heap[0][0]:
            self._sooner.set()
        heapq.heappush(self._heap, (moment, next(self._numbers), timer))
        return timer

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Waits and calls until cancelled."""
        task_status.started()
        while True:
            self._sooner = trio.Event()
            with trio.move_on_at(self._heap[0][0] if self._heap else inf):
                await self._sooner.wait()
            self._call(trio.current_time())

    def _call(self, now: float) -> None:
        while self._heap and (self._heap[0][0] <= now or self._heap[0][2].callback is None):
            timer = heapq.heappop(self._heap)[2]
            callback, timer.callback = timer.callback, None
            if callback is None:
                self._cancelled -= 1
                continue
            try:
                callback()
            except Exception as error:
                structlog.get_logger("realtime").error("timer_failed", exc_info=error)
