"""Somebody who listens to a topic: live, and read on from the store after a gap, at one engine after the other."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import trio

from switchboard.engine.errors import Unavailable
from switchboard.engine.runtime.announcements import Announcement, Lagged
from switchboard.simulations.life import Life, Unreachable

if TYPE_CHECKING:
    from switchboard.simulations.world import World

PAGE = 100
AGAIN_SECONDS = 1.0
"""Before the store is asked again while the database is away."""

CARRIED_SECONDS_MOST = 0.3
"""What is told takes up to so long from the engine to its person; each connection keeps the order."""


class Listener(ABC):
    """One connection; a subclass says what is heard and how it is read on.

    Args:
        purpose: of its chance.
    """

    def __init__(self, world: World, topic: str, purpose: str) -> None:
        self._world = world
        self._topic = topic
        self._chance = world.chance(purpose)

    async def run(self) -> None:
        """Listens to one engine after the other, until cancelled."""
        while True:
            life = await self._world.up()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._listen, life)
                await life.ended.wait()
                nursery.cancel_scope.cancel()

    async def _listen(self, life: Life) -> None:
        while True:
            with life.engine.announcements.subscribe(self._topic) as subscription:
                try:
                    await self._catch_up(life)
                    while True:
                        heard = await subscription.receive()
                        await trio.sleep(self._chance.random() * CARRIED_SECONDS_MOST)
                        await self._hear(heard, life)
                except Lagged:
                    continue
                except (Unavailable, Unreachable):
                    await trio.sleep(AGAIN_SECONDS)

    @abstractmethod
    async def _catch_up(self, life: Life) -> None:
        """Reads what came after what was heard last. Raises: Unavailable, Unreachable."""

    @abstractmethod
    async def _hear(self, heard: Announcement, life: Life) -> None:
        """Something was announced. Raises: Unavailable, Unreachable."""
