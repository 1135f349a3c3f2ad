"""Clients of the desk: each has one support room, writes into it, reads, and sometimes leaves for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from switchboard.engine.sessions.room import Room
from switchboard.engine.workflows.room_requests import support
from switchboard.simulations.kinds.room.person import RoomPerson

if TYPE_CHECKING:
    from switchboard.simulations.world import World

REALM, APP = "ally", "desk"

ASKS_SECONDS = 500.0
"""On average between two questions."""

REPLY_SECONDS = 40.0
LINES_MOST = 4
CLOSES = 0.04
"""The share of talks after which the room is closed for good: the next one has another room."""


class Client(RoomPerson):
    """One client."""

    def __init__(self, world: World) -> None:
        super().__init__(world, world.new_id())

    def begin(self, nursery: trio.Nursery) -> None:
        """See ``RoomPerson``."""
        nursery.start_soon(self._ask)

    async def _ask(self) -> None:
        while True:
            await self.pause(ASKS_SECONDS)
            answer = await self._open()
            if answer is None:
                continue
            for _ in range(self.chance.randint(1, LINES_MOST)):
                await self._say(answer)
                reader = self.listen(answer.id)
                with trio.move_on_after(self.pace * self.chance.expovariate(1 / REPLY_SECONDS)):
                    await reader.news.wait()
                if self.chance.random() < self.temper.rates:
                    await self.read(answer.id)
            if self.chance.random() < CLOSES:
                await self.phone.close(answer.id)

    async def _open(self) -> Room | None:
        new = support(REALM, APP, self.account)
        async with trio.open_nursery() as nursery:
            if self.chance.random() < self.temper.taps_twice:
                nursery.start_soon(self.phone.open, new)
            answer = await self.phone.open(new)
        return answer.state if isinstance(answer.state, Room) else None

    async def _say(self, room: Room) -> None:
        async with trio.open_nursery() as nursery:
            if self.chance.random() < self.temper.taps_twice:
                nursery.start_soon(self.phone.post, room, "client")
            await self.phone.post(room, "client")
