"""One size of ``switchboard bench --growth``, a process of its own with a Postgres of its own.

Run as ``python -m switchboard.bench.growing``: reads a ``Growing`` as a line of JSON from stdin, fills the database and
starts on it, and writes a line with a number for so many sessions made or loaded; then a ``Spent``, what the start
took. Then it answers each ``Task`` with a ``Spent``, and ends with its input.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec
import trio

from switchboard import collector
from switchboard.bench import copies, growth_templates
from switchboard.bench.filling import until_passivated
from switchboard.bench.growth_templates import Templates
from switchboard.bench.growth_world import Sizes, World
from switchboard.bench.quiet import log_to_stderr
from switchboard.engine import engine
from switchboard.processes import tree
from switchboard.settings import Settings
from switchboard.settings_loading import load
from switchboard.store.bridge import Database
from switchboard.store.postgres import open_postgres
from switchboard.wiring import assemble, database_url, running

STATEMENT_SECONDS_MOST: Final = 900.0

DAY_SECONDS: Final = "86400"

PASSIVATION_SECONDS: Final = 1.0
"""For the templates alone, which are copied as they are once they have left the memory."""


class Growing(msgspec.Struct, frozen=True):
    """What there is to be."""

    data_dir: str
    live: int
    stored: int


class Task(msgspec.Struct, frozen=True):
    """What to do, and how often."""

    operation: str
    count: int


class Spent(msgspec.Struct, frozen=True):
    """What it took in all."""

    count: int
    seconds: float
    process_seconds: float
    """CPU of the process with the engine,"""
    postgres_seconds: float
    """and of its Postgres, as far as its processes still live."""
    pause_seconds: float
    """The longest that the collector of cycles has stopped the process."""


class Meter:
    """Reads the clocks of this process and its Postgres."""

    def __init__(self, data_dir: Path) -> None:
        self._file = data_dir / "postgres/postmaster.pid"
        self._longest = self._began = 0.0
        gc.callbacks.append(self._collecting)
        self._process = time.process_time()
        self._postgres: dict[int, float] = {}

    def _collecting(self, phase: str, _info: dict[str, int]) -> None:
        now = time.perf_counter()
        if phase == "start":
            self._began = now
        else:
            self._longest = max(self._longest, now - self._began)

    def start(self) -> None:
        """From here on."""
        self._longest = 0.0
        self._postgres = self._running()
        self._process = time.process_time()

    def spent(self, count: int, seconds: float) -> Spent:
        """Since ``start``."""
        process = time.process_time() - self._process
        postgres = sum(used - self._postgres.get(pid, 0) for pid, used in self._running().items())
        return Spent(count, seconds, process, postgres, self._longest)

    def _running(self) -> dict[int, float]:
        """Process of Postgres -> CPU seconds, by the scheduler's account: ticks are too coarse for a few operations."""
        try:
            pids = tree(int(self._file.read_text().split()[0]))
        except (FileNotFoundError, IndexError):
            return {}
        used = {}
        for pid in pids:
            try:
                used[pid] = int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
            except (FileNotFoundError, ProcessLookupError):
                continue
        return used


async def grow(growing: Growing) -> None:
    """The program, from the first line to the last."""
    templates = await _filled(growing)
    settings, meter = _settings(growing, DAY_SECONDS), Meter(Path(growing.data_dir))
    meter.start()
    began = time.perf_counter()
    async with running(settings) as application:
        start = meter.spent(1, time.perf_counter() - began)
        # As a server does, which has no session in memory yet: what it loads is looked at for garbage.
        collector.settle()
        world = World(application.services, templates, Sizes(growing.live, growing.stored))
        await world.wake_all(_tell)
        world.check()
        await world.look_everywhere()
        _tell(start)
        while line := await trio.to_thread.run_sync(sys.stdin.buffer.readline):
            task = msgspec.json.decode(line, type=Task)
            meter.start()
            seconds = await world.run(task.operation, task.count)
            _tell(meter.spent(task.count, seconds))


async def _filled(growing: Growing) -> Templates:
    """Makes the templates and their copies. Nothing of it runs any more then."""
    settings, sizes = (
        _settings(growing, str(PASSIVATION_SECONDS)),
        Sizes(growing.live, growing.stored),
    )
    async with (
        database_url(settings) as url,
        open_postgres(url, on_lost=lambda reason: None) as store,
    ):
        services = assemble(settings, store)
        async with engine.running(services.engine):
            templates = await growth_templates.make(services)
            await until_passivated(services.engine, PASSIVATION_SECONDS)
        await _multiply(store.database, templates, sizes, _tell)
    return templates


async def _multiply(
    database: Database, templates: Templates, sizes: Sizes, progress: Callable[[int], None]
) -> None:
    connection: Any = await database.run_apart(
        lambda: database.connect(
            STATEMENT_SECONDS_MOST, statement_timeout="0", transaction_timeout="0"
        )
    )
    await database.run_apart(copies.begin, connection)
    for template, count in zip(
        templates,
        (sizes.operators, sizes.live_gigs, sizes.live_rooms, sizes.past_gigs, sizes.past_rooms),
        strict=True,
    ):
        await database.run_apart(copies.multiply, connection, template, count, progress)
    await database.run_apart(copies.finish, connection)
    await database.run_apart(connection.close)


def _settings(growing: Growing, idle_seconds: str) -> Settings:
    own = {
        "data_dir": growing.data_dir,
        "idle_seconds": idle_seconds,
        "person_timeout_seconds": DAY_SECONDS,
    }
    return load({}, own)


def _tell(what: int | Spent) -> None:
    print(msgspec.json.encode(what).decode(), flush=True)


def main() -> None:
    """The program."""
    log_to_stderr()
    trio.run(grow, msgspec.json.decode(sys.stdin.buffer.readline(), type=Growing))


if __name__ == "__main__":
    main()
