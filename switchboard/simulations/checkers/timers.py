"""Deadlines: each fires once, never early on the engine's clock, and not later than the scenario's bound."""

from __future__ import annotations

from collections.abc import Callable

import trio

from switchboard.engine.clock import Instant
from switchboard.engine.ports import JournalEntry
from switchboard.engine.runtime.draft import DEADLINE
from switchboard.engine.sessions import Address, Deadline
from switchboard.simulations.checkers.names import DEADLINE_ONCE, EARLY, LATE, OVERTAKEN, STUCK
from switchboard.simulations.checkers.shadows import Shadow
from switchboard.simulations.faults.weather import Weather
from switchboard.simulations.scenarios import Scenario
from switchboard.simulations.trace import Violation


class Timers:
    """Judges deadlines by the shadow's own, and by the signs of life that people know to have been taken.

    Instants are those of the engine that runs; what is in a deadline's way is timed by Trio's clock, which no fault
    moves.
    """

    def __init__(self, scenario: Scenario, weather: Weather, now: Callable[[], Instant]) -> None:
        self._late_most = scenario.timer_late_most
        self._weather = weather
        self._now = now
        self.ready_since: float | None = None
        """Since when, on Trio's clock, the engine has been ready; None while it is not."""
        self.latest = 0
        """The latest that a deadline has fired, in milliseconds after it could."""
        self._signs: dict[tuple[Address, str], float] = {}

    def sign(self, address: Address, account: str, at: float) -> None:
        """The engine has answered a sign of life that was given at that time on Trio's clock, or later."""
        self._signs[address, account] = at

    def before(self, shadow: Shadow, entry: JournalEntry) -> None:
        """Judges an entry that is about to be folded. Raises: Violation."""
        deadline = shadow.deadline
        if entry.by == DEADLINE:
            self._fires(shadow, deadline, entry)
        elif deadline is None or shadow.watched or entry.at <= shadow.latest:
            # An instant that does not go on is that of a session whose clock was set back: it says nothing of the time.
            return
        elif deadline.at <= entry.at:
            seen = f"{entry.name} at {entry.at}, due since {deadline.at}"
            raise Violation(OVERTAKEN, f"{shadow.address}: {seen}", [shadow.address])

    def _fires(self, shadow: Shadow, deadline: Deadline | None, entry: JournalEntry) -> None:
        address, about = shadow.address, [shadow.address]
        if deadline is None:
            seen = f"{address}: {entry.name} without a deadline"
            raise Violation(DEADLINE_ONCE, seen, about)
        if (shadow.state.phase, deadline.at) in shadow.fired:
            seen = f"{address}: {entry.name} again for {deadline.at}"
            raise Violation(DEADLINE_ONCE, seen, about)
        shadow.fired.add((shadow.state.phase, deadline.at))
        # The session's instant may be ahead of the clock, and the clock goes on until the commit.
        fired_at = min(entry.at, self._now())
        early = deadline.at - fired_at
        if early > 0:
            raise Violation(EARLY, f"{address}: {entry.name} {early} ms early", about)
        self._heard(shadow, entry)
        late = min(fired_at - (shadow.due or 0), self._clear_for(shadow))
        self.latest = max(self.latest, late)
        if late > self._late_most:
            raise Violation(LATE, f"{address}: {entry.name} {late} ms late", about)

    def _heard(self, shadow: Shadow, entry: JournalEntry) -> None:
        """No watchdog ends what people know to have been heard of within its time."""
        if not shadow.watched:
            return
        hearing = shadow.cast.hears(shadow.state, entry.name)
        if hearing is None:
            return
        for account in hearing.accounts:
            sign = self._signs.get((shadow.address, account))
            if sign is None:
                continue
            silent = round((trio.current_time() - sign) * 1000)
            # Instants are cut off below a millisecond, at the sign and at the deadline.
            if silent < hearing.patience - 1:
                seen = f"{entry.name} {silent} ms after {account} was heard"
                raise Violation(EARLY, f"{shadow.address}: {seen}", [shadow.address])

    def _clear_for(self, shadow: Shadow) -> int:
        """For how many milliseconds nothing has been in the session's way."""
        since = max(self.ready_since or 0.0, self._weather.fair_since, shadow.clear_since)
        return int(min(max(trio.current_time() - since, 0.0) * 1000, 1e12))

    def overdue(self, shadow: Shadow) -> None:
        """Judges a session that has not acted. Raises: Violation."""
        due = shadow.due
        if due is None or self.ready_since is None or self._weather.down:
            return
        waited = min(self._now() - due, self._clear_for(shadow))
        if waited > self._late_most:
            seen = f"{shadow.address} is {shadow.state.phase!r}, due {waited} ms ago"
            raise Violation(STUCK, seen, [shadow.address])
