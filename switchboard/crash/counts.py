"""How much was checked, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from switchboard.crash.checks import Check
from switchboard.crash.facts import Facts
from switchboard.crash.findings import Finding
from switchboard.crash.ledger import Ledger, Operation


@dataclass
class Counts:
    """What was checked."""

    checks: int = 0
    acknowledged: int = 0
    refused: int = 0
    unknown: int = 0
    """Operations of which an attempt had no answer, or a 503."""
    happened: int = 0
    """Of these, those that had happened by such an attempt."""
    gigs: int = 0
    entries: int = 0
    findings: list[Finding] = field(default_factory=list)


def sum_up(counts: Counts, ledger: Ledger, check: Check, found: Facts) -> None:
    """Counts what a check of everything has looked at."""
    requested = {one.gig for one in ledger.operations if one.call == "request"}
    gigs = {address.id for address in check.histories if address.kind == "gig"}
    counts.gigs = len(gigs)
    counts.entries = sum(len(one.moments) for one in check.histories.values())
    for operation in ledger.operations:
        if operation.call == "map":
            continue  # A sign of life promises nothing.
        counts.acknowledged += operation.acknowledged is not None
        counts.refused += any(one.outcome == "refused" for one in operation.attempts)
        if operation.uncertain and (operation.effects or operation.call == "register"):
            counts.unknown += 1
            counts.happened += _happened(operation, check, found)
    # Of a request without an answer nobody knows the gig; its operation is one of the unknown ones.
    made = (one for one in check.histories.values() if one.stored.address.id not in requested)
    counts.happened += sum(
        one.stored.address.kind == "gig" and one.state is not None for one in made
    )


def _happened(operation: Operation, check: Check, found: Facts) -> bool:
    """Whether an operation came about by an attempt of which nobody was told so."""
    if operation.call == "register":
        return operation.acknowledged is None and operation.account in found.identities
    told = {one.request for one in operation.attempts if one.outcome == "acknowledged"}
    return any(moment.entry.caused_by not in told for moment in check.moments(operation))
