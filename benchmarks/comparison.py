"""A sitting: every server is started on one Postgres, and they are loaded turn about."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from benchmarks.load import Load, LoadFailed, run_load, wait_until_quiet
from benchmarks.loop import loop
from benchmarks.postgres import postgres
from benchmarks.results import Measured
from benchmarks.server import NotPrepared, Running, Server, Sitting
from benchmarks.tools import load_generator
from benchmarks.work import POSTGRES, sitting_folder, work_folder
from benchmarks.workloads import Workload


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How much is measured."""

    repetitions: int
    extra: int
    """Further ones at most, for those in which the machine was not ours alone."""
    seconds: float
    fresh_repetitions: int
    """The same of loads that need a server that has just been started."""
    first_warm_seconds: float
    """Of load before the first repetition is measured: code is compiled, plans are made, rooms are loaded."""
    warm_seconds: float
    """The same before the others."""
    settle_seconds: float
    """Between the joining and the load."""
    quiet_seconds_most: float
    """How long others may be waited for before a load."""

    def repetitions_of(self, work: Workload) -> int:
        """How often it is measured."""
        return self.fresh_repetitions if work.fresh else self.repetitions

    def times(self, work: Workload, repetition: int) -> list[str]:
        """As the load generator takes them."""
        times = {
            "--secs": max(self.seconds, work.seconds_least),
            "--warm": self.warm_seconds if repetition else self.first_warm_seconds,
            "--settle": self.settle_seconds,
        }
        return [word for name, value in times.items() for word in (name, str(value))]


FULL = Plan(
    repetitions=3,
    extra=3,
    fresh_repetitions=3,
    seconds=6.0,
    first_warm_seconds=3.0,
    warm_seconds=2.0,
    settle_seconds=1.0,
    quiet_seconds_most=15.0,
)
QUICK = Plan(
    repetitions=2,
    extra=0,
    fresh_repetitions=1,
    seconds=1.0,
    first_warm_seconds=1.0,
    warm_seconds=0.3,
    settle_seconds=0.2,
    quiet_seconds_most=0.0,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """Who hears of the progress of a sitting."""

    left_out: Callable[[str], None]
    """A line that says who does not take part, and why."""
    begins: Callable[[str], None]
    """What is being done now."""
    measured: Callable[[Measured], None]
    """A load has ended."""


def loads_of(plan: Plan, some: Sequence[Server], workloads: Sequence[Workload]) -> int:
    """How many loads there will be, without further ones for the noisy."""
    return sum(
        plan.repetitions_of(work) for work in workloads for one in some if one.measures(work)
    )


@contextmanager
def sitting(begins: Callable[[str], None]) -> Iterator[Sitting]:
    """A Postgres and a folder for the length of the block; ``begins`` is told what takes time. Raises: StartError."""
    begins("starting Postgres")
    # In a thread: this one waits for processes most of the time, where Ctrl-C must reach it.
    with sitting_folder() as folder, loop(partial(postgres, folder / POSTGRES)) as database:
        yield Sitting(folder, work_folder(), database.value)


def compare(plan: Plan, some: Sequence[Server], workloads: Sequence[Workload], told: Told) -> None:
    """Measures all of them; ``told`` hears of every load. Raises: NotPrepared: nothing can be measured."""
    program = load_generator(work_folder())
    with sitting(told.begins) as place:
        Comparison(plan, workloads, told, place, program).run(some)


def prepared(some: Sequence[Server], place: Sitting, told: Told) -> list[Server]:
    """Those that can take part, ready to be started."""
    ready = []
    for server in some:
        lacking = server.lacks()
        if lacking is None:
            told.begins(f"preparing {server.title}")
            try:
                server.prepare(place)
            except NotPrepared as error:
                lacking = str(error)
            else:
                ready.append(server)
                continue
        else:
            lacking += " is missing"
        told.left_out(f"{server.title} is left out: {lacking}")
    return ready


class Comparison:
    """The loads of a sitting, one after the other."""

    def __init__(
        self,
        plan: Plan,
        workloads: Sequence[Workload],
        told: Told,
        sitting: Sitting,
        program: Path,
    ) -> None:
        self._plan = plan
        self._workloads = workloads
        self._told = told
        self._sitting = sitting
        self._program = program

    def run(self, some: Sequence[Server]) -> None:
        """Everything, turn about."""
        ready = prepared(some, self._sitting, self._told)
        standing = [one for one in self._workloads if not one.fresh]
        with ExitStack() as stack:
            running: dict[str, Running] = {}
            for server in ready:
                if any(server.measures(work) for work in standing):
                    self._told.begins(f"starting {server.title}")
                    running[server.name] = stack.enter_context(server.running(self._sitting))
            for work in standing:
                self._repeat(work, ready, lambda server: running[server.name])
        for work in self._workloads:
            if work.fresh:
                self._repeat(work, ready, None)

    def _repeat(
        self,
        work: Workload,
        ready: Sequence[Server],
        running: Callable[[Server], Running] | None,
    ) -> None:
        """Turn about, and again whoever has had noisy repetitions."""
        wanted = self._plan.repetitions_of(work)
        quiet = {one.name: 0 for one in ready if one.measures(work)}
        for repetition in range(wanted + self._plan.extra):
            for server in ready:
                if quiet.get(server.name, wanted) >= wanted:
                    continue
                self._told.begins(f"{work.label}, {server.title}")
                load, failed = self._measure(work, server, running, repetition)
                measured = Measured(
                    server=server.name,
                    title=server.title,
                    workload=work.label,
                    repetition=repetition,
                    load=load,
                    failed=failed,
                )
                quiet[server.name] += measured.quiet
                self._told.measured(measured)

    def _measure(
        self,
        work: Workload,
        server: Server,
        running: Callable[[Server], Running] | None,
        repetition: int,
    ) -> tuple[Load | None, str]:
        times = [] if work.fresh else self._plan.times(work, repetition)
        try:
            if running is not None:
                return self._load(work, server, running(server), times), ""
            with server.running(self._sitting) as fresh:
                return self._load(work, server, fresh, times), ""
        except (LoadFailed, RuntimeError) as error:
            return None, str(error)

    def _load(self, work: Workload, server: Server, running: Running, times: Sequence[str]) -> Load:
        if self._plan.quiet_seconds_most:
            wait_until_quiet(self._plan.quiet_seconds_most)
        inputs = server.inputs(work, self._sitting)
        postgres = self._sitting.postgres.pid
        return run_load(self._program, work, inputs, running, postgres, times)
