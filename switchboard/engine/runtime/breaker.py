"""Stops a bad deploy from quarantining thousands: beyond so many quarantines a minute, sessions of a kind only wait."""

from __future__ import annotations

from collections import deque

BREAKER_SECONDS = 60.0
"""The period, as that of the restarts; and how long a session waits that the breaker kept out of quarantine."""


class Breaker:
    """Counts one kind's quarantines. Closed: sessions may be quarantined; open: they wait and are tried again."""

    def __init__(self, most: int, seconds: float = BREAKER_SECONDS) -> None:
        self._most = most
        self.seconds = seconds
        self._quarantines: deque[float] = deque()

    def admits(self, now: float) -> bool:
        """Whether one more session may be quarantined at ``now`` (Trio's clock); counts it if so."""
        while self._quarantines and now - self._quarantines[0] >= self.seconds:
            self._quarantines.popleft()
        if len(self._quarantines) >= self._most:
            return False
        self._quarantines.append(now)
        return True
