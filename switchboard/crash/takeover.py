"""A trial of engines that wake up too late: one is frozen until another has taken its database over."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import trio

from switchboard.crash.checks import Check
from switchboard.crash.ending import (
    LOAD_SECONDS,
    STOP_SECONDS_MOST,
    Progress,
    Result,
    check_end,
    end_in_order,
    ended_at_last,
    finish,
)
from switchboard.crash.findings import Finding
from switchboard.crash.server import Server, ServerEnded
from switchboard.crash.world import SETTINGS, World, open_world
from switchboard.processes import free_port, switchboard_command
from switchboard.store.embedded import embedded_postgres

TAKE_OVER = "take-over"

LEASE_SECONDS = 2.0
"""Of the engines that take over from each other: the default of 15 would only make the trial longer."""

PATIENCE_SECONDS = 0.7
"""Of clients whose server is frozen: they ask again, so that more waits for it when it wakes."""

AGAIN_SECONDS = 0.2
"""Before a start that was refused, because another engine is alive, is tried again, as a service manager does."""

TAKE_OVER_SECONDS_MOST = 60.0
"""For the lease to run out, and a start or two on a busy machine."""


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
        leaving = ended_at_last(dict(zip(folders, servers, strict=True)))
        async with leaving, open_world(seed, places) as world:
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
                progress(TAKE_OVER)
            await finish(world, postgres.url)
            await end_in_order(servers[count % 2], None, world, result)
    return result


async def _taken_over(one: Server, other: Server, url: str, world: World, result: Result) -> None:
    site, after = world.site, TAKE_OVER
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
    one.send(signal.SIGCONT)
    with trio.move_on_after(STOP_SECONDS_MOST) as waiting:
        check_end(await one.wait(), one, world, after)
    if waiting.cancelled_caught:
        what = f"the thawed engine goes on: {one.last_lines()}"
        world.report(Finding("conduct", what, after))
        await one.end(signal.SIGKILL)
    world.read_log(one, after)
    site.gate.close()
    await site.gate.idle()
    check = await world.check(url, after)
    _judge_late_answers(one, frozen_at, frozen_moment, check, world, result)
    result.faults[after] += 1
    site.gate.open()


def _judge_late_answers(
    thawed: Server,
    frozen_at: float,
    frozen_moment: float,
    check: Check,
    world: World,
    result: Result,
) -> None:
    """What an engine that others have replaced said to requests that were sent while it stood still."""
    for operation in world.ledger.operations:
        for attempt in operation.attempts:
            waited = attempt.late and attempt.port == thawed.port and attempt.sent_at >= frozen_at
            if not waited or attempt.status == 0:
                continue
            result.late_answers += 1
            if attempt.outcome == "acknowledged" and operation.effects:
                # True only if the step had been taken before: then it is a repeat, which commits nothing.
                taken = check.moments(operation)
                if not any(moment.entry.at <= frozen_moment for moment in taken):
                    what = f"a thawed engine said yes: {operation}"
                    world.report(Finding("conduct", what, TAKE_OVER))


async def _started(server: Server, world: World) -> bool:
    """Whether it could take over. While the other's lease lasts it must say so in one line."""
    try:
        await server.start()
    except ServerEnded:
        check_end(await server.wait(), server, world, "a start while another engine is alive")
        return False
    return True


def _tell_nobody(_event: str, /, **_fields: object) -> None:
    """The database's life is not what is shown here."""
