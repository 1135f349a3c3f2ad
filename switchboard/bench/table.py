"""Shows what was measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

from rich.console import Console
from rich.table import Table

from switchboard.bench.throughput import Measured

COLUMNS: tuple[tuple[str, int, Callable[[Measured], float]], ...] = (
    ("requests\na second", 0, lambda one: one.requests_a_second),
    ("p50\nms", 1, lambda one: one.p50_milliseconds),
    ("p99\nms", 0, lambda one: one.p99_milliseconds),
    ("server\nus each", 0, lambda one: one.server_microseconds),
    ("Postgres\nus each", 0, lambda one: one.postgres_microseconds),
    ("load's\ncores", 2, lambda one: one.load_cores),
)
"""Title, digits after the point, value. ``us each``: microseconds of CPU a request."""


def show(measured: Sequence[Measured], console: Console) -> None:
    """A table of medians, under each the lowest and the highest; it fits into 80 columns."""
    table = Table(title="medians, and lowest to highest", box=None, padding=(0, 1, 0, 0))
    table.add_column("at\nonce", justify="right")
    table.add_column("", justify="left")
    for title, _, _ in COLUMNS:
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("of bare", justify="right", no_wrap=True)
    for at_once in sorted({one.at_once for one in measured}):
        bare, gigs = (
            [one for one in measured if (one.server, one.at_once) == (server, at_once)]
            for server in ("bare", "gigs")
        )
        _row(table, at_once, bare, None)
        # Those that were measured one right after the other are compared.
        rates = [
            100 * one.requests_a_second / other.requests_a_second
            for one, other in zip(gigs, bare, strict=True)
        ]
        _row(table, at_once, gigs, rates)
    console.print(table)


def _row(
    table: Table, at_once: int, some: Sequence[Measured], rates: Sequence[float] | None
) -> None:
    cells = [_range([value(one) for one in some], digits) for _, digits, value in COLUMNS]
    ratio = "" if rates is None else _range(rates, 0, "%")
    table.add_row(str(at_once), some[0].server, *cells, ratio)


def _range(values: Sequence[float], digits: int, unit: str = "") -> str:
    low, middle, high = min(values), median(values), max(values)
    return f"{middle:.{digits}f}{unit}\n[dim]{low:.{digits}f}-{high:.{digits}f}[/]"
