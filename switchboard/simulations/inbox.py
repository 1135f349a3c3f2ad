"""What a person is told: the notices of its account's topic, heard live, and read on from the store after a gap."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
import trio

from switchboard.engine.errors import Unavailable
from switchboard.engine.ports import StoredNotice
from switchboard.engine.runtime.announcements import Announcement, Lagged
from switchboard.engine.sessions import Address
from switchboard.engine.sessions.gig import GigNotice
from switchboard.simulations.trace import Violation

if TYPE_CHECKING:
    from switchboard.simulations.world import Life, World

PAGE = 100
AGAIN_SECONDS = 1.0
"""Before notices are asked for again while the database is away."""

HOLE = "notices are heard in order and without a silent hole"

DECODER = msgspec.json.Decoder(GigNotice)


class Inbox:
    """One account's notices.

    Args:
        told: called with every notice about a gig, in order.
    """

    def __init__(self, world: World, account: str, told: Callable[[GigNotice], None]) -> None:
        self._world = world
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
                        await self._hear(await subscription.receive(), life)
                except Lagged:
                    continue
                except Unavailable:
                    await trio.sleep(AGAIN_SECONDS)

    async def _catch_up(self, life: Life) -> None:
        while True:
            page = await life.store.sessions.notices(self._topic, self._last, PAGE)
            for notice in page:
                self._take(notice)
            if len(page) < PAGE:
                return

    async def _hear(self, heard: Announcement, life: Life) -> None:
        if heard.sequence > self._last + 1:
            weather = self._world.weather
            if not weather.lost_answers and not weather.outages:
                # Only a commit whose answer was lost may be announced after a later one.
                seen = f"{self._account} hears {heard.sequence} after {self._last}"
                self._world.judge.fail(Violation(HOLE, seen, [Address("person", self._account)]))
            await self._catch_up(life)
        self._take(heard)

    def _take(self, notice: Announcement | StoredNotice) -> None:
        if notice.sequence <= self._last:
            return
        self._last = notice.sequence
        if notice.name == "gig":
            self._told(DECODER.decode(notice.body))

    async def rest(self, life: Life) -> None:
        """At the end: everything that was stored must have been heard by now."""
        stored = await life.store.sessions.notices(self._topic, self._last, PAGE)
        if stored:
            seen = f"{self._account} never heard {[one.sequence for one in stored]}"
            self._world.judge.fail(Violation(HOLE, seen, [Address("person", self._account)]))
