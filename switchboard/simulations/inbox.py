"""What a person is told: the notices of its account's topic, heard live, and read on from the store after a gap."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import trio

from switchboard.engine.errors import Unavailable
from switchboard.engine.ports import StoredNotice
from switchboard.engine.runtime.announcements import Announcement, Lagged
from switchboard.engine.sessions import Address
from switchboard.simulations.checkers.names import HOLE
from switchboard.simulations.life import Life, Unreachable
from switchboard.simulations.trace import Violation

if TYPE_CHECKING:
    from switchboard.simulations.world import World

PAGE = 100
AGAIN_SECONDS = 1.0
"""Before notices are asked for again while the database is away."""

CARRIED_SECONDS_MOST = 0.3
"""A notice takes up to so long from the engine to its person; each connection keeps the order."""


class Inbox:
    """One account's notices.

    Args:
        told: called with (name, body) of every notice, in order.
    """

    def __init__(self, world: World, account: str, told: Callable[[str, bytes], None]) -> None:
        self._world = world
        self._chance = world.chance(f"inbox/{account}")
        self._account = account
        self._topic = f"account/{account}"
        self._told = told
        self._last = 0

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

    async def _catch_up(self, life: Life) -> None:
        while True:
            page = await self._page(life)
            for notice in page:
                self._take(notice)
            if len(page) < PAGE:
                return

    async def _page(self, life: Life) -> Sequence[StoredNotice]:
        after = self._last
        return await life.reach(lambda life: life.store.sessions.notices(self._topic, after, PAGE))

    async def _hear(self, heard: Announcement, life: Life) -> None:
        if heard.sequence > self._last + 1:
            weather = self._world.weather
            if not weather.unknown:
                # Only a commit whose answer was lost may be announced after a later one.
                seen = f"{self._account} hears {heard.sequence} after {self._last}"
                self._world.judge.fail(Violation(HOLE, seen, [Address("person", self._account)]))
            await self._catch_up(life)
        self._take(heard)

    def _take(self, notice: Announcement | StoredNotice) -> None:
        if notice.sequence <= self._last:
            return
        self._last = notice.sequence
        self._told(notice.name, notice.body)

    async def rest(self, life: Life) -> None:
        """At the end: everything that was stored must have been heard by now."""
        stored = await self._page(life)
        if stored:
            seen = f"{self._account} never heard {[one.sequence for one in stored]}"
            self._world.judge.fail(Violation(HOLE, seen, [Address("person", self._account)]))
