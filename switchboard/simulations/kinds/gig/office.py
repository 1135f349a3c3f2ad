"""The back office of a world: takes voted gigs on, and now and then ends a live one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import trio

from switchboard.engine.errors import Unavailable
from switchboard.engine.ports import Header
from switchboard.engine.sessions.gig import LIVE, AdvanceGig, EndGig
from switchboard.simulations.calls import Life
from switchboard.simulations.kinds.gig.phone import GigPhone
from switchboard.simulations.kinds.habits import BRISK_PACE
from switchboard.simulations.life import Unreachable

if TYPE_CHECKING:
    from switchboard.simulations.world import World

ROUND_SECONDS = 300.0
"""On average between two looks at the list."""

ADVANCED_MOST = 20
PATIENCE_SECONDS = 30.0

ENDS = 0.1
"""The share of rounds in which an administrator ends some live gig."""

ADMINISTRATOR = "system:admin"


class Office:
    """The administrator's doings, through the same engine as everybody's."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._chance = world.chance("office")
        self._phone = GigPhone(world, ADMINISTRATOR, self._chance, PATIENCE_SECONDS)

    async def run(self) -> None:
        """Rounds, until the plan's hours are over."""
        pace = BRISK_PACE if self._world.scenario.brisk else 1.0
        while not self._world.over.is_set():
            await trio.sleep(pace * self._chance.expovariate(1 / ROUND_SECONDS))
            for header in await self._gigs(("voted", "invoiceGenerated", "invoiceSent")):
                if self._chance.random() < 0.5:
                    command = AdvanceGig(expected=header.phase)
                    await self._phone.of_gig(header.address.id, command)
            if self._chance.random() < ENDS:
                live = await self._gigs(tuple(sorted(LIVE)))
                if live:
                    await self._phone.of_gig(self._chance.choice(live).address.id, EndGig())

    async def rest(self, life: Life) -> None:
        """See ``Inhabitant``: it expects nothing."""

    async def _gigs(self, phases: Sequence[str]) -> Sequence[Header]:
        life = await self._world.up()
        try:
            return await life.reach(
                lambda life: life.store.sessions.headers("gig", phases, ADVANCED_MOST)
            )
        except (Unavailable, Unreachable):
            return ()
