"""What the trials come to: a table for people, a struct for programs."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import msgspec
from rich.console import Console
from rich.table import Table

from switchboard.crash.ending import Result

FINDINGS_SHOWN_MOST = 20
"""The first ones tell what is wrong; one fault of ours can make hundreds."""


class Summary(msgspec.Struct, frozen=True):
    """All trials but the negative control, which has figures of its own."""

    seed: int
    faults: dict[str, int]
    """By kind."""
    checks: int
    acknowledged: int
    """Operations that were acknowledged and checked, all of them again at the end."""
    refused: int
    unknown: int
    """Operations of which an answer was lost, or 503."""
    unknown_happened: int
    gigs: int
    entries: int
    """Of all journals, folded again."""
    lost: int
    doubled: int
    other: int
    """Invented entries, contradictions, misconduct."""
    restart_seconds: float | None
    """The median time from the start of the process to ready."""
    stop_seconds_most: float | None
    takeover_seconds: float | None
    """The median, of which the lease is a part."""
    late_answers: int
    findings: list[str]
    control_kills: int
    control_lost: int

    @property
    def good(self) -> bool:
        """Whether nothing was found where nothing may be, and something where something must be."""
        return not self.findings and (self.control_kills == 0 or self.control_lost > 0)


def summary(
    seed: int, results: Sequence[Result], control: Result | None, control_kills: int
) -> Summary:
    """Adds the trials up."""
    findings = [one for result in results for one in result.counts.findings]
    kinds = [one.kind for one in findings]
    restarts = [one for result in results for one in result.restarts]
    stops = [one for result in results for one in result.stops]
    takeovers = [one for result in results for one in result.takeovers]
    faults: dict[str, int] = {}
    for result in results:
        faults |= result.faults
    return Summary(
        seed=seed,
        faults=dict(sorted(faults.items())),
        checks=sum(one.counts.checks for one in results),
        acknowledged=sum(one.counts.acknowledged for one in results),
        refused=sum(one.counts.refused for one in results),
        unknown=sum(one.counts.unknown for one in results),
        unknown_happened=sum(one.counts.happened for one in results),
        gigs=sum(one.counts.gigs for one in results),
        entries=sum(one.counts.entries for one in results),
        lost=kinds.count("lost"),
        doubled=kinds.count("doubled"),
        other=len(kinds) - kinds.count("lost") - kinds.count("doubled"),
        restart_seconds=median(restarts) if restarts else None,
        stop_seconds_most=max(stops) if stops else None,
        takeover_seconds=median(takeovers) if takeovers else None,
        late_answers=sum(one.late_answers for one in results),
        findings=[str(one) for one in findings],
        control_kills=control_kills,
        control_lost=0
        if control is None
        else [one.kind for one in control.counts.findings].count("lost"),
    )


def show(one: Summary, console: Console) -> None:
    """The table, and the first of what was found."""
    table = Table(title=f"seed {one.seed}", show_header=False, box=None, title_justify="left")
    table.add_column(overflow="fold")
    table.add_column(justify="right", no_wrap=True)
    for name, count in one.faults.items():
        table.add_row(name, str(count))
    rows: list[tuple[str, object]] = [
        ("acknowledged operations checked", one.acknowledged),
        ("refusals checked", one.refused),
        ("unknown operations", one.unknown),
        ("  of which had happened", one.unknown_happened),
        ("gigs", one.gigs),
        ("journal entries folded again", one.entries),
        ("lost", one.lost),
        ("doubled", one.doubled),
        ("otherwise wrong", one.other),
    ]
    for name, seconds in (
        ("restart, median s", one.restart_seconds),
        ("longest stop, s", one.stop_seconds_most),
        ("take-over, median s", one.takeover_seconds),
    ):
        if seconds is not None:
            rows.append((name, f"{seconds:.2f}"))
    if one.takeover_seconds is not None:
        rows.append(("answers of thawed engines", one.late_answers))
    if one.control_kills:
        rows.append(
            (f"lost by the negative control in {one.control_kills} kills", one.control_lost)
        )
    for name, value in rows:
        table.add_row(name, str(value))
    console.print(table)
    for finding in one.findings[:FINDINGS_SHOWN_MOST]:
        console.print(finding, style="red", markup=False, soft_wrap=True)
    hidden = len(one.findings) - FINDINGS_SHOWN_MOST
    if hidden > 0:
        console.print(f"and {hidden} more (--json lists all)", style="red")
    if one.control_kills and not one.control_lost:
        console.print("the negative control lost nothing: the trial proves nothing", style="red")
