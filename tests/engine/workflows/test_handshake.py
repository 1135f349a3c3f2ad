"""Handshakes of both parties at once, a video provider that fails, and the room of a gig that has ended."""

from __future__ import annotations

import pytest
import trio
from cities import City
from engines import Room
from trio.testing import MockClock, wait_all_tasks_blocked

from switchboard.engine.errors import VideoRefused, VideoUnavailable
from switchboard.engine.sessions.gig import CancelGig, ClaimGig, ConfirmGig, Gig
from switchboard.engine.sessions.kind import Address
from switchboard.engine.sessions.video import VideoSession
from switchboard.engine.workflows.video_rooms import VideoRooms


class Vendor(Room):
    """Answers when it is told to, or fails as told; keeps which rooms it was asked to close."""

    name = "livekit"

    def __init__(self, *fails: VideoUnavailable) -> None:
        super().__init__()
        self.go = trio.Event()
        self.asked: list[str] = []
        self.closed: list[str] = []
        self.fails = list(fails)

    async def open(self, kind: str, session: str) -> VideoSession:
        """The room of that session."""
        self.asked.append(session)
        await self.go.wait()
        if self.fails:
            raise self.fails.pop(0)
        return VideoSession(self.name, f"{session}/{len(self.asked)}", "key")

    async def close(self, room: VideoSession) -> None:
        """Takes note."""
        self.closed.append(room.session_id)
        if self.fails:
            raise self.fails.pop(0)


async def enroute(city: City) -> str:
    """The id of a gig that waits for its parties' handshakes."""
    operator = await city.online("a")
    gig = await city.request("customer")
    await city.ask(gig, ClaimGig(operator=operator))
    await city.ask(gig, ConfirmGig(account=city.id("customer")))
    return gig.id


async def test_two_handshakes_at_once_make_one_room(autojump_clock: MockClock) -> None:
    city = City()
    async with city.running(), trio.open_nursery() as nursery:
        gig = await enroute(city)
        city.engine.video = vendor = Vendor()
        rooms: list[VideoSession | None] = []

        async def handshake(who: str) -> None:
            rooms.append((await city.dispatch.handshake(gig, city.id(who))).video)

        nursery.start_soon(handshake, "customer")
        nursery.start_soon(handshake, "a")
        await wait_all_tasks_blocked()
        assert vendor.asked == [gig]
        vendor.go.set()
        await wait_all_tasks_blocked()
        assert vendor.asked == [gig]
        assert rooms == [VideoSession("livekit", f"{gig}/1", "key")] * 2


async def test_who_gives_up_while_the_room_is_opened_leaves_it_to_the_other(
    autojump_clock: MockClock,
) -> None:
    city = City()
    async with city.running(), trio.open_nursery() as nursery:
        gig = await enroute(city)
        city.engine.video = vendor = Vendor()
        impatient = trio.CancelScope()

        async def handshake() -> None:
            with impatient:
                await city.dispatch.handshake(gig, city.id("customer"))

        nursery.start_soon(handshake)
        nursery.start_soon(city.dispatch.handshake, gig, city.id("a"))
        await wait_all_tasks_blocked()
        impatient.cancel()
        vendor.go.set()
        await wait_all_tasks_blocked()
        state = await city.engine.read(Address("gig", gig))
        assert isinstance(state, Gig)
        assert (state.phase, state.handshaken) == ("handshaking", (city.id("a"),))


async def test_a_gig_fails_when_its_provider_says_so_for_good_and_not_before(
    autojump_clock: MockClock,
) -> None:
    city = City()
    async with city.running():
        gig = await enroute(city)
        city.engine.video = vendor = Vendor(VideoUnavailable("busy"), VideoRefused("no such key"))
        vendor.go.set()
        for expected in ("operatorEnroute", "failed"):
            with pytest.raises(VideoUnavailable):
                await city.dispatch.handshake(gig, city.id("customer"))
            state = await city.engine.read(Address("gig", gig))
            assert isinstance(state, Gig)
            assert state.phase == expected


async def test_the_room_of_a_gig_that_has_ended_is_closed_once_its_provider_takes_it(
    autojump_clock: MockClock,
) -> None:
    city = City()
    async with city.running():
        VideoRooms(city.engine)
        gig = await enroute(city)
        city.engine.video = vendor = Vendor()
        vendor.go.set()
        await city.dispatch.handshake(gig, city.id("customer"))
        vendor.fails = [VideoUnavailable("busy")]
        await city.ask(gig, CancelGig(account=city.id("customer")))
        await trio.sleep(30)
        assert vendor.closed == [f"{gig}/1"] * 2
        assert not await city.engine.store.sessions.outbox(10)


async def test_a_room_that_its_provider_will_not_close_is_logged_and_left(
    autojump_clock: MockClock,
) -> None:
    city = City()
    async with city.running():
        VideoRooms(city.engine)
        gig = await enroute(city)
        city.engine.video = vendor = Vendor()
        vendor.go.set()
        await city.dispatch.handshake(gig, city.id("customer"))
        vendor.fails = [VideoRefused("no such key")]
        await city.ask(gig, CancelGig(account=city.id("customer")))
        await trio.sleep(30)
        assert len(vendor.closed) == 1
        assert city.engine.log.counts["video_not_closed"] == 1
