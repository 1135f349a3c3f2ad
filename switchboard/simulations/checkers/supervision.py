"""Crashes: only of sessions that have a planted bug, each restarted or put into quarantine, never without end."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

import trio

from switchboard.engine.clock import Instant
from switchboard.engine.errors import SessionCrashed
from switchboard.engine.ports import Capacity
from switchboard.engine.runtime.breaker import BREAKER_SECONDS
from switchboard.engine.sessions import Address
from switchboard.simulations.checkers.callers import Callers
from switchboard.simulations.checkers.names import BREAKER, CRASHES, LOOP, ONE_ACTOR, STILL
from switchboard.simulations.checkers.shadows import Shadows
from switchboard.simulations.faults.bugs import PlantedBug
from switchboard.simulations.trace import Violation
from switchboard.store.memory_tables import MemoryDatabase

NEVER = frozenset({"session_stopped"})
"""Events of the supervision log that nobody in a world gives cause for."""

RELOADS = frozenset({"commit_settled", "session_stale", "session_crashed", "session_released"})
"""Events after which a session is loaded again, and the signs of life that were not stored are gone. It will count its
silence from the engine's start or later: what it then knows is observed when it has been loaded."""

PLANTED = PlantedBug.__name__


class Supervision:
    """Follows the supervision log of the engine that runs."""

    def __init__(
        self,
        shadows: Shadows,
        capacity: Capacity,
        database: MemoryDatabase,
        callers: Callers,
    ) -> None:
        self._shadows = shadows
        self._callers = callers
        self._capacity = capacity
        self._database = database
        self._ready_at: Instant = 0
        self._recent: dict[Address, list[float]] = {}
        """When a session has crashed in this engine's life."""
        self._entered: dict[str, deque[float]] = {}
        """Kind -> when its latest sessions went into quarantine in this engine's life."""
        self._incidents: set[str] = set()
        self.crashes = 0
        self.quarantines = 0
        self.releases = 0

    def logged(self, event: Mapping[str, Any]) -> None:
        """Judges one event. Raises: Violation."""
        name = event["event"]
        address = Address(event["kind"], event["id"]) if "id" in event else None
        about = [] if address is None else [address]
        if name in NEVER or (name == "reaction_failed" and event.get("final")):
            self._unless_planted(event, about)
        if address is None or address.kind not in self._shadows.casts:
            return
        match name:
            case "session_crashed":
                self._unless_planted(event, about)
                self._callers.crashed(address, event["message"], event["incident"])
                if address in self._database.quarantine:
                    raise Violation(STILL, f"{address} crashes: {event['message']}", about)
                self._crashed(address)
            case "session_stale":
                raise Violation(ONE_ACTOR, f"somebody else has written {address}", about)
            case "breaker_open":
                self._recent.pop(address, None)
                self._shadows.troubled(address, BREAKER_SECONDS)
            case "session_quarantined":
                self.quarantines += 1
                self._admitted(address)
                self._recent.pop(address, None)
                self._shadows.in_quarantine(address)
            case "session_released":
                self.releases += 1
                self._recent.pop(address, None)
                self._shadows.troubled(address, 0.0)
        if name in RELOADS:
            self._shadows[address].reload(self._database.stored(address), self._ready_at)

    def incident(self, event: Mapping[str, Any]) -> None:
        """Remembers a crash of any engine, so that its caller may have heard of it."""
        if event["event"] == "session_crashed" and PLANTED in str(event["traceback"]):
            self._incidents.add(str(event["incident"]))

    def answered(self, error: Exception) -> None:
        """A caller heard of a bug. Raises: Violation unless it was planted."""
        planted = isinstance(error, PlantedBug) or (
            isinstance(error, SessionCrashed) and error.incident in self._incidents
        )
        if not planted:
            raise Violation(CRASHES, repr(error))
        if isinstance(error, SessionCrashed):
            self._callers.heard(error.incident)

    def _unless_planted(self, event: Mapping[str, Any], about: list[Address]) -> None:
        text = str(event.get("traceback", "")) + str(event.get("error", ""))
        if PLANTED not in text and "SessionCrashed" not in text:
            raise Violation(CRASHES, str(dict(event)), about)

    def _crashed(self, address: Address) -> None:
        capacity, now = self._capacity, trio.current_time()
        self.crashes += 1
        self._shadows[address].crashed = True
        # Half as much again at the most, for jitter.
        self._shadows.troubled(address, capacity.backoff_most_seconds * 1.5)
        period = capacity.restart_period_seconds
        recent = [at for at in self._recent.get(address, ()) if now - at < period]
        self._recent[address] = [*recent, now]
        # One more than the intensity is the crash for which it is put into quarantine.
        if len(recent) > capacity.restart_intensity:
            seen = f"{address} has crashed {len(recent) + 1} times in {period:.0f} s"
            raise Violation(LOOP, seen, [address])

    def _admitted(self, address: Address) -> None:
        """The breaker of its kind has let a session go into quarantine."""
        now = trio.current_time()
        entered = self._entered.setdefault(address.kind, deque())
        while entered and now - entered[0] >= BREAKER_SECONDS:
            entered.popleft()
        entered.append(now)
        if len(entered) > self._capacity.quarantines_most:
            raise Violation(BREAKER, f"{len(entered)} {address.kind}s in {BREAKER_SECONDS:.0f} s")

    def began(self, at: Instant) -> None:
        """Another engine is ready: it knows of no earlier crash, only of those in quarantine."""
        self._ready_at = at
        self._recent.clear()
        self._entered.clear()
