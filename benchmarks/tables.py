"""Results as tables: the same rows on the terminal and in Markdown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from rich.console import Console
from rich.table import Table as RichTable

from benchmarks.load import Load
from benchmarks.measures import (
    TARGETS,
    memory,
    p50,
    p99,
    postgres_cpu,
    rate,
    server_cpu,
    total_cpu,
)
from benchmarks.results import Results, Spread
from benchmarks.servers import OURS

FIGURES = "Figures"

MILLION = 1e6
"""Microseconds in a second; kilobytes in a gigabyte."""


class Table(NamedTuple):
    """Cells as text."""

    title: str
    note: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def markdown(self) -> str:
        """As GitHub shows it: words to the left, numbers to the right."""
        rule = ["---" if place < 2 else "---:" for place in range(len(self.columns))]
        lines = [self.columns, rule, *self.rows]
        body = "\n".join("| " + " | ".join(line) + " |" for line in lines)
        return f"## {self.title}\n\n{self.note}\n\n{body}\n"

    def show(self, console: Console) -> None:
        """On the terminal."""
        table = RichTable(title=self.title, box=None, padding=(0, 1, 0, 0))
        for place, column in enumerate(self.columns):
            table.add_column(column, justify="left" if place < 2 else "right")
        for row in self.rows:
            table.add_row(*row)
        console.print(table)


def number(value: float) -> str:
    """Three digits that count, none after the point from 100 on."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def shown(found: Spread | None) -> str:
    """The median, and the range if there is one."""
    if found is None:
        return ""
    if found.low == found.high:
        return number(found.middle)
    return f"{number(found.middle)} ({number(found.low)}-{number(found.high)})"


COLUMNS: tuple[tuple[str, Callable[[Load], float]], ...] = (
    ("a second", rate),
    ("p50 ms", p50),
    ("p99 ms", p99),
    ("server us", server_cpu),
    ("Postgres us", postgres_cpu),
    ("total us", total_cpu),
)


def figures(results: Results) -> Table:
    """Every server in every workload but the idle ones."""
    rows = []
    for workload in results.workloads:
        for server in results.servers(workload):
            if results.of(workload, server, rate) in (None, (0, 0, 0)):
                continue
            cells = [shown(results.of(workload, server, value)) for _, value in COLUMNS]
            rows.append(
                [workload, results.titles[server], *cells, remarks(results, workload, server)]
            )
    columns = ["workload", "server", *(title for title, _ in COLUMNS), "remarks"]
    note = (
        "Medians (lowest to highest). W1 and W2 count deliveries to one member each, W3 and W4 requests; "
        "CPU is in microseconds for each of them."
    )
    return Table(FIGURES, note, columns, rows)


def remarks(results: Results, workload: str, server: str) -> str:
    """What a reader must know of these figures."""
    loads = [one.load for one in results.loads(workload, server) if one.load is not None]
    said = []
    for name, count in (
        ("lost", sum(one.lost for one in loads)),
        ("twice", sum(one.dup for one in loads)),
        ("errors", sum(one.errors for one in loads)),
    ):
        if count:
            said.append(f"{name}: {count}")
    if any(one.fifo_bad for one in loads):
        said.append("overtaking")
    if any(one.same_order is False for one in loads):
        said.append("no common order")
    if failures := results.failures(workload, server):
        said.append(f"failed: {len(failures)}")
    if results.noisy(workload, server):
        said.append("noisy")
    return ", ".join(said)


def idle(results: Results) -> Table:
    """What a connection weighs."""
    rows = []
    for workload in results.workloads:
        for server in results.servers(workload):
            found = results.of(workload, server, memory)
            if found is not None and found.middle:
                total = results.of(workload, server, lambda load: load.rss_mb)
                rows.append([workload, results.titles[server], shown(found), shown(total)])
    note = "Growth of the server's resident memory; in all at the end."
    return Table("Idle connections", note, ["workload", "server", "kB each", "MB in all"], rows)


def beside(results: Results) -> Table:
    """Switchboard as a multiple of each peer."""
    rows = []
    for workload in results.workloads:
        for server in results.servers(workload):
            if server.startswith(OURS):
                continue
            ratios = [
                results.ratio(workload, OURS, server, value)
                for value in (rate, total_cpu, p99, memory)
            ]
            if any(ratios):
                rows.append([workload, results.titles[server], *map(shown, ratios)])
    columns = ["workload", "peer", "throughput", "total CPU", "p99", "memory"]
    note = (
        "Switchboard's figure as a multiple of the peer's, of loads that ran one right after the other: "
        "median (lowest to highest). More throughput is better, less of all else."
    )
    return Table("Switchboard beside each peer", note, columns, rows)


def targets(results: Results) -> Table:
    """What is promised and hoped for, and whether it was reached."""
    rows = []
    for target in TARGETS:
        found = target.reached(results)
        if found is None:
            continue
        measured, reached = found
        kind = "aim" if target.aim else "target"
        verdict = "yes" if reached else "no"
        rows.append(
            [target.workload, target.what, f"{kind}: {target.bound}", shown(measured), verdict]
        )
    columns = ["workload", "measure", "bound", "measured", "reached"]
    return Table("Targets", "Of the medians.", columns, rows)


def sizing(results: Results) -> Table:
    """What Switchboard's figures mean for the size of a machine."""
    rows = []
    for workload in results.workloads:
        server, database, each = (
            results.of(workload, OURS, value) for value in (server_cpu, postgres_cpu, memory)
        )
        if server is not None and server.middle:
            stored = number(MILLION / database.middle) if database and database.middle else ""
            rows.append(
                [workload, "deliveries or requests", number(MILLION / server.middle), stored]
            )
        elif each is not None and each.middle:
            rows.append([workload, "connections a GB", number(MILLION / each.middle), ""])
    columns = ["workload", "what", "a core of the server", "a core of Postgres"]
    note = (
        "What one core carries a second if it does nothing else, from the medians of CPU in this sitting; a "
        "machine that others use makes each of them dearer. Plan with half of it."
    )
    return Table("Sizing", note, columns, rows)


def tables(results: Results) -> list[Table]:
    """All that have rows."""
    return [
        one
        for one in (make(results) for make in (beside, figures, idle, targets, sizing))
        if one.rows
    ]
