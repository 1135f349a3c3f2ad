"""How often people may try: counted in the store, so that a restart resets nothing."""

from __future__ import annotations

from dataclasses import dataclass

from switchboard.engine.clock import Clock, Milliseconds
from switchboard.engine.errors import LimitExceeded
from switchboard.engine.records import Limits

HALF_HOUR: Milliseconds = 30 * 60_000
"""The window of the dropin contract for codes; taken for passwords too, so that there is one figure to explain."""


@dataclass(frozen=True, slots=True)
class Quota:
    """So many tries a window."""

    most: int
    window: Milliseconds = HALF_HOUR


@dataclass(frozen=True, kw_only=True, slots=True)
class Quotas:
    """Every limit on what strangers may do; each may be set. An office shares one address: those are wide."""

    sends_per_identity: Quota = Quota(5)
    """The dropin contract's figure."""
    tries_per_identity: Quota = Quota(5)
    """The dropin contract's figure."""
    passwords_per_identity: Quota = Quota(10)
    """Ten guesses in half an hour are no attack, and a person who forgot has given up by then."""
    sends_per_address: Quota = Quota(100)
    tries_per_address: Quota = Quota(100)
    passwords_per_address: Quota = Quota(100)
    registrations_per_address: Quota = Quota(100)
    requests_per_address: Quota = Quota(1_000)
    """A page asks again every 30 s while nobody is online, 60 times a window: sixteen visitors behind one address."""
    requests_per_organization: Quota = Quota(10_000)
    """Five requests a second for half an hour: more than any organization's dealers could take."""
    leads_per_address: Quota = Quota(100)
    client_tokens_per_address: Quota = Quota(1_000)
    """A client of ally takes one an hour: an office of hundreds behind one address."""
    logs_per_address: Quota = Quota(10_000)
    """Five lines a second for half an hour: more than any phone's bad day."""
    pushes_per_account: Quota = Quota(1_000)
    """One every two seconds for half an hour."""
    rooms_per_address: Quota = Quota(1_000)
    """A widget looks for its room whenever a page is loaded: an office of thirty that each load one a minute."""


class Counter:
    """Counts tries against a quota."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock

    async def count(self, scope: str, key: str, quota: Quota) -> None:
        """Counts one try. Raises: LimitExceeded if it is one too many; StoreDown."""
        wait = await self._limits.hit(scope, key, self._clock.now(), quota.window, quota.most)
        if wait is not None:
            raise LimitExceeded(wait)
