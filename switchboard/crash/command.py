"""``switchboard crash``."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import click
import msgspec
import trio
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from switchboard.bench.quiet import log_to_stderr
from switchboard.crash.ending import Result
from switchboard.crash.one_server import EARLY, Plan, on_one_server
from switchboard.crash.report import Summary, show, summary
from switchboard.crash.takeover import take_over
from switchboard.processes import end_as_by_control_c

MEMORY = Path("/dev/shm")
ROOM_BYTES_LEAST = 3_000_000_000
"""Three clusters with up to 1 GB of WAL each, and as much again for what else the machine does there."""

COUNT = click.IntRange(min=0)


@click.command()
@click.option("--kills", type=COUNT, default=20, show_default=True, help="kill -9 and restart.")
@click.option("--faults", type=COUNT, default=10, show_default=True, help="Of Postgres.")
@click.option("--stops", type=COUNT, default=3, show_default=True, help="SIGTERM under load.")
@click.option(
    "--takeovers", type=COUNT, default=2, show_default=True, help="Frozen engines replaced."
)
@click.option(
    "--control",
    type=COUNT,
    default=3,
    show_default=True,
    help="Kills of a server that answers before it commits, which must lose something.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Draws what happens when.")
@click.option(
    "--places",
    type=click.IntRange(1, 60),
    default=8,
    show_default=True,
    help="Each has two customers and three operators.",
)
@click.option(
    "--module",
    default="switchboard",
    show_default=True,
    help="The program that serves, to try the trial itself.",
)
@click.option(
    "--scratch",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Where the temporary folder is made (by default in memory, if there is room).",
)
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
@click.pass_context
def crash(
    context: click.Context,
    kills: int,
    faults: int,
    stops: int,
    takeovers: int,
    control: int,
    seed: int,
    places: int,
    module: str,
    scratch: Path | None,
    as_json: bool,
) -> None:
    """Kill, freeze and cut off real servers under load, and check everything that they acknowledged.

    Everything runs on this machine in a temporary folder, with Postgres servers of its own, and ends by itself; status
    1 if anything acknowledged was lost or doubled, or anything else was wrong.
    """
    log_to_stderr()
    # The servers are ended then, and the folder is removed.
    end_as_by_control_c()
    console = Console(stderr=as_json)
    with tempfile.TemporaryDirectory(
        prefix="switchboard-crash-", dir=scratch or _memory(), ignore_cleanup_errors=True
    ) as name:
        folder = Path(name)
        # For the user as whom Postgres runs.
        folder.chmod(0o755)
        plan = Plan(
            seed=seed, places=places, kills=kills, stops=stops, faults=faults, module=module
        )
        with _bar(console, kills + stops + faults + takeovers + control) as progress:
            try:
                told = _run(plan, takeovers, control, folder, progress)
            except BaseExceptionGroup as group:
                if group.subgroup(KeyboardInterrupt) is not None:
                    raise click.Abort from None
                raise
    show(told, console)
    if as_json:
        click.echo(msgspec.json.encode(told))
    if not told.good:
        context.exit(1)


def _memory() -> Path | None:
    """Memory, if there is room: what is killed here are processes, so that no disk has to prove anything, and recovery
    syncs every file of the database. None: where temporary folders go by default."""
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ROOM_BYTES_LEAST
    return MEMORY if roomy else None


def _run(
    plan: Plan, takeovers: int, control: int, folder: Path, progress: Callable[[str], None]
) -> Summary:
    """The trials one after the other, each in a folder of its own."""
    results: list[Result] = []
    liar: Result | None = None
    if plan.kills or plan.stops or plan.faults:
        results.append(trio.run(on_one_server, plan, _folder(folder, "one"), progress))
    if takeovers:
        trial = partial(take_over, plan.seed, plan.places, takeovers)
        results.append(trio.run(trial, _folder(folder, "two"), progress))
    if control:
        early = Plan(seed=plan.seed, places=plan.places, kills=control, module=EARLY)
        liar = trio.run(on_one_server, early, _folder(folder, "control"), progress)
    return summary(plan.seed, results, liar, control)


def _folder(parent: Path, name: str) -> Path:
    folder = parent / name
    folder.mkdir(mode=0o755)
    return folder


@contextmanager
def _bar(console: Console, total: int) -> Iterator[Callable[[str], None]]:
    columns = (
        TextColumn("{task.completed}/{task.total}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("starting", total=total)
        yield lambda name: progress.update(task, advance=1, description=name)
