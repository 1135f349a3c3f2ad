"""What a sitting leaves behind: ``report.md``, charts, and a table on the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from benchmarks.charts import charts
from benchmarks.probe import Probed
from benchmarks.results import Results
from benchmarks.tables import FIGURES, Table, tables

HEAD = (
    "# Switchboard and its peers, side by side\n\n"
    "One machine, one Postgres with fsync on, one load generator, turn about. Only figures of one sitting can be "
    "compared.\n"
)


def report(results: Results, folder: Path, console: Console) -> None:
    """Writes everything into ``folder`` and shows the tables."""
    made = tables(results)
    parts = [HEAD, *(table.markdown() for table in made)]
    for chart in charts(results):
        (folder / f"{chart.name}.svg").write_text(chart.svg())
        parts.append(f"![{chart.title}]({chart.name}.svg)\n")
    (folder / "report.md").write_text("\n".join(parts))
    for table in made:
        # With ranges the figures are wider than a terminal.
        if table.title != FIGURES:
            table.show(console)
    console.print(f"{folder}/report.md, results.jsonl and charts", markup=False, soft_wrap=True)


def show_probed(found: Sequence[Probed], settings: Mapping[str, str], console: Console) -> None:
    """A table of what ``probe`` has found."""
    columns = [
        "server",
        "",
        "delivered and committed",
        "while locked out",
        "answered and committed",
    ]
    rows = [[one.server, "", one.delivered, one.early, one.answered] for one in found]
    said = ", ".join(f"{name} {value}" for name, value in settings.items())
    Table(f"Committed before it is told? ({said})", "", columns, rows).show(console)
