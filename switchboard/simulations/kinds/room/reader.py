"""Somebody who listens to a room: live, and read on from the store after a gap. Nothing is missed or heard twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import trio

from switchboard.engine.runtime.announcements import Announcement
from switchboard.engine.sessions.room.events import MessagePosted
from switchboard.engine.workflows.messages import Message
from switchboard.simulations.checkers.names import HOLE
from switchboard.simulations.kinds.room.phone import address, desk
from switchboard.simulations.life import Life
from switchboard.simulations.listener import PAGE, Listener
from switchboard.simulations.trace import Violation

if TYPE_CHECKING:
    from switchboard.simulations.world import World

DECODER = msgspec.json.Decoder(MessagePosted)


class Reader(Listener):
    """One connection's view of a room."""

    def __init__(self, world: World, account: str, room: str) -> None:
        super().__init__(world, f"room/{room}", f"reader/{account}/{room}")
        self._account = account
        self.room = room
        self._sequence = self._number = 0
        self.news = trio.Event()
        """Set at the next message."""

    async def _hear(self, heard: Announcement, life: Life) -> None:
        if heard.name != MessagePosted.__name__ or heard.sequence <= self._sequence:
            return
        message = DECODER.decode(heard.body)
        if message.number > self._number + 1:
            if not self._world.weather.unknown:
                # Only a commit whose answer was lost may be announced after a later one.
                self._fail(f"hears message {message.number} after {self._number}")
            await self._catch_up(life)
        if message.sequence > self._sequence:
            self._take(message)

    async def _catch_up(self, life: Life) -> None:
        while True:
            page = await self._page(life)
            for message in page:
                self._take(message)
            if len(page) < PAGE:
                return

    async def _page(self, life: Life) -> list[Message]:
        after = self._sequence
        return await life.reach(lambda life: desk(life).messages.after(self.room, after, PAGE))

    def _take(self, message: Message | MessagePosted) -> None:
        if message.number != self._number + 1 or message.sequence <= self._sequence:
            self._fail(f"has message {self._number} and then {message.number}")
        self._sequence, self._number = message.sequence, message.number
        self.news.set()
        self.news = trio.Event()

    def _fail(self, seen: str) -> None:
        violation = Violation(HOLE, f"{self._account} {seen} of {self.room}", [address(self.room)])
        self._world.judge.fail(violation)

    async def rest(self, life: Life) -> None:
        """At the end: everything that was stored must have been heard by now."""
        left = await self._page(life)
        if left:
            self._fail(f"never heard messages {[one.number for one in left]}")
