"""What a person is told: the notices of its account's topic, heard live, and read on from the store after a gap."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from switchboard.engine.ports import StoredNotice
from switchboard.engine.runtime.announcements import Announcement
from switchboard.engine.sessions import Address
from switchboard.simulations.checkers.names import HOLE
from switchboard.simulations.life import Life
from switchboard.simulations.listener import PAGE, Listener
from switchboard.simulations.trace import Violation

if TYPE_CHECKING:
    from switchboard.simulations.world import World


class Inbox(Listener):
    """One account's notices.

    Args:
        told: called with (name, body) of every notice, in order.
    """

    def __init__(self, world: World, account: str, told: Callable[[str, bytes], None]) -> None:
        super().__init__(world, f"account/{account}", f"inbox/{account}")
        self._account = account
        self._told = told
        self._last = 0

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
