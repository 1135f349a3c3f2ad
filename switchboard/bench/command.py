"""``switchboard bench``."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from switchboard.bench import growth as growing
from switchboard.bench.growth_table import show_growth
from switchboard.bench.quiet import log_to_stderr
from switchboard.bench.room import measure_connections, measure_rooms, show_rooms
from switchboard.bench.table import show
from switchboard.bench.throughput import measure
from switchboard.bench.transport import compare, show_comparison
from switchboard.bench.unfinished import (
    Memory,
    PresenceMemory,
    Restart,
    measure_memory,
    measure_presences,
    measure_restart,
)
from switchboard.processes import end_as_by_control_c

LIVE = "1000,10000,100000"

LIVE_LEAST = 50


def _numbers(_context: click.Context, _parameter: click.Parameter, text: str) -> list[int]:
    return _numbers_to(text, 200)


def _numbers_to(text: str, most: int) -> list[int]:
    try:
        numbers = [int(one) for one in text.split(",")]
    except ValueError:
        raise click.BadParameter("numbers with commas between them") from None
    if not all(1 <= one <= most for one in numbers):
        raise click.BadParameter(f"each from 1 to {most}")
    return numbers


def _sizes(_context: click.Context, _parameter: click.Parameter, text: str) -> list[int]:
    return _numbers_to(text, 2000)


def _live(_context: click.Context, _parameter: click.Parameter, text: str | None) -> list[int]:
    if text is None:
        return []
    live = _numbers_to(text, 1_000_000)
    # So many have a few of each sort, and a place with operators.
    if min(live) < LIVE_LEAST or sorted(set(live)) != live:
        raise click.BadParameter(f"ascending, each from {LIVE_LEAST}")
    return live


@click.command()
@click.option(
    "--at-once", default="16,32,64", show_default=True, callback=_numbers, help="Connections."
)
@click.option(
    "--seconds", type=click.FloatRange(0.1), default=6.0, show_default=True, help="Each load."
)
@click.option(
    "--repetitions", type=click.IntRange(1), default=3, show_default=True, help="Of everything."
)
@click.option("--idle", type=click.IntRange(1), help="Measure the memory of so many idle gigs.")
@click.option(
    "--presences", type=click.IntRange(1), help="Measure the memory of so many operators online."
)
@click.option("--restart", type=click.IntRange(1), help="Measure a start with so many live gigs.")
@click.option("--transport", is_flag=True, help="Compare the transport with hypercorn as released.")
@click.option("--room", is_flag=True, help="Compare durable rooms with a bare broadcast.")
@click.option(
    "--members", default="100,500", show_default=True, callback=_sizes, help="Of the rooms."
)
@click.option("--connections", type=click.IntRange(1), help="Weigh so many idle connections.")
@click.option(
    "--growth",
    is_flag=False,
    flag_value=LIVE,
    callback=_live,
    help=f"Measure operations with so many live sessions.  [alone: {LIVE}]",
)
@click.option(
    "--stored",
    type=click.IntRange(0),
    default=1_000_000,
    show_default=True,
    help="For --growth, also with so many in the tables.",
)
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def bench(
    at_once: list[int],
    seconds: float,
    repetitions: int,
    idle: int | None,
    presences: int | None,
    restart: int | None,
    transport: bool,
    room: bool,
    members: list[int],
    connections: int | None,
    growth: list[int],
    stored: int,
    as_json: bool,
) -> None:
    """Measure gigs over HTTP beside a bare Quart-Trio endpoint, or rooms beside a bare broadcast, or the transport, or
    memory, or the time of a start, or what operations cost with few and with many sessions.

    Everything runs on this machine in a temporary folder, with a Postgres of its own that keeps what it commits, and
    ends by itself. Compare only figures of one run.
    """
    log_to_stderr()
    # The servers are ended then, and the folder is removed.
    end_as_by_control_c()
    console = Console(stderr=as_json)
    with tempfile.TemporaryDirectory(
        prefix="switchboard-bench-", ignore_cleanup_errors=True
    ) as name:
        folder = Path(name)
        folder.chmod(0o755)
        if transport:
            with _bar(console, "loads", 4 * (repetitions + 1)) as step:
                compared = compare(folder, seconds, repetitions, lambda: step(1))
            show_comparison(compared, console)
            _answer(compared, as_json)
        elif room:
            with _bar(console, "loads", 2 * len(members) * (repetitions + 1)) as step:
                rooms = measure_rooms(folder, members, seconds, repetitions, lambda: step(1))
            show_rooms(rooms, console)
            _answer(rooms, as_json)
        elif growth:
            costs = _grown(folder, growing.sizes(growth, stored, repetitions), repetitions, console)
            show_growth(costs, console)
            _answer(costs, as_json)
        elif all(one is None for one in (idle, presences, restart, connections)):
            loads = len(at_once) * repetitions * 2 + 1
            with _bar(console, "loads", loads) as step:
                measured = measure(folder, at_once, seconds, repetitions, lambda _: step(1))
            show(measured, console)
            _answer(measured, as_json)
        if idle is not None:
            with _bar(console, "gigs", 2 * idle) as step:
                memory = measure_memory(folder, idle, step)
            _show_weight(f"{idle} idle gigs", memory, console)
            _answer(memory, as_json)
        if presences is not None:
            with _bar(console, "operators", 2 * presences) as step:
                present = measure_presences(folder, presences, step)
            _show_weight(f"{presences} operators online", present, console)
            _answer(present, as_json)
        if connections is not None:
            with _bar(console, "connections", connections) as step:
                each = measure_connections(folder, connections, step)
            console.print(f"{connections} idle connections: {each:.1f} kB each")
            _answer({"connections": connections, "kilobytes": each}, as_json)
        if restart is not None:
            with _bar(console, "gigs", restart) as step:
                starts = measure_restart(folder, restart, step)
            _show_starts(starts, console)
            _answer(starts, as_json)


def _show_weight(what: str, memory: Memory | PresenceMemory, console: Console) -> None:
    console.print(
        f"{what}: {memory.in_memory:.2f} kB each in memory, "
        f"{memory.passivated:.2f} kB each once passivated"
    )


def _show_starts(starts: Restart, console: Console) -> None:
    seconds = ", ".join(f"{one:.2f}" for one in starts.seconds)
    console.print(f"ready with {starts.gigs} unfinished gigs after {seconds} s")


def _grown(
    folder: Path, sizes: list[growing.Size], repetitions: int, console: Console
) -> list[growing.Cost]:
    with ExitStack() as stack:
        with _bar(console, "sessions", growing.steps(sizes)) as step:
            grown = stack.enter_context(growing.growing(folder, sizes, step))
        with _bar(console, "measurements", growing.measurements(sizes, repetitions)) as step:
            return growing.measure(grown, repetitions, lambda: step(1))


def _answer(measured: object, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode(measured))


@contextmanager
def _bar(console: Console, unit: str, total: int) -> Iterator[Callable[[int], None]]:
    columns = TextColumn("{task.completed}/{task.total} " + unit), BarColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(unit, total=total)
        yield lambda count: progress.advance(task, count)
