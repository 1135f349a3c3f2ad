"""Shows how costs grow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

from rich.console import Console
from rich.table import Table

from switchboard.bench.growth import Cost, Size

VALUES: tuple[tuple[str, float, Callable[[Cost], float]], ...] = (
    ("CPU", 0.0, lambda one: one.process_microseconds),
    ("Postgres", 5.0, lambda one: one.postgres_microseconds),
    ("time", 0.0, lambda one: one.microseconds),
)
"""What it is, microseconds below which it is nothing of the operation's own, and the value."""


def show_growth(costs: Sequence[Cost], console: Console) -> None:
    """A table of medians: microseconds at the smallest size, and for each other size the ratios to it; it fits into
    80 columns."""
    smallest, *others = dict.fromkeys(Size(one.live, one.stored) for one in costs)
    table = Table(title="medians, and ratios to the first", box=None, padding=(0, 1, 0, 0))
    table.add_column("", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column(f"{smallest.live:,}\nlive, us", justify="right", no_wrap=True)
    for size in others:
        table.add_column(_title(size, smallest), justify="right", no_wrap=True)
    for operation in dict.fromkeys(one.operation for one in costs):
        some = [one for one in costs if one.operation == operation]
        for title, (what, least, value) in zip((operation, "", ""), VALUES, strict=True):
            first = [value(one) for one in _of(some, smallest)]
            ratios = (
                _ratio(first, [value(one) for one in _of(some, size)], least) for size in others
            )
            table.add_row(title, what, f"{median(first):,.1f}", *ratios)
    console.print(table)
    for size in (smallest, *others):
        longest = max(one.pause_milliseconds for one in _of(costs, size))
        named = " ".join(_title(size, smallest).split())
        console.print(f"longest pause for garbage, {named}: {longest:,.0f} ms")


def _title(size: Size, smallest: Size) -> str:
    if size.live != smallest.live or size == smallest:
        return f"{size.live:,}\nlive"
    return f"{size.stored:,}\nstored"


def _of(costs: Sequence[Cost], size: Size) -> list[Cost]:
    return [one for one in costs if (one.live, one.stored) == size]


def _ratio(first: Sequence[float], others: Sequence[float], least: float) -> str:
    """The median, of those that were measured one after the other."""
    if max(*first, *others) < least:
        return "-"
    ratios = [other / one for one, other in zip(first, others, strict=True) if one > 0]
    return f"{median(ratios):.2f}" if ratios else "-"
