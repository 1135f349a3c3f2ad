"""Who watches the supervision log: has bugs mended, and releases or ends what is in quarantine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import trio

from switchboard.engine.errors import Rejected, SessionCrashed, Unavailable
from switchboard.engine.ports import QuarantineRow
from switchboard.simulations.life import Unreachable

if TYPE_CHECKING:
    from switchboard.simulations.world import World

ROUND_SECONDS = 40.0
"""Between two looks at the list of what stands still, at most."""

MENDS = 0.8
"""The share of sessions whose bug is mended before they are released; the others crash again."""

ENDS = 0.2
"""The share that is ended rather than released."""

OPERATOR = "system:admin"


class OnCall:
    """Of the whole world, at work until its end."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._chance = world.chance("on call")

    async def run(self) -> None:
        """Rounds, until cancelled."""
        while True:
            await trio.sleep(self._chance.random() * ROUND_SECONDS)
            for row in await self._quarantined():
                await self._see_to(row)

    async def _see_to(self, row: QuarantineRow) -> None:
        world, address, draw = self._world, row.address, self._chance.random
        if draw() < MENDS:
            world.bugs.mend(address.id)
        world.trace.note(f"an operator sees to {address.id}", address.id)
        ends = draw() < ENDS
        life = await world.up()
        try:
            if ends:
                await life.reach(lambda life: life.engine.end(address, by=OPERATOR))
            else:
                await life.reach(lambda life: life.engine.release(address))
        except (Unavailable, Rejected, SessionCrashed, Unreachable) as error:
            world.trace.note(f"the operator heard {error!r}", address.id)

    async def _quarantined(self) -> Sequence[QuarantineRow]:
        life = await self._world.up()
        try:
            return await life.reach(lambda life: life.store.sessions.quarantined())
        except (Unavailable, Unreachable):
            return ()
