"""Faults of deadlines: early, late, never, of a phase that was left, or overtaken."""

from __future__ import annotations

import math

from msgspec.structs import replace

from switchboard.engine.ports import Turn
from switchboard.engine.runtime.actor import Actor
from switchboard.engine.runtime.alarms import Alarms
from switchboard.engine.runtime.draft import DEADLINE, Draft
from switchboard.engine.runtime.letter import Letter
from switchboard.engine.sessions import Address, Claim, Context, Deadline
from switchboard.simulations.checkers.names import EARLY, HEADER, LATE, OVERTAKEN, STUCK, TIME
from switchboard.simulations.mutants.mutant import Kinds, in_worlds, with_gig
from switchboard.simulations.mutants.patches import Patches, patched


@in_worlds(EARLY, scenario="fragile")
def forgets_who_was_down(_: Patches) -> Kinds:
    """After a restart the watchdog of a stream counts the downtime."""
    return with_gig(revive=lambda gig, _ready_at: gig)


@in_worlds(EARLY)
def fires_early(patches: Patches) -> None:
    """Every deadline is seen to a second early, and says that it is time."""
    wake_at, fire_due = Actor.wake_at, Draft.fire_due

    def fire_early(self: Draft) -> None:
        self.now += 1000
        self.clock_now += 1000
        fire_due(self)
        self.now -= 1000
        self.clock_now -= 1000

    patches.set(Actor, "wake_at", lambda self: wake_at(self) - 1)
    patches.set(Draft, "fire_due", fire_early)


@in_worlds(STUCK, LATE, OVERTAKEN)
def never_arms_again(patches: Patches) -> None:
    """A session in memory wakes for its first deadline only."""
    wake_at = Actor.wake_at
    first: dict[Address, float] = {}

    def broken(self: Actor) -> float:
        at = wake_at(self)
        if at == math.inf:
            return at
        return at if first.setdefault(self.address, at) == at else math.inf

    patches.set(Actor, "wake_at", broken)


@in_worlds(STUCK)
def never_wakes_sleepers(patches: Patches) -> None:
    """Deadlines of sessions that are not in memory are not looked up."""

    async def scan(_: Alarms) -> int:
        return 0

    patches.set(Alarms, "scan", scan)


@in_worlds(HEADER)
def stores_watchdogs_late(patches: Patches) -> None:
    """The row of a stream has its deadline later than any sign of life allows: the next engine wakes it late."""
    made = Draft.turn

    def turn(self: Draft, expected: int, snapshot_version: int, snapshot_every: int) -> Turn:
        written = made(self, expected, snapshot_version, snapshot_every)
        if written.phase != "streaming" or written.deadline is None:
            return written
        return replace(written, deadline=written.deadline + 60_000)

    patches.set(Draft, "turn", turn)


@in_worlds(TIME)
def never_fires(patches: Patches) -> None:
    """A session wakes at its deadline and does nothing, over and over."""
    patches.set(Draft, "fire_due", lambda _self: None)


@in_worlds(EARLY)
def fires_the_timer_of_a_phase_that_was_left(patches: Patches) -> None:
    """A timer is not taken back with its phase: when its time comes the session's present deadline is decided."""
    fire_due = Draft.fire_due
    armed: dict[Address, Deadline] = {}

    def fire(self: Draft) -> None:
        fire_due(self)
        due = self.deadline()
        if due is None:
            return
        stale = armed.setdefault(self.address, due)
        if stale.at <= self.clock_now:
            del armed[self.address]
            context = Context(now=due.at, by=DEADLINE)
            events = self.kind.decide(self.state, due.command, context)
            self._fold(self.state, events, due.command, DEADLINE, "deadline")

    patches.set(Draft, "fire_due", fire)


@in_worlds(OVERTAKEN, scenario="release", faults=("crash", "lost", "outage"))
def decides_before_what_is_due(patches: Patches) -> None:
    """A command that comes after a deadline and before its timer has run is decided as if it were in time."""
    made = Actor._draft

    def draft(self: Actor, letters: list[Letter], obstacles: dict[Claim, str]) -> Draft:
        if not letters:
            return made(self, letters, obstacles)
        with patched(Draft, "fire_due", lambda _self: None):
            return made(self, letters, obstacles)

    patches.set(Actor, "_draft", draft)
