"""Deadlines: each fires once, never early on the engine's clock, and not later than the scenario's bound."""

from __future__ import annotations

from collections.abc import Callable

from switchboard.engine.clock import Instant
from switchboard.engine.ports import JournalEntry
from switchboard.engine.runtime.draft import DEADLINE
from switchboard.engine.sessions import Address, Deadline
from switchboard.simulations.checkers.shadows import Shadow
from switchboard.simulations.faults import Weather
from switchboard.simulations.scenarios import Scenario
from switchboard.simulations.trace import Violation

ONCE = "every deadline fires once"
EARLY = "no deadline fires early"
LATE = "no deadline fires late"
STUCK = "nothing is stuck past its deadline"
OVERTAKEN = "what is due fires before anything else is decided"


class Timers:
    """Judges deadlines by the shadow's own, and by the signs of life that people know to have been taken."""

    def __init__(self, scenario: Scenario, weather: Weather, now: Callable[[], Instant]) -> None:
        self._late_most = scenario.timer_late_most
        self._weather = weather
        self._now = now
        self.ready_at: Instant | None = None
        """Since when the engine has been ready; None while it is not."""
        self.latest = 0
        """The latest that a deadline has fired, in milliseconds after it could."""
        self._signs: dict[tuple[Address, str], Instant] = {}

    def sign(self, address: Address, account: str, at: Instant) -> None:
        """The engine has answered a sign of life that was given at that instant or later."""
        self._signs[address, account] = at

    def before(self, shadow: Shadow, entry: JournalEntry) -> None:
        """Judges an entry that is about to be folded. Raises: Violation."""
        deadline = shadow.deadline
        if entry.by == DEADLINE:
            self._fires(shadow, deadline, entry)
        elif deadline is not None and deadline.at <= entry.at and not shadow.watched:
            seen = f"{entry.name} at {entry.at}, due since {deadline.at}"
            raise Violation(OVERTAKEN, f"{shadow.address}: {seen}", [shadow.address])

    def _fires(self, shadow: Shadow, deadline: Deadline | None, entry: JournalEntry) -> None:
        address, about = shadow.address, [shadow.address]
        if deadline is None:
            raise Violation(ONCE, f"{address}: {entry.name} without a deadline", about)
        if (shadow.state.phase, deadline.at) in shadow.fired:
            raise Violation(ONCE, f"{address}: {entry.name} again for {deadline.at}", about)
        shadow.fired.add((shadow.state.phase, deadline.at))
        early = deadline.at - min(entry.at, self._now())
        if early > 0:
            raise Violation(EARLY, f"{address}: {entry.name} {early} ms early", about)
        self._heard(shadow, entry)
        late = entry.at - self._could_since(deadline.at)
        self.latest = max(self.latest, late)
        if late > self._late_most:
            raise Violation(LATE, f"{address}: {entry.name} {late} ms late", about)

    def _heard(self, shadow: Shadow, entry: JournalEntry) -> None:
        """No watchdog ends what people know to have been heard of within its time."""
        if not shadow.watched:
            return
        state = shadow.state
        if shadow.address.kind == "gig":
            if entry.name == "GigPurchased":
                return  # The longest stream, whoever was heard.
            accounts, patience = [state.customer, state.operator], state.terms.watchdog
        else:
            accounts, patience = [state.id], state.timeout
        for account in accounts:
            sign = self._signs.get((shadow.address, account))
            if sign is not None and entry.at < sign + patience:
                seen = f"{entry.name} {entry.at - sign} ms after {account} was heard"
                raise Violation(EARLY, f"{shadow.address}: {seen}", [shadow.address])

    def _could_since(self, due: Instant) -> Instant:
        """Since when nothing was in the deadline's way."""
        return max(due, self.ready_at or 0, self._weather.fair_since)

    def overdue(self, shadow: Shadow) -> None:
        """Judges a session that has not acted. Raises: Violation."""
        deadline = shadow.deadline
        if deadline is None or self.ready_at is None or self._weather.down:
            return
        waited = self._now() - self._could_since(deadline.at)
        if waited > self._late_most:
            seen = f"{shadow.address} is {shadow.state.phase!r}, due {waited} ms ago"
            raise Violation(STUCK, seen, [shadow.address])
