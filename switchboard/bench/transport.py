"""The transport beside hypercorn and Quart-Trio as released: the same bare server on each, turn about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import msgspec
from rich.console import Console
from rich.table import Table

from switchboard.bench.load import Task
from switchboard.bench.processes import bare_command, load, load_room
from switchboard.bench.room import spread
from switchboard.bench.room_load import RoomTask
from switchboard.processes import cpu_seconds, free_port, running

RELEASED, OURS = "released", "transport"

AT_ONCE = 16
"""Connections of the requests' load: enough that the server never waits for it, few enough for its answers to be
quick."""
MEMBERS, OUTSTANDING = 100, 64
"""Of the room: a lively one."""


class Compared(msgspec.Struct, frozen=True):
    """One repetition of one kind of work on one server."""

    work: str
    """``requests`` or ``deliveries``."""
    server: str
    """``released`` or ``transport``."""
    each_second: float
    server_microseconds: float
    """CPU of the server process for each."""
    load_cores: float
    """The load generator's own CPU: near 1, it was the limit."""


def compare(
    folder: Path, seconds: float, repetitions: int, progress: Callable[[], None]
) -> list[Compared]:
    """Measures both servers one after the other; ``progress`` hears of every load that has ended, 4 a repetition
    and 4 to warm up."""
    ports = {RELEASED: free_port(), OURS: free_port()}
    apps = {RELEASED: "switchboard.bench.bare", OURS: "switchboard.bench.bare_on_transport"}
    commands = {name: bare_command(port, apps[name]) for name, port in ports.items()}
    logs = {name: folder / f"{name}.log" for name in ports}
    compared: list[Compared] = []
    with (
        running(commands[RELEASED], logs[RELEASED], ports[RELEASED], "/hello", {}) as (released, _),
        running(commands[OURS], logs[OURS], ports[OURS], "/hello", {}) as (ours, _),
    ):
        for repetition in range(repetitions + 1):
            time = seconds if repetition else seconds / 10
            for work, measure in (("requests", _requests), ("deliveries", _deliveries)):
                for server, pid in ((RELEASED, released), (OURS, ours)):
                    before = cpu_seconds(pid)
                    count, took, own = measure(ports[server], time)
                    used = cpu_seconds(pid) - before
                    progress()
                    if repetition:
                        compared.append(
                            Compared(work, server, count / took, used / count * 1e6, own / took)
                        )
    return compared


def _requests(port: int, seconds: float) -> tuple[int, float, float]:
    result = load(Task(port, AT_ONCE, seconds))
    return result.requests, result.seconds, result.own_cpu_seconds


def _deliveries(port: int, seconds: float) -> tuple[int, float, float]:
    result = load_room(RoomTask(port, MEMBERS, OUTSTANDING, seconds))
    return result.deliveries, result.seconds, result.own_cpu_seconds


def show_comparison(compared: Sequence[Compared], console: Console) -> None:
    """A table of medians with the lowest and the highest; it fits into 80 columns."""
    table = Table(title="medians (lowest to highest)", box=None, padding=(0, 1, 0, 0))
    for title in ("", "", "a second", "server us each", "load's cores", "times released"):
        table.add_column(title, justify="right" if title else "left", no_wrap=True)
    for work in ("requests", "deliveries"):
        released, ours = (
            [one for one in compared if (one.work, one.server) == (work, server)]
            for server in (RELEASED, OURS)
        )
        # Those that were measured one right after the other are compared.
        times = [
            one.each_second / other.each_second for one, other in zip(ours, released, strict=True)
        ]
        for server, some, ratio in ((RELEASED, released, ""), (OURS, ours, spread(times, 1))):
            table.add_row(
                work,
                server,
                spread([one.each_second for one in some], 0),
                spread([one.server_microseconds for one in some], 1),
                f"{median(one.load_cores for one in some):.2f}",
                ratio,
            )
    console.print(table)
