"""Handshakes of both parties, and a video provider that fails one of them."""

from __future__ import annotations

import pytest
import trio
from cities import City
from engines import Room
from trio.testing import MockClock, wait_all_tasks_blocked

from switchboard.engine.errors import VideoUnavailable
from switchboard.engine.sessions.gig import ClaimGig, ConfirmGig, Gig
from switchboard.engine.sessions.kind import Address
from switchboard.engine.sessions.video import VideoSession


class Fragile(Room):
    """Fails the first who asks, when it is told to; serves the others."""

    def __init__(self) -> None:
        super().__init__()
        self.fail = trio.Event()
        self._asked = 0

    async def open(self, kind: str, session: str) -> VideoSession:
        """The room of that session."""
        self._asked += 1
        if self._asked == 1:
            await self.fail.wait()
            raise VideoUnavailable
        return await super().open(kind, session)


async def enroute(city: City) -> str:
    """The id of a gig that waits for its parties' handshakes."""
    operator = await city.online("a")
    gig = await city.request("customer")
    await city.ask(gig, ClaimGig(operator=operator))
    await city.ask(gig, ConfirmGig(account=city.id("customer")))
    return gig.id


async def test_who_is_failed_by_the_provider_gets_the_keys_of_the_room_that_the_other_has_opened(
    autojump_clock: MockClock,
) -> None:
    city = City()
    async with city.running(), trio.open_nursery() as nursery:
        gig = await enroute(city)
        city.engine.video = room = Fragile()
        phases: list[str] = []

        async def handshake() -> None:
            phases.append((await city.dispatch.handshake(gig, city.id("customer"))).phase)

        nursery.start_soon(handshake)
        await wait_all_tasks_blocked()
        other = await city.dispatch.handshake(gig, city.id("a"))
        assert other.phase == "handshaking"
        room.fail.set()
        await wait_all_tasks_blocked()
        assert phases == ["handshaking"]
        assert room.opened == [gig]


async def test_a_gig_without_a_room_fails_with_its_provider(autojump_clock: MockClock) -> None:
    city = City()
    async with city.running():
        gig = await enroute(city)
        city.engine.video = room = Fragile()
        room.fail.set()
        with pytest.raises(VideoUnavailable):
            await city.dispatch.handshake(gig, city.id("customer"))
        state = await city.engine.read(Address("gig", gig))
        assert isinstance(state, Gig)
        assert state.phase == "failed"
