"""The most expensive things on the way of a request or delivery: Switchboard profiled while it is loaded.

The profiler makes everything slower, functions with many small calls most of all: what counts is the order and, about,
the share. ``pstats`` has the whole profile.
"""

from __future__ import annotations

import os
import pstats
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TypeAlias

import msgspec
from rich.console import Console

from benchmarks.comparison import QUICK
from benchmarks.load import run_load
from benchmarks.ours.server import Switchboard
from benchmarks.server import Running, Sitting
from benchmarks.tables import Table, number
from benchmarks.workloads import Workload
from switchboard.processes import free_port, running

PLAN = msgspec.structs.replace(QUICK, seconds=6.0)

Place: TypeAlias = tuple[str, int, str]
"""File, line, function: as ``pstats`` has them."""

BUILT_IN = "~"
"""What stands for the file of what is written in C."""

SOCKETS = re.compile(r"posix\.(write|read)|_socket")

MOST = 10

WRITE_SECONDS_MOST, LOOK_SECONDS = 20.0, 0.05
"""How long the profile may take to be written, and how often it is looked for."""

PACKAGES = re.compile(r".*/(?:site-packages|lib/python3\.\d+)/")


class Expense(NamedTuple):
    """One function's own time."""

    name: str
    """``file:function``, from the package on."""
    calls: float
    """For each request or delivery."""
    share: float
    """Of the process' own time, but for waiting."""


class Profile(NamedTuple):
    """Of one workload."""

    work: Workload
    stats: pstats.Stats
    requests: float
    """Requests or deliveries, about."""


def profiled(work: Workload, sitting: Sitting, program: Path) -> Profile:
    """Runs that workload. Raises: LoadFailed, RuntimeError."""
    server = Switchboard()
    server.prepare(sitting)
    file, times = sitting.folder / "profile", PLAN.times(work, 0)
    with _profiling(server, sitting, file) as started:
        inputs = server.inputs(work, sitting)
        load = run_load(program, work, inputs, started, sitting.postgres.pid, times)
    count = load.deliveries_s * (PLAN.seconds + PLAN.first_warm_seconds)
    return Profile(work, pstats.Stats(str(file)), count)


@contextmanager
def _profiling(server: Switchboard, sitting: Sitting, file: Path) -> Iterator[Running]:
    port = free_port()
    command = server.command(sitting, port)
    # python -m switchboard ... -> python -m benchmarks.ours.profiled FILE ...
    command[1:3] = ["-m", "benchmarks.ours.profiled", str(file)]
    log = sitting.folder / "profiled.log"
    with running(command, log, port, "/readyz", server.settings(sitting)) as (pid, _):
        os.kill(pid, signal.SIGUSR1)
        yield Running(port, (pid,))
        os.kill(pid, signal.SIGUSR2)
        end = time.monotonic() + WRITE_SECONDS_MOST
        while not file.exists() and time.monotonic() < end:
            time.sleep(LOOK_SECONDS)


def expenses(stats: pstats.Stats, count: float) -> list[Expense]:
    """Functions by their own time, most first."""
    own = _own(stats)
    total = sum(seconds for _, seconds in own.values())
    found = [
        Expense(_name(place), calls / count, seconds / total)
        for place, (calls, seconds) in own.items()
    ]
    return sorted(found, key=lambda one: -one.share)


def _own(stats: pstats.Stats) -> dict[Place, tuple[int, float]]:
    """Calls and own seconds of each function, but for what waits for the world."""
    entries: dict[Place, tuple[int, int, float, float, object]] = stats.stats  # type: ignore[attr-defined]
    return {
        place: (calls, seconds)
        for place, (_, calls, seconds, _, _) in entries.items()
        if not _waits(place)
    }


def _waits(place: Place) -> bool:
    return "epoll" in place[2] and "poll" in place[2]


def _name(place: Place) -> str:
    file, line, function = place
    if file == BUILT_IN:
        return function.strip("<>").removeprefix("built-in ").removeprefix("method ")
    return f"{_module(file)}:{line} {function}"


def _module(file: str) -> str:
    """Its path from the package on."""
    shown = PACKAGES.sub("", file)
    ours = shown.rfind("switchboard/")
    return shown[ours:] if ours >= 0 else shown


def parts(stats: pstats.Stats) -> list[tuple[str, float]]:
    """The share of each package, and of ours of each part, most first."""
    seconds: dict[str, float] = {}
    for place, (_, own) in _own(stats).items():
        part = _part(place)
        seconds[part] = seconds.get(part, 0.0) + own
    total = sum(seconds.values())
    return sorted(((part, own / total) for part, own in seconds.items()), key=lambda one: -one[1])


def _part(place: Place) -> str:
    file, _, function = place
    if file == BUILT_IN:
        return "sockets" if SOCKETS.search(function) else "built-in functions"
    first, *rest = _module(file).split("/")
    if first != "switchboard":
        return first.removesuffix(".py")
    return "/".join([first, *rest[:2]]).removesuffix(".py")


def show(profile: Profile, console: Console) -> None:
    """Both tables, of the first ten each."""
    note = "Own time, without what is called from there, of all that is not waiting."
    label = profile.work.label
    rows = [[name, "", f"{share:.1%}"] for name, share in parts(profile.stats)[:MOST]]
    Table(f"{label}: parts", note, ["part", "", "share"], rows).show(console)
    found = expenses(profile.stats, profile.requests)
    rows = [[one.name, "", number(one.calls), f"{one.share:.1%}"] for one in found[:MOST]]
    columns = ["function", "", "calls each", "share"]
    Table(f"{label}: functions", note, columns, rows).show(console)
