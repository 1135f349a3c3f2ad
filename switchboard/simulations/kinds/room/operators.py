"""Operators of the desk: they take rooms, answer, tag, hand over or close, write into others' rooms, fall silent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from switchboard.engine.sessions.room import Room
from switchboard.simulations.kinds.room.person import RoomPerson
from switchboard.simulations.kinds.room.phone import rooms_known

if TYPE_CHECKING:
    from switchboard.simulations.world import World

LOOKS_SECONDS = 100.0
"""On average between two rooms."""

HEARS_SECONDS = 20.0
"""Between two signs that its connection is there; in a brisk scenario some get lost within the holder's 60 s."""

THINK_SECONDS = 25.0
STEPS_MOST = 6
VANISHES_SECONDS = 1500.0
"""Longer than the holder's time (900 s)."""

TAGS = ("card", "loan", "app")

ACTIONS = {
    "answer": 55,
    "tag": 10,
    "untag": 5,
    "take again": 5,
    "read": 15,
    "vanish": 5,
    "close": 1,
}
"""What an operator does in a room that it holds, by weight."""


class DeskOperator(RoomPerson):
    """One operator."""

    def __init__(self, world: World) -> None:
        super().__init__(world, world.new_id())
        self._holds: str | None = None
        self._silent = False

    def begin(self, nursery: trio.Nursery) -> None:
        """See ``RoomPerson``."""
        nursery.start_soon(self._connection)
        nursery.start_soon(self._serve)

    async def _connection(self) -> None:
        while True:
            await trio.sleep(HEARS_SECONDS * self.chance.uniform(0.7, 1.3))
            if not self._silent:
                await self.phone.hear(self._holds)

    async def _serve(self) -> None:
        while True:
            await self.pause(LOOKS_SECONDS)
            known = rooms_known(self.world)
            if not known:
                continue
            room = await self.phone.look_at(self.chance.choice(known[-8:]).id)
            if room is None or room.phase != "active":
                continue
            if room.purpose != "support" and self.chance.random() < 0.8:
                continue  # Only a support room can be taken; now and then it tries another.
            if self.chance.random() < self.world.scenario.meddling:
                # Into a room that may be another's, and into one that has no desk.
                await self.phone.post(room, "staff")
            answer = await self.phone.take(room.id)
            if answer.state is not None:
                await self._hold(answer.state)

    async def _hold(self, room: Room) -> None:
        self._holds = room.id
        self.listen(room.id)
        for _ in range(self.chance.randint(1, STEPS_MOST)):
            if not await self._step(room):
                self._holds = None
                return
            await self.pause(THINK_SECONDS)
        if self.chance.random() < self.temper.keeps_shift:
            await self.phone.free(room.id, closes=self.chance.random() < 0.7)
        # Whoever just goes keeps it until its time is over, or goes on being heard.
        self._holds = None

    async def _step(self, room: Room) -> bool:
        """One thing. False: the operator is gone."""
        match self.chance.choices(list(ACTIONS), list(ACTIONS.values()))[0]:
            case "answer":
                await self.phone.post(room, "staff")
            case "tag":
                await self.phone.tag(room.id, self.chance.choice(TAGS), adds=True)
            case "untag":
                await self.phone.tag(room.id, self.chance.choice(TAGS), adds=False)
            case "take again":
                await self.phone.take(room.id)
            case "read":
                await self.read(room.id)
            case "close":
                await self.phone.close(room.id)
                return False
            case "vanish":
                self._silent = True
                self._holds = None
                await trio.sleep(self.pace * self.chance.random() * VANISHES_SECONDS)
                self._silent = False
                return False
        return True
