"""Wakes sessions that are not in memory shortly before their deadlines."""

from __future__ import annotations

from collections.abc import Callable

import trio

from switchboard.engine.clock import Instant
from switchboard.engine.errors import Unavailable
from switchboard.engine.runtime.services import Runtime
from switchboard.engine.sessions.kind import Address

PAGE = 500
"""Deadlines looked up at once: a few milliseconds of the database, and of loading."""

RETRY_SECONDS = 0.5
"""After an outage the deadlines are looked up again soon: everything due meanwhile waits for it."""


class Alarms:
    """Scans the stored deadlines, oldest first, and activates what is due within the look-ahead.

    An activated session arms its own timer (``deadline`` of its state); one that is in memory is left alone.
    """

    def __init__(
        self, runtime: Runtime, active: Callable[[Address], bool], wake: Callable[[Address], None]
    ) -> None:
        self._runtime = runtime
        self._active = active
        self._wake = wake

    async def run(self) -> None:
        """Scans at once and then every period, until cancelled."""
        capacity = self._runtime.capacity
        while True:
            try:
                await self.scan()
            except Unavailable as error:
                self._runtime.log.event("alarms_failed", error=repr(error))
                await trio.sleep(RETRY_SECONDS)
            else:
                await trio.sleep(capacity.alarm_period_seconds)

    async def scan(self) -> int:
        """Activates every session that is due within the look-ahead; returns how many were not in memory."""
        ahead = int(self._runtime.capacity.alarm_ahead_seconds * 1000)
        before, after, woken = self._runtime.clock.now() + ahead, None, 0
        while True:
            page = await self._runtime.sessions.due(before, PAGE, after)
            for address, _ in page:
                if not self._active(address):
                    self._wake(address)
                    woken += 1
            if len(page) < PAGE:
                return woken
            after = _last(page[-1])


def _last(row: tuple[Address, Instant]) -> tuple[Instant, Address]:
    return row[1], row[0]
