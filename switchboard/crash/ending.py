"""What all trials share: how their servers end and must end, and the last look at everything."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import trio

from switchboard.crash.counts import Counts
from switchboard.crash.findings import Finding
from switchboard.crash.postgres import Postgres, stop_left_behind
from switchboard.crash.server import Server
from switchboard.crash.world import World

STOP = "SIGTERM"

LOAD_SECONDS = 0.3, 1.2
"""Between two faults: some ten gigs end and as many are under way."""

STOP_SECONDS_MOST = 10.0
"""The longest stop that is promised."""


@dataclass
class Result:
    """What a trial did and found."""

    faults: Counter[str] = field(default_factory=Counter)
    restarts: list[float] = field(default_factory=list)
    """Seconds from the start of the process to ready, of each start after a fault."""
    stops: list[float] = field(default_factory=list)
    """Seconds from SIGTERM to the end of the process."""
    takeovers: list[float] = field(default_factory=list)
    """Seconds from the freezing of an engine until another was ready."""
    late_answers: int = 0
    """Answers of thawed engines."""
    counts: Counts = field(default_factory=Counts)


Progress = Callable[[str], None]
"""Is told of each fault once it was checked."""


async def end_in_order(
    server: Server, postgres: Postgres | None, world: World, result: Result
) -> None:
    """As a service manager ends it. Its own Postgres, if it has one, ends with it."""
    began = trio.current_time()
    code = await server.end(signal.SIGTERM)
    seconds = trio.current_time() - began
    result.stops.append(seconds)
    if code != 0 or seconds > STOP_SECONDS_MOST:
        world.report(Finding("conduct", f"ended with {code} after {seconds:.1f} s", STOP))
    if postgres is not None and postgres.pid is not None:
        world.report(Finding("conduct", "its Postgres outlived it", STOP))
    world.read_log(server, STOP)


def check_end(code: int, server: Server, world: World, after: str) -> None:
    """A server that lost its database to somebody, or too often, says so in one line and fails."""
    lines = [one for one in server.last_lines().splitlines() if one.startswith("switchboard: ")]
    if code != 1 or len(lines) != 1:
        world.report(Finding("conduct", f"ended with {code}: {server.last_lines()}", after))


async def finish(world: World, url: str) -> None:
    """Everybody learns what became of what is under way; then everything is checked."""
    world.site.finishing = True
    await trio.sleep(LOAD_SECONDS[1])
    world.site.gate.close()
    await world.site.gate.idle()
    await world.check(url, "the end", everything=True)


@asynccontextmanager
async def ended_at_last(servers: Mapping[Path, Server]) -> AsyncIterator[None]:
    """Whatever happens, none of the servers (by data folder) outlives the block, nor a Postgres of theirs."""
    try:
        yield
    finally:
        # Bounded: each server is waited for as long as its stop may take, its Postgres by its own stop.
        with trio.CancelScope(shield=True):
            for data_dir, server in servers.items():
                await server.put_away()
                await stop_left_behind(data_dir)
