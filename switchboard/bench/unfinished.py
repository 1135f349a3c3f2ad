"""Many unfinished gigs: what one takes of the memory, and how long a start takes with all of them in the database."""

from __future__ import annotations

import ctypes
import gc
import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import trio

from switchboard.bench.processes import (
    free_port,
    memory_kilobytes,
    running,
    switchboard_command,
)
from switchboard.engine.engine import Engine
from switchboard.engine.engine import running as engine_running
from switchboard.engine.sessions.gig import Candidate, RequestGig, Terms
from switchboard.engine.sessions.kind import Address
from switchboard.settings import load as load_settings
from switchboard.store.postgres import open_postgres
from switchboard.wiring import assemble, database_url

AT_ONCE = 128
"""Requests under way while gigs are made: a batch of the committer's that is worth its name."""

OFFERS = 3

TERMS = Terms(claim_timeout=24 * 3600_000)
"""None of them ends while it is measured."""

PASSIVATION_SECONDS = 2.0


class Memory(msgspec.Struct, frozen=True):
    """Kilobytes a gig."""

    gigs: int
    in_memory: float
    passivated: float


def _own_kilobytes() -> int:
    gc.collect()
    # Without this, freed memory stays with the allocator and tells nothing about what is held.
    ctypes.CDLL(None).malloc_trim(0)
    return memory_kilobytes(os.getpid())


async def make_gigs(engine: Engine, count: int, progress: Callable[[int], None]) -> None:
    """Requests that many gigs, each of its own customer, straight from the engine."""

    async def make(numbers: range) -> None:
        for _ in numbers:
            now = engine.clock.now()
            id, customer = engine.ids.new(now), engine.ids.new(now)
            candidates = tuple(
                Candidate(
                    operator=engine.ids.new(now), latitude=1.0, longitude=2.0, distance_metres=9
                )
                for _ in range(OFFERS)
            )
            command = RequestGig(
                id=id,
                customer=customer,
                latitude=1.0,
                longitude=2.0,
                candidates=candidates,
                terms=TERMS,
                customer_operates=False,
            )
            await engine.ask(Address("gig", id), command, by=customer, fresh=True)
            progress(1)

    async with trio.open_nursery() as nursery:
        for start in range(AT_ONCE):
            nursery.start_soon(make, range(start, count, AT_ONCE))


async def _fill(
    data_dir: Path, count: int, idle_seconds: float | None, progress: Callable[[int], None]
) -> float:
    """Makes the gigs and returns the kilobytes that each takes once they are idle (or passivated)."""
    idle = "off" if idle_seconds is None else str(idle_seconds)
    settings = load_settings({}, {"data_dir": str(data_dir), "idle_seconds": idle})
    async with (
        database_url(settings) as url,
        open_postgres(url, on_lost=lambda reason: None) as store,
    ):
        engine = assemble(settings, store).engine
        async with engine_running(engine):
            await make_gigs(engine, AT_ONCE, lambda _: None)
            await _until_idle(engine, idle_seconds)
            before = _own_kilobytes()
            await make_gigs(engine, count, progress)
            await _until_idle(engine, idle_seconds)
            return (_own_kilobytes() - before) / count


async def _until_idle(engine: Engine, idle_seconds: float | None) -> None:
    # The engine tells nobody that its last session has left; this is no test, and no part of a server.
    while idle_seconds is not None and engine.statistics()["active_gig"]:  # noqa: ASYNC110
        await trio.sleep(idle_seconds / 4)


def measure_memory(folder: Path, count: int, progress: Callable[[int], None]) -> Memory:
    """Kilobytes a gig with passivation off, and with all of them passivated."""
    passivated = trio.run(_fill, folder / "passive", count, PASSIVATION_SECONDS, progress)
    in_memory = trio.run(_fill, folder / "active", count, None, progress)
    return Memory(gigs=count, in_memory=in_memory, passivated=passivated)


def measure_restart(folder: Path, count: int, progress: Callable[[int], None]) -> list[float]:
    """Seconds from start to ready, three times, with that many unfinished gigs in the database."""
    data_dir = folder / "restart"
    trio.run(_fill, data_dir, count, None, progress)
    seconds = []
    for number in range(3):
        port = free_port()
        command = switchboard_command(data_dir, port)
        log = folder / f"restart{number}.log"
        with running(command, log, port, "/readyz", {}) as (_, ready):
            seconds.append(ready)
    return seconds
