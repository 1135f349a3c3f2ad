"""``switchboard simulate``: runs worlds, shows how they go, and prints how to see a failing one again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from switchboard.simulations.report import Plan, Report
from switchboard.simulations.scenarios import SCENARIOS
from switchboard.simulations.trace import Violation
from switchboard.simulations.world import DUSK_SECONDS
from switchboard.simulations.world import simulate as run_world

PEOPLE_MOST = 10_000
HOURS_MOST = 24 * 7.0
"""Bounds of what the memory store and one core can do in minutes."""


@click.command(epilog=" ".join(f"{one.name}: {one.about}." for one in SCENARIOS.values()))
@click.option("--seed", type=int, default=1, show_default=True, help="Determines everything.")
@click.option(
    "--people", type=click.IntRange(2, PEOPLE_MOST), default=40, show_default=True, help="How many."
)
@click.option(
    "--hours",
    type=click.FloatRange(0.0, HOURS_MOST, min_open=True),
    default=6.0,
    show_default=True,
    help="Simulated hours in which they do something.",
)
@click.option(
    "--scenario",
    type=click.Choice(list(SCENARIOS)),
    default="everyday",
    show_default=True,
    help="The kind of day.",
)
@click.option(
    "--worlds",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Run so many, with this seed and the following ones.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a world.")
@click.pass_context
def simulate(
    context: click.Context,
    seed: int,
    people: int,
    hours: float,
    scenario: str,
    worlds: int,
    as_json: bool,
) -> None:
    """Run people and faults under virtual time.

    Customers and operators go through the real runtime and dispatch on the store in memory, while the invariants are
    checked at every commit and every answer. The same seed gives the same digest. A violated invariant ends the run
    with its trace and the command that replays it, status 1.
    """
    console = Console(stderr=True)
    reports: list[Report] = []
    for number in range(seed, seed + worlds):
        plan = Plan(seed=number, people=people, hours=hours, scenario=scenario)
        try:
            reports.append(_run(plan, console))
        except Violation as violation:
            click.echo(str(violation), err=True)
            click.echo(f"\nA violated invariant. Replay it with:\n{plan.command}", err=True)
            context.exit(1)
        if as_json:
            click.echo(json.dumps(asdict(reports[-1])))
    if not as_json:
        Console().print(_one(reports[0]) if worlds == 1 else _many(reports))


def _run(plan: Plan, console: Console) -> Report:
    """One world, with a bar over its simulated time when somebody is there to see it."""
    # Refreshed by hand: the bar's own thread would have no part in the simulation, but needs none either.
    with Progress(
        TextColumn("world {task.description}"),
        BarColumn(),
        TextColumn("{task.fields[hours]:5.1f} h simulated"),
        TimeElapsedColumn(),
        console=console,
        auto_refresh=False,
        transient=True,
        disable=not console.is_terminal,
    ) as bar:
        total = plan.hours * 3600 + DUSK_SECONDS
        task = bar.add_task(str(plan.seed), total=total, hours=0.0)
        shown = 0

        def progress(seconds: float) -> None:
            nonlocal shown
            percent = int(100 * seconds / total)
            if percent > shown:
                shown = percent
                bar.update(task, completed=seconds, hours=seconds / 3600, refresh=True)

        return run_world(plan, progress=progress)


def _one(report: Report) -> Table:
    table = Table(title=report.plan.command, show_header=False, title_justify="left")
    for status, count in _sorted(report.gigs):
        table.add_row(f"gigs {status}", str(count))
    for name, count in _sorted(report.refusals):
        table.add_row(f"heard {name}", str(count))
    for name, value in (
        ("operations", report.operations),
        ("commits", report.commits),
        ("timers late by more than 100 ms", report.late_timers),
        ("latest timer, ms after it could fire", report.latest_milliseconds),
        ("locks", report.locks),
        ("engine restarts", report.restarts),
        ("outages of the database", report.outages),
        ("lost answers", report.lost_answers),
        ("simulated hours", f"{report.simulated_seconds / 3600:.1f}"),
        ("wall seconds", f"{report.wall_seconds:.1f}"),
        ("digest", report.digest),
    ):
        table.add_row(name, str(value))
    return table


def _many(reports: list[Report]) -> Table:
    first, last = reports[0].plan, reports[-1].plan
    table = Table(title=f"seeds {first.seed} to {last.seed}, every invariant holds")
    columns = ("seed", "gigs", "operations", "late", "locks", "restarts", "hours", "wall s")
    for column in (*columns, "digest"):
        table.add_column(column, justify="left" if column == "digest" else "right")
    for one in reports:
        table.add_row(
            str(one.plan.seed),
            str(sum(one.gigs.values())),
            str(one.operations),
            str(one.late_timers),
            str(one.locks),
            str(one.restarts),
            f"{one.simulated_seconds / 3600:.1f}",
            f"{one.wall_seconds:.1f}",
            one.digest[:16],
        )
    return table


def _sorted(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
