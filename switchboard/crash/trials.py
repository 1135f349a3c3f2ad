"""The trials: servers killed, stopped and cut off from their database, and engines that wake up too late."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import trio

from switchboard.crash.findings import Finding
from switchboard.crash.postgres import FAULTS, Postgres, drawn
from switchboard.crash.server import Server, ServerEnded
from switchboard.crash.world import SETTINGS, Counts, World, open_world
from switchboard.processes import free_port, switchboard_command
from switchboard.store.embedded import embedded_postgres

LOAD_SECONDS = 0.3, 1.2
"""Between two faults: some ten gigs end and as many are under way."""

AFTERMATH_SECONDS_MOST = 0.3
"""People go on for so long after a fault of the database, before it is looked at."""

STOP_SECONDS_MOST = 10.0
"""The longest stop that is promised."""

LEASE_SECONDS = 2.0
"""Of the engines that take over from each other: the default of 15 would only make the trial longer."""

PATIENCE_SECONDS = 0.7
"""Of clients whose server is frozen: they ask again, so that more waits for it when it wakes."""

AGAIN_SECONDS = 0.2
"""Before a start that was refused, because another engine is alive, is tried again, as a service manager does."""

TAKE_OVER_SECONDS_MOST = 60.0
"""For the lease to run out, and a start or two on a busy machine."""

EARLY = "switchboard.crash.early_answers"

KILL, STOP = "kill -9", "SIGTERM"


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


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a trial is to do."""

    seed: int
    places: int
    kills: int = 0
    stops: int = 0
    faults: int = 0
    module: str = "switchboard"
    """The program that serves."""


async def on_one_server(plan: Plan, folder: Path, progress: Progress) -> Result:
    """A server with its own Postgres: kills, stops and faults of the database in an order that the seed draws."""
    data_dir, port = folder / "data", free_port()
    server = Server(switchboard_command(data_dir, port, plan.module), port, folder, SETTINGS)
    result = Result()
    with _ended_at_last(server):
        async with open_world(plan.seed, plan.places) as world:
            result.counts = world.counts
            await server.start()
            postgres = Postgres(data_dir, world.chance)
            try:
                world.site.move_to(port)
                await world.settle_in(data_dir, by_administrator=False)
                world.begin()
                for name in _order(plan, world):
                    await trio.sleep(world.chance.uniform(*LOAD_SECONDS))
                    await _strike(name, server, postgres, world, result)
                    await world.check(postgres.url, name)
                    result.faults[name] += 1
                    progress(name)
                    world.site.gate.open()
                await _finish(world, postgres.url)
                await _end_in_order(server, world, result)
            finally:
                server.kill()
                with trio.CancelScope(shield=True):
                    await postgres.stop()
    return result


def _order(plan: Plan, world: World) -> list[str]:
    names = [KILL] * plan.kills + [STOP] * plan.stops + drawn(world.chance, plan.faults)
    world.chance.shuffle(names)
    return names


async def _strike(
    name: str, server: Server, postgres: Postgres, world: World, result: Result
) -> None:
    """One fault; afterwards the server is ready and nobody asks it anything."""
    site = world.site
    if name == KILL:
        await server.end(signal.SIGKILL)
    elif name == STOP:
        await _end_in_order(server, world, result)
    else:
        await FAULTS[name].do(postgres)
        await trio.sleep(world.chance.uniform(0.0, AFTERMATH_SECONDS_MOST))
    site.gate.close()
    if name in (KILL, STOP):
        site.hang_up()
    await site.gate.idle()
    try:
        if server.alive:
            await server.ready()
            return
    except ServerEnded:
        pass  # It ends when it loses its database too often, as is to be checked now.
    if name not in (KILL, STOP):
        _check_end(await server.wait(), server, world, name)
    world.read_log(server, name)
    site.hang_up()
    result.restarts.append(await server.start())


async def _end_in_order(server: Server, world: World, result: Result) -> None:
    began = trio.current_time()
    code = await server.end(signal.SIGTERM)
    seconds = trio.current_time() - began
    result.stops.append(seconds)
    if code != 0 or seconds > STOP_SECONDS_MOST:
        world.report(Finding("conduct", f"ended with {code} after {seconds:.1f} s", STOP))
    world.read_log(server, STOP)


def _check_end(code: int, server: Server, world: World, after: str) -> None:
    """A server that lost its database to somebody, or too often, says so in one line and fails."""
    lines = [one for one in server.last_lines().splitlines() if one.startswith("switchboard: ")]
    if code != 1 or len(lines) != 1:
        world.report(Finding("conduct", f"ended with {code}: {server.last_lines()}", after))


async def _finish(world: World, url: str) -> None:
    """Everybody learns what became of what is under way; then everything is checked."""
    world.site.finishing = True
    await trio.sleep(LOAD_SECONDS[1])
    world.site.gate.close()
    await world.site.gate.idle()
    await world.check(url, "the end", everything=True)


# -- taking over ------------------------------------------------------------------------------------------------


async def take_over(seed: int, places: int, count: int, folder: Path, progress: Progress) -> Result:
    """Two servers on one Postgres, of which the one that serves is frozen until the other has taken over."""
    result = Result()
    async with embedded_postgres(folder / "database", _tell_nobody) as postgres:
        settings = {
            **SETTINGS,
            "SWITCHBOARD_DATABASE_URL": postgres.url,
            "SWITCHBOARD_LEASE_SECONDS": str(LEASE_SECONDS),
        }
        folders = [folder / "first", folder / "second"]
        servers = []
        for data_dir in folders:
            port = free_port()
            servers.append(Server(switchboard_command(data_dir, port), port, folder, settings))
        with _ended_at_last(*servers):
            async with open_world(seed, places) as world:
                result.counts = world.counts
                world.answers_in_time = False
                await servers[0].start()
                world.site.move_to(servers[0].port)
                await world.settle_in(folders[0], by_administrator=True)
                world.begin()
                for number in range(count):
                    await trio.sleep(world.chance.uniform(*LOAD_SECONDS))
                    one, other = servers[number % 2], servers[1 - number % 2]
                    await _taken_over(one, other, postgres.url, world, result)
                    progress("take-over")
                await _finish(world, postgres.url)
                await _end_in_order(servers[count % 2], world, result)
    return result


async def _taken_over(one: Server, other: Server, url: str, world: World, result: Result) -> None:
    site, after = world.site, "take-over"
    site.patience_seconds = PATIENCE_SECONDS
    frozen_at, frozen_moment = trio.current_time(), time.time() * 1000
    one.send(signal.SIGSTOP)
    with trio.fail_after(TAKE_OVER_SECONDS_MOST):
        # Nothing tells that another process's lease has run out but a start that succeeds.
        while not await _started(other, world):  # noqa: ASYNC110
            await trio.sleep(AGAIN_SECONDS)
    result.takeovers.append(trio.current_time() - frozen_at)
    site.move_to(other.port)
    site.patience_seconds = STOP_SECONDS_MOST
    await trio.sleep(world.chance.uniform(*LOAD_SECONDS))
    woken_at = trio.current_time()
    one.send(signal.SIGCONT)
    code = await one.wait()
    if trio.current_time() - woken_at > STOP_SECONDS_MOST:
        world.report(Finding("conduct", "the thawed engine took too long to end", after))
    _check_end(code, one, world, after)
    world.read_log(one, after)
    site.gate.close()
    await site.gate.idle()
    check = await world.check(url, after)
    for operation in world.ledger.operations:
        for attempt in operation.attempts:
            if not (attempt.late and attempt.port == one.port and attempt.sent_at >= frozen_at):
                continue
            result.late_answers += attempt.status != 0
            if attempt.outcome == "acknowledged" and operation.effects:
                # True only if the step had been taken before: then it is a repeat, which commits nothing.
                taken = check.moments(operation)
                if not any(moment.entry.at <= frozen_moment for moment in taken):
                    world.report(
                        Finding("conduct", f"a thawed engine said yes: {operation}", after)
                    )
    result.faults[after] += 1
    site.gate.open()


async def _started(server: Server, world: World) -> bool:
    """Whether it could take over. While the other's lease lasts it must say so in one line."""
    try:
        await server.start()
    except ServerEnded:
        _check_end(await server.wait(), server, world, "a start while another engine is alive")
        return False
    return True


@contextmanager
def _ended_at_last(*servers: Server) -> Iterator[None]:
    """Whatever happens, none of them outlives the block."""
    try:
        yield
    finally:
        for server in servers:
            server.kill()


def _tell_nobody(_event: str, /, **_fields: object) -> None:
    """The database's life is not what is shown here."""
