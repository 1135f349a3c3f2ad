"""What a world leaves behind: its plan, its digest, its numbers; or the story of its violated invariant."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from switchboard.simulations.trace import Trace, Violation, clock_time
from switchboard.store.memory_tables import MemoryDatabase


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Everything that determines a world."""

    seed: int
    people: int = 40
    hours: float = 6.0
    scenario: str = "everyday"

    @property
    def command(self) -> str:
        """What runs the same world again."""
        words = ["switchboard", "simulate", "--seed", str(self.seed), "--people", str(self.people)]
        words += ["--hours", f"{self.hours:g}", "--scenario", self.scenario]
        return shlex.join(words)


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """One world that came to its end with every invariant intact."""

    plan: Plan
    digest: str
    """Of all journals: the same plan gives the same digest in every process."""
    gigs: Mapping[str, int]
    """By final status."""
    late_timers: int
    """Deadlines more than 100 ms late, as the supervision log counts them."""
    latest_milliseconds: int
    """The latest deadline, counted from when nothing was in its way any more."""
    locks: int
    """Parties that were locked for a missing rating."""
    refusals: Mapping[str, int]
    """Calls that were not answered with a state, by the class of the error."""
    operations: int
    """Calls of people and of the back office."""
    commits: int
    """Turns that were committed."""
    restarts: int
    outages: int
    lost_answers: int
    simulated_seconds: float
    wall_seconds: float


def digest(database: MemoryDatabase) -> str:
    """Of every entry of every journal, in the order in which the sessions came to be."""
    hashed = hashlib.sha256()
    for address in database.sessions:
        for entry in database.journal.get(address, ()):
            fields = (*address, entry.version, entry.name, entry.format, entry.at, entry.by)
            hashed.update(repr((*fields, entry.caused_by, entry.body)).encode())
    return hashed.hexdigest()


def story(plan: Plan, violation: Violation, database: MemoryDatabase, trace: Trace) -> Violation:
    """The violation with the journals of the sessions involved, the latest trace, and how to see it again."""
    lines = [str(violation), "", f"replay: {plan.command}"]
    for address in violation.about:
        lines += ["", f"journal of {address.kind} {address.id}:"]
        for entry in database.journal.get(address, ()):
            at = f"{entry.version:4} {clock_time(entry.at)}"
            lines.append(f"{at}  {entry.name} by {entry.by} because of {entry.caused_by}")
    lines += ["", "trace:", *trace.about(address.id for address in violation.about)]
    told = Violation(violation.rule, "\n".join(lines).partition(": ")[2], violation.about)
    told.__cause__ = violation.__cause__
    return told
