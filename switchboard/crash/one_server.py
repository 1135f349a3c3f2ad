"""A trial of one server with its own Postgres: it is killed, stopped, and cut off from its database."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from pathlib import Path

import trio

from switchboard.crash.ending import (
    LOAD_SECONDS,
    STOP,
    Progress,
    Result,
    check_end,
    end_in_order,
    ended_at_last,
    finish,
)
from switchboard.crash.postgres import FAULTS, Postgres, drawn
from switchboard.crash.server import Server, ServerEnded
from switchboard.crash.world import SETTINGS, World, open_world
from switchboard.processes import free_port, switchboard_command

AFTERMATH_SECONDS_MOST = 0.3
"""People go on for so long after a fault of the database, before it is looked at."""

EARLY = "switchboard.crash.early_answers"

KILL = "kill -9"


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
    async with ended_at_last({data_dir: server}), open_world(plan.seed, plan.places) as world:
        result.counts = world.counts
        await server.start()
        postgres = Postgres(data_dir, world.chance)
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
        await finish(world, postgres.url)
        await end_in_order(server, postgres, world, result)
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
        await end_in_order(server, postgres, world, result)
    else:
        await FAULTS[name].do(postgres)
        await trio.sleep(world.chance.uniform(0.0, AFTERMATH_SECONDS_MOST))
    site.gate.close()
    if name in (KILL, STOP):
        site.hang_up()
    await site.gate.idle()
    if await _came_back(server):
        return
    if name not in (KILL, STOP):
        check_end(await server.wait(), server, world, name)
    world.read_log(server, name)
    site.hang_up()
    result.restarts.append(await server.start())


async def _came_back(server: Server) -> bool:
    """Whether it is ready again by itself; it ends if it has lost its database too often."""
    if not server.alive:
        return False
    try:
        await server.ready()
    except ServerEnded:
        return False
    return True
