"""Results as charts: SVG files that follow the reader's light or dark background."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import NamedTuple

from benchmarks.load import Load
from benchmarks.measures import memory, p99, postgres_cpu, rate, server_cpu
from benchmarks.results import Results, Spread, spread
from benchmarks.servers import OURS
from benchmarks.tables import number

WIDTH, LABELS, BARS, ROW, GAP, HEAD = 760, 150, 450, 22, 30, 60
"""Pixels: of the picture, the names, the longest bar, one bar, between two groups, above the first one."""

STYLE = """
.text{fill:#1f2328;font:13px system-ui,sans-serif}.head{font-weight:600;font-size:16px}.group{font-weight:600}
.quiet{fill:#59636e}.ours{fill:#0969da}.peer{fill:#8c959f}.second{opacity:.45}
.range{stroke:#1f2328;stroke-width:1.5}
@media (prefers-color-scheme:dark){.text{fill:#f0f6fc}.quiet{fill:#9198a1}.ours{fill:#4493f8}.peer{fill:#6e7681}
.range{stroke:#f0f6fc}}
"""


class Bar(NamedTuple):
    """One server in one group. The parts stand one after the other; the range is that of their sum."""

    name: str
    ours: bool
    parts: Sequence[float]
    range: Spread


class Group(NamedTuple):
    """One workload: bars of one scale."""

    title: str
    bars: Sequence[Bar]


class Chart(NamedTuple):
    """A picture."""

    name: str
    """Of its file."""
    title: str
    note: str
    groups: Sequence[Group]

    def svg(self) -> str:
        """The file's content."""
        parts, y = [], HEAD
        for group in self.groups:
            parts.append(_text(0, y + 14, group.title, "text group"))
            y += ROW
            scale = BARS / max(bar.range.high for bar in group.bars)
            for bar in group.bars:
                parts.append(_bar(bar, y, scale))
                y += ROW
            y += GAP - ROW // 2
        title, note = escape(self.title), escape(self.note)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {WIDTH} {y}" '
            f'width="{WIDTH}" height="{y}"><title>{title}</title><desc>{note}</desc>'
            f"<style>{STYLE}</style>"
            + _text(0, 18, self.title, "text head")
            + _text(0, 38, self.note, "text quiet")
            + "".join(parts)
            + "</svg>\n"
        )


def _text(x: float, y: float, text: str, kind: str) -> str:
    return f'<text x="{x:g}" y="{y:g}" class="{kind}">{escape(text)}</text>'


def _bar(bar: Bar, y: float, scale: float) -> str:
    kind, x = "ours" if bar.ours else "peer", float(LABELS)
    drawn = [_text(0, y + 14, bar.name, "text")]
    for place, part in enumerate(bar.parts):
        width, second = part * scale, " second" if place else ""
        drawn.append(
            f'<rect x="{x:.1f}" y="{y + 3:g}" width="{width:.1f}" height="{ROW - 7}" '
            f'class="{kind}{second}"/>'
        )
        x += width
    low, high = LABELS + bar.range.low * scale, LABELS + bar.range.high * scale
    middle = y + ROW / 2 - 0.5
    if bar.range.low < bar.range.high:
        drawn.append(
            f'<path d="M{low:.1f} {middle:g}H{high:.1f}M{low:.1f} {middle - 4:g}v8'
            f'M{high:.1f} {middle - 4:g}v8" class="range" fill="none"/>'
        )
    drawn.append(_text(max(x, high) + 8, y + 14, number(sum(bar.parts)), "text quiet"))
    return "".join(drawn)


Value = Callable[[Load], float]


def _groups(results: Results, kinds: tuple[str, ...], values: Sequence[Value]) -> list[Group]:
    groups = []
    for workload in results.workloads:
        if not workload.startswith(kinds):
            continue
        bars = []
        for server in results.servers(workload):
            loads = [one.load for one in results.loads(workload, server) if one.load is not None]
            if not loads:
                continue
            sums = spread([sum(value(load) for value in values) for load in loads])
            parts = [spread([value(load) for load in loads]).middle for value in values]
            if sums.high > 0:
                bars.append(Bar(results.titles[server], server.startswith(OURS), parts, sums))
        if bars:
            groups.append(Group(workload, bars))
    return groups


def charts(results: Results) -> list[Chart]:
    """Those for which something was measured."""
    everything = ("W1", "W2", "W3", "W4")
    some = [
        Chart(
            "throughput",
            "Throughput: more is better",
            "deliveries (W1, W2) or requests (W3, W4) a second; medians and ranges",
            _groups(results, everything, [rate]),
        ),
        Chart(
            "cpu",
            "CPU: less is better",
            "microseconds for each delivery or request: the server's, and paler Postgres'",
            _groups(results, everything, [server_cpu, postgres_cpu]),
        ),
        Chart(
            "p99",
            "The slowest in a hundred: less is better",
            "milliseconds from the sending to the receipt or answer",
            _groups(results, everything, [p99]),
        ),
        Chart(
            "memory",
            "Memory: less is better",
            "kB for each idle connection",
            _groups(results, ("W5",), [memory]),
        ),
    ]
    return [chart for chart in some if chart.groups]
