"""Many people at one moment, and reactions that are delivered again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from switchboard.simulations.calls import Phone

if TYPE_CHECKING:
    from switchboard.simulations.world import World

PATIENCE_SECONDS = 10.0
"""Of those who come in a burst."""

REDELIVERY_SECONDS = 20.0
"""On average between two reactions that are handed over once more."""


async def bursts(world: World) -> None:
    """Lets everybody of one cast's crowd call at once, now and then, until cancelled."""
    chance, scenario = world.chance("bursts"), world.scenario
    while not world.over.is_set():
        await trio.sleep(chance.expovariate(1 / scenario.burst_every_seconds))
        cast = chance.choice(list(world.casts))
        calls = cast.crowd(world, chance, scenario.burst_people)
        if not calls or world.over.is_set():
            continue
        await world.up()
        world.bursts += 1
        world.trace.note(f"a burst of {len(calls)} at {cast.kind.name}s")
        for call in calls:
            phone = Phone(world, call.account, chance, PATIENCE_SECONDS)
            world.nursery.start_soon(phone.tell_once, call.address, call.command)


async def redeliveries(world: World) -> None:
    """Hands rows of the outbox that were committed before to their delivery again, until cancelled."""
    chance = world.chance("redeliveries")
    while not world.over.is_set():
        await trio.sleep(chance.expovariate(1 / REDELIVERY_SECONDS))
        life = await world.up()
        if world.database.rows and not life.frozen:
            row = chance.choice(list(world.database.rows))
            world.trace.note(f"{row.id} is delivered again", row.id, row.target.id)
            life.engine.reactions.deliver([row])
