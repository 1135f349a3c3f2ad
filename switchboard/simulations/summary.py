"""What is shown of worlds that came to their end: one in detail, or many together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from rich.table import Table

from switchboard.simulations.report import Report

WORST = "latest timer"
"""The one count of which the largest is of interest, not the sum; in milliseconds."""


class Totals:
    """Adds worlds up as they come."""

    def __init__(self) -> None:
        self.worlds = 0
        self.simulated_seconds = 0.0
        self.world_seconds = 0.0
        """Spent in worlds, in all processes together."""
        self.counts = Counter[str]()
        self.heard = Counter[str]()
        self.faults = Counter[str]()
        """In how many worlds each was on."""

    def add(self, report: Report) -> None:
        """One more world."""
        worst = max(self.counts[WORST], report.counts.get(WORST, 0))
        self.worlds += 1
        self.simulated_seconds += report.simulated_seconds
        self.world_seconds += report.wall_seconds
        self.counts.update(report.counts)
        self.counts[WORST] = worst
        self.heard.update(report.refusals)
        self.faults.update(report.faults)


def one_world(report: Report) -> Table:
    """Everything about one."""
    table = _table(report.plan.command)
    table.add_row("faults", ", ".join(report.faults) or "none")
    _counts(table, report.counts)
    _heard(table, report.refusals)
    table.add_row("simulated hours", f"{report.simulated_seconds / 3600:.1f}")
    table.add_row("wall seconds", f"{report.wall_seconds:.1f}")
    table.add_row("digest", report.digest)
    return table


def many_worlds(totals: Totals, seeds: Sequence[int], wall_seconds: float, *, twice: bool) -> Table:
    """The sums of all of them."""
    title = f"seeds {seeds[0]} to {seeds[-1]}: every invariant holds"
    table = _table(title + (", each digest twice the same" if twice else ""))
    table.add_row("worlds", f"{totals.worlds:,}")
    table.add_row("worlds/min", f"{totals.worlds / wall_seconds * 60:,.0f}")
    table.add_row("simulated hours", f"{totals.simulated_seconds / 3600:,.1f}")
    table.add_row("wall seconds", f"{wall_seconds:,.1f}")
    faults = (f"{name} in {worlds:,}" for name, worlds in totals.faults.items())
    table.add_row("faults", ", ".join(faults) or "none")
    _counts(table, totals.counts)
    _heard(table, totals.heard)
    return table


def _table(title: str) -> Table:
    table = Table(title=title, show_header=False, title_justify="left")
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    return table


def _counts(table: Table, counts: Mapping[str, int]) -> None:
    for name, count in counts.items():
        if not name.startswith("gigs "):
            table.add_row(f"{name}, ms" if name == WORST else name, f"{count:,}")
    for name, count in _largest_first(counts):
        if name.startswith("gigs "):
            table.add_row(name, f"{count:,}")


def _heard(table: Table, heard: Mapping[str, int]) -> None:
    for name, count in _largest_first(heard):
        table.add_row(f"heard {name}", f"{count:,}")


def _largest_first(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
