"""What a world leaves behind: its digest and its numbers; or the story of its violated invariant."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from switchboard.simulations.plan import Plan
from switchboard.simulations.trace import Trace, Violation, clock_time
from switchboard.store.memory_tables import MemoryDatabase


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """One world that came to its end with every invariant intact."""

    plan: Plan
    digest: str
    """Of everything that was stored and heard: the same plan gives the same digest in every process."""
    faults: tuple[str, ...]
    """Those that were on."""
    counts: Mapping[str, int]
    """By name: what happened, the worst timer, gigs by status (``gigs voted``)."""
    refusals: Mapping[str, int]
    """Calls that were not answered with a state, by the class of the error."""
    simulated_seconds: float
    wall_seconds: float


def digest(database: MemoryDatabase, heard: Mapping[str, int]) -> str:
    """Of every entry of every journal in the order in which the sessions came to be, of claims, notices and tallies,
    and of how often people heard what."""
    hashed = hashlib.sha256()
    for address, row in database.sessions.items():
        hashed.update(repr((address, row)).encode())
        for entry in database.journal.get(address, ()):
            fields = (entry.version, entry.name, entry.format, entry.at, entry.by)
            hashed.update(repr((*fields, entry.caused_by, entry.body)).encode())
    for notices in database.notices.values():
        hashed.update(repr([(one.topic, one.sequence, one.body) for one in notices]).encode())
    rest = (database.claims, database.tallies, sorted(heard.items()))
    hashed.update(repr(rest).encode())
    return hashed.hexdigest()


def story(plan: Plan, violation: Violation, database: MemoryDatabase, trace: Trace) -> Violation:
    """The violation with the journals of the sessions involved, the latest trace, and how to see it again."""
    lines = [str(violation), "", f"faults: {', '.join(plan.active) or 'none'}"]
    lines += [f"replay: {plan.command}"]
    for address in violation.about:
        lines += ["", f"journal of {address.kind} {address.id}:"]
        for entry in database.journal.get(address, ()):
            at = f"{entry.version:4} {clock_time(entry.at)}"
            lines.append(f"{at}  {entry.name} by {entry.by} because of {entry.caused_by}")
    lines += ["", "trace:", *trace.about(address.id for address in violation.about)]
    told = Violation(violation.rule, "\n".join(lines).partition(": ")[2], violation.about)
    told.__cause__ = violation.__cause__
    return told


__all__ = ["Plan", "Report", "digest", "story"]
