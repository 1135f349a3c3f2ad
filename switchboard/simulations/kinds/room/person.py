"""What everybody in a room has: a phone, a temperament, readers of its rooms, and how it reads."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import trio

from switchboard.engine.errors import Unavailable
from switchboard.simulations.calls import Life
from switchboard.simulations.kinds.habits import BRISK_PACE, KEYED
from switchboard.simulations.kinds.room.phone import RoomPhone, desk
from switchboard.simulations.kinds.room.reader import Reader
from switchboard.simulations.kinds.temperament import Temperament
from switchboard.simulations.life import Unreachable

if TYPE_CHECKING:
    from switchboard.simulations.world import World

READERS_MOST = 4
"""Rooms that somebody listens to; the ones met first are left."""


class RoomPerson(ABC):
    """One account in rooms; a subclass says what it does."""

    def __init__(self, world: World, account: str) -> None:
        self.world = world
        self.account = account
        self.chance = chance = world.chance(f"room person/{account}")
        self.temper = Temperament.draw(chance)
        keyed = chance.random() < KEYED
        self.phone = RoomPhone(world, account, chance, self.temper.patience, keyed=keyed)
        self.pace = BRISK_PACE if world.scenario.brisk else 1.0
        self._readers: dict[str, tuple[Reader, trio.CancelScope]] = {}
        self._listening: trio.Nursery | None = None

    async def run(self) -> None:
        """Lives until the plan's hours are over, and listens until cancelled."""
        async with trio.open_nursery() as listening:
            self._listening = listening
            async with trio.open_nursery() as nursery:
                self.begin(nursery)
                await self.world.over.wait()
                nursery.cancel_scope.cancel()

    @abstractmethod
    def begin(self, nursery: trio.Nursery) -> None:
        """Starts what it does."""

    async def rest(self, life: Life) -> None:
        """See ``Inhabitant``."""
        for reader, _ in self._readers.values():
            await reader.rest(life)

    def listen(self, room: str) -> Reader:
        """Its connection to that room."""
        if room not in self._readers:
            assert self._listening is not None, "it lives"
            if len(self._readers) >= READERS_MOST:
                _, scope = self._readers.pop(next(iter(self._readers)))
                scope.cancel()
            scope = trio.CancelScope()
            self._readers[room] = (Reader(self.world, self.account, room), scope)
            self._listening.start_soon(self._follow, room)
        return self._readers[room][0]

    async def _follow(self, room: str) -> None:
        reader, scope = self._readers[room]
        with scope:
            await reader.run()

    async def read(self, room: str) -> None:
        """Marks what it heard last, or something older: a marker does not go back for that."""
        life = await self.world.up()
        try:
            newest = await life.reach(lambda life: desk(life).messages.before(room, None, 3))
        except (Unavailable, Unreachable):
            return
        if newest:
            await self.phone.mark(self.chance.choice(newest))

    async def pause(self, seconds: float) -> None:
        """So long on average."""
        await trio.sleep(self.pace * self.chance.expovariate(1 / seconds))
