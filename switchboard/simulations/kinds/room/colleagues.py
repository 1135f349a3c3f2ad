"""Colleagues: rooms of two, numbered as company's, into which both write at once; a third joins and leaves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import trio

from switchboard.engine.sessions.room import Room
from switchboard.engine.workflows.room_requests import pair
from switchboard.simulations.kinds.room.person import RoomPerson

if TYPE_CHECKING:
    from switchboard.simulations.world import World

REALM = "company"
TALKS_SECONDS = 400.0
LINE_SECONDS = 20.0
LINES_MOST = 5
INVITES = 0.2


class Colleague(RoomPerson):
    """One of them."""

    def __init__(self, world: World, account: str, all_of_them: Sequence[str]) -> None:
        super().__init__(world, account)
        self._others = [one for one in all_of_them if one != account]

    def begin(self, nursery: trio.Nursery) -> None:
        """See ``RoomPerson``."""
        nursery.start_soon(self._talk)

    async def _talk(self) -> None:
        while True:
            await self.pause(TALKS_SECONDS)
            other = self.chance.choice(self._others)
            room = (await self.phone.open(pair(REALM, self.account, other, numbered=True))).state
            if not isinstance(room, Room):
                continue
            self.listen(room.id)
            for _ in range(self.chance.randint(1, LINES_MOST)):
                await self.phone.post(room, "party", numbered=True)
                await self.pause(LINE_SECONDS)
                if self.chance.random() < self.temper.rates:
                    await self.read(room.id)
            if self.chance.random() < INVITES:
                third, joins = self.chance.choice(self._others), self.chance.random() < 0.6
                await self.phone.member(room.id, third, joins=joins)
