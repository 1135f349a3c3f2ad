"""The command line of the comparison."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.comparison import FULL, QUICK, Plan, Told, compare, loads_of, prepared, sitting
from benchmarks.expenses import profiled, show
from benchmarks.load import raise_open_files
from benchmarks.probe import durability, probe
from benchmarks.report import report, show_probed
from benchmarks.results import Measured, Results, read, write
from benchmarks.server import NotPrepared, Server
from benchmarks.servers import QUICK as QUICK_SERVERS
from benchmarks.servers import servers
from benchmarks.tools import load_generator
from benchmarks.work import work_folder
from benchmarks.workloads import ALL, named
from benchmarks.workloads import QUICK as QUICK_WORKLOADS
from switchboard.processes import end_as_by_control_c


@click.group()
def main() -> None:
    """Switchboard and its peers side by side: one machine, one Postgres, one load generator."""


@main.command()
@click.option("--quick", is_flag=True, help="Less of everything: three minutes.")
@click.option("--server", "names", multiple=True, help="Only these; `list` shows all.")
@click.option("--workload", "works", multiple=True, help="Only these kinds (W1) or labels.")
@click.option("--repetitions", type=click.IntRange(1), help="Of each load.")
@click.option("--seconds", type=click.FloatRange(0.1), help="Of each load.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the results.")
def run(
    quick: bool,
    names: tuple[str, ...],
    works: tuple[str, ...],
    repetitions: int | None,
    seconds: float | None,
    out: Path | None,
) -> None:
    """Measure, and write a table, charts and JSON lines."""
    end_as_by_control_c()
    raise_open_files()
    plan = _plan(QUICK if quick else FULL, repetitions, seconds)
    chosen = _chosen(names or (QUICK_SERVERS if quick else ()))
    try:
        workloads = named(works, QUICK_WORKLOADS if quick else ALL)
    except KeyError as error:
        raise click.BadParameter(f"no workload {error.args[0]}") from None
    folder = out or work_folder() / ("quick" if quick else "full")
    folder.mkdir(parents=True, exist_ok=True)
    console, measured = Console(), list[Measured]()
    columns = TextColumn("{task.completed}/{task.total}"), BarColumn(), TimeElapsedColumn()
    with Progress(*columns, TextColumn("{task.description}"), console=console) as progress:
        task = progress.add_task("", total=loads_of(plan, chosen, workloads))

        def kept(one: Measured) -> None:
            measured.append(one)
            write(folder / "results.jsonl", measured)
            if one.failed:
                console.print(f"{one.workload}, {one.title}: {one.failed}", markup=False)
            elif one.load is not None and one.load.complaint:
                console.print(f"{one.workload}, {one.title}: {one.load.complaint}", markup=False)
            progress.update(task, advance=1)

        told = Told(
            left_out=lambda line: console.print(line, markup=False),
            begins=lambda what: progress.update(task, description=what),
            measured=kept,
        )
        try:
            compare(plan, chosen, workloads, told)
        except NotPrepared as error:
            raise click.ClickException(str(error)) from None
    report(Results(measured), folder, console)


@main.command(name="probe")
@click.option("--server", "names", multiple=True, help="Only these.")
def probe_servers(names: tuple[str, ...]) -> None:
    """Show whether servers tell of a message before it is committed; fails if ours does."""
    end_as_by_control_c()
    console = Console()
    told = Told(
        left_out=lambda line: console.print(line, markup=False),
        begins=lambda what: console.print(what, markup=False),
        measured=lambda _one: None,
    )
    with sitting(told.begins) as place:
        found = probe(prepared(_chosen(names), place, told), place)
        settings = durability(place.postgres)
    show_probed(found, settings, console)
    if not all(one.passed for one in found if one.server.startswith("Switchboard")):
        raise click.ClickException("Switchboard told of something that was not committed")


@main.command(name="expenses")
@click.argument("labels", nargs=-1)
def show_expenses(labels: tuple[str, ...]) -> None:
    """Profile Switchboard under load: what is most expensive in W4 (claims) and W1 (deliveries)."""
    end_as_by_control_c()
    raise_open_files()
    console = Console()
    for work in named(labels or ("W4", "W1 N=100 K=64")):
        with sitting(lambda what: console.print(what, markup=False)) as place:
            profile = profiled(work, place, load_generator(work_folder()))
        show(profile, console)


@main.command(name="report")
@click.argument("folder", type=click.Path(path_type=Path, exists=True))
def report_again(folder: Path) -> None:
    """Write table and charts again from the results in FOLDER."""
    report(Results(read(folder / "results.jsonl")), folder, Console())


@main.command(name="list")
def list_servers() -> None:
    """Show who can take part."""
    for server in servers().values():
        lacking = server.lacks()
        click.echo(
            f"{server.name:20} {server.title}" + (f" ({lacking} is missing)" * bool(lacking))
        )


def _plan(plan: Plan, repetitions: int | None, seconds: float | None) -> Plan:
    if repetitions is not None:
        plan = msgspec.structs.replace(plan, repetitions=repetitions, fresh_repetitions=repetitions)
    return plan if seconds is None else msgspec.structs.replace(plan, seconds=seconds)


def _chosen(names: tuple[str, ...]) -> list[Server]:
    known = servers()
    unknown = [name for name in names if name not in known]
    if unknown:
        raise click.BadParameter(f"no server {unknown[0]}; there are {', '.join(known)}")
    return [server for name, server in known.items() if not names or name in names]
