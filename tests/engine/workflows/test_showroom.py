"""The showroom: who is offered what next, whatever goes wrong in between."""

from __future__ import annotations

import pytest
import trio
from engines import Room
from houses import CODE, House
from trio.testing import MockClock, wait_all_tasks_blocked

from switchboard.engine.errors import (
    Engaged,
    NobodyAvailable,
    NoDealers,
    NotFound,
    OrganizationDisabled,
)
from switchboard.engine.sessions.gig import CancelGig, ClaimGig, Gig
from switchboard.engine.sessions.kind import Address
from switchboard.engine.sessions.stream import PassOffer, Stream
from switchboard.engine.sessions.video import VideoSession

LATITUDE, LONGITUDE = 10.0, 106.0


async def test_the_dealer_who_was_heard_last_is_found_first(autojump_clock: MockClock) -> None:
    house = House()
    async with house.running():
        for name in ("a", "b", "c"):
            await house.online(name)
        await house.showroom.ping(house.people["b"])
        streams = [await house.request() for _ in range(3)]
        assert [await house.offered(stream) for stream in streams] == ["b", "c", "a"]
        with pytest.raises(NobodyAvailable) as caught:
            await house.request()
        kept = await house.engine.read(Address("stream", caught.value.session))
        assert isinstance(kept, Stream)
        assert kept.phase == "missed-offline"


async def test_requests_are_refused_before_anything_is_stored(autojump_clock: MockClock) -> None:
    house = House()
    async with house.running():
        with pytest.raises(NotFound):
            await house.showroom.requests.make("nowhere", "xxx", address="1.2.3.4")
        with pytest.raises(NoDealers):
            await house.request()
        await house.engine.store.organizations.enable(house.id, False)
        with pytest.raises(OrganizationDisabled):
            await house.request()
        assert not house.world.database.sessions


async def test_the_next_dealer_may_be_one_who_came_online_meanwhile(
    autojump_clock: MockClock,
) -> None:
    house = House()
    async with house.running():
        await house.online("a")
        stream = await house.request()
        await trio.sleep(15)
        await house.online("b")
        assert await house.offered(stream) == "a"
        await trio.sleep(15)
        assert await house.offered(stream) == "b"
        await trio.sleep(31)
        assert await house.offered(stream) is None
        await house.online("c")
        assert await house.offered(stream) == "c"


async def test_who_waited_longest_is_served_first_when_a_dealer_becomes_free(
    autojump_clock: MockClock,
) -> None:
    """By the end of another stream, of an offer, of a gig."""
    house = House()
    async with house.running():
        await house.online("a")
        await house.online("b")
        busy = await house.request()
        await house.accept(busy, "b")
        first = await house.request()
        assert await house.offered(first) == "a"
        await trio.sleep(31)
        assert await house.offered(first) is None
        second = await house.request()
        assert await house.offered(second) == "a"
        await house.showroom.stop(busy.id, None)
        assert await house.offered(first) == "b"


async def test_an_operator_in_a_gig_is_no_free_dealer_until_the_gig_is_over(
    autojump_clock: MockClock,
) -> None:
    house = House()
    async with house.running():
        dealer = await house.online("a")
        await house.online("b")
        await house.dispatch.online(dealer, LATITUDE, LONGITUDE)
        gig = await house.dispatch.request(house.world.id(), LATITUDE, LONGITUDE)
        address = Address("gig", gig.id)
        await house.engine.ask(address, ClaimGig(operator=dealer), by=dealer)
        stream = await house.request()
        assert await house.offered(stream) == "b"
        with pytest.raises(NobodyAvailable):
            await house.request()
        await trio.sleep(31)
        assert await house.offered(stream) is None
        await house.engine.ask(address, CancelGig(account=dealer), by=dealer)
        assert await house.offered(stream) == "a"


async def test_a_dealer_that_streams_is_offered_no_gig(autojump_clock: MockClock) -> None:
    house = House()
    async with house.running():
        dealer = await house.online("a")
        await house.dispatch.online(dealer, LATITUDE, LONGITUDE)
        near = await house.dispatch.near(LATITUDE, LONGITUDE, without=None)
        assert [one.account for one in near] == [dealer]
        stream = await house.accept(await house.request(), "a")
        assert await house.dispatch.near(LATITUDE, LONGITUDE, without=None) == []
        await house.showroom.stop(stream.id, None)
        assert len(await house.dispatch.near(LATITUDE, LONGITUDE, without=None)) == 1


async def test_a_gig_that_waits_for_a_dealer_who_streams_now_waits_no_more(
    autojump_clock: MockClock,
) -> None:
    house = House()
    async with house.running():
        dealer = await house.online("a")
        await house.dispatch.online(dealer, LATITUDE, LONGITUDE)
        stream = await house.request()
        # The gig was offered before the stream was, as far as anybody could see.
        await house.engine.ask(
            Address("stream", stream.id), PassOffer(dealer=dealer), by="system:test"
        )
        gig = await house.dispatch.request(house.world.id(), LATITUDE, LONGITUDE)
        await house.accept(stream, "a")
        await trio.sleep(1)
        state = await house.engine.read(Address("gig", gig.id))
        assert isinstance(state, Gig)
        assert state.phase == "allOperatorsRejected"


async def test_a_dealer_that_is_engaged_while_it_was_looked_for_is_passed_over(
    autojump_clock: MockClock,
) -> None:
    """Five visitors at once and four dealers: each dealer is found once, and one visitor hears the truth."""
    house = House()
    async with house.running():
        for name in ("a", "b", "c", "d"):
            await house.online(name)
        found: list[str | None] = []

        async def ask(guest: str) -> None:
            try:
                found.append((await house.request(guest)).offered_to)
            except NobodyAvailable:
                found.append(None)

        async with trio.open_nursery() as nursery:
            for guest in ("1", "2", "3", "4", "5"):
                nursery.start_soon(ask, guest)
        assert set(found) == {None, *house.people.values()}
        assert len(found) == 5


async def test_an_accept_takes_the_dealer_from_nothing_else(autojump_clock: MockClock) -> None:
    house = House()
    async with house.running():
        await house.online("a")
        first = await house.request()
        await trio.sleep(31)
        second = await house.request()
        with pytest.raises(Engaged) as caught:
            await house.accept(first, "a")
        assert caught.value.session == second.id


class SlowRoom(Room):
    """A video provider that opens a room when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.go = trio.Event()

    async def open(self, kind: str, session: str) -> VideoSession:
        """The room of that session."""
        await self.go.wait()
        return await super().open(kind, session)


async def test_a_dealer_that_leaves_while_the_room_is_opened_does_not_keep_the_offer(
    autojump_clock: MockClock,
) -> None:
    house = House()
    async with house.running():
        await house.online("b")
        await house.online("a")
        house.engine.video = room = SlowRoom()
        streams: list[Stream] = []

        async def ask() -> None:
            streams.append(await house.request())

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            await wait_all_tasks_blocked()
            await house.offline("a")
            room.go.set()
        assert await house.offered(streams[0]) == "b"
        assert [offer.answer for offer in (await house.read(streams[0])).offers] == [
            "offline",
            "waiting",
        ]


async def test_two_streams_that_ask_at_once_are_offered_to_two_dealers(
    autojump_clock: MockClock,
) -> None:
    house = House()
    async with house.running():
        await house.online("c")
        await house.online("d")
        streams = [await house.request(), await house.request()]
        await house.online("a")
        await house.online("b")
        await trio.sleep(29)
        assert {await house.offered(stream) for stream in streams} == {"a", "b"}


async def test_a_visitor_whose_stream_has_just_ended_gets_a_new_one(
    autojump_clock: MockClock,
) -> None:
    house = House()
    async with house.running():
        await house.online("a")
        first = await house.request("g")
        again = await house.request("g")
        assert again.id == first.id
        await house.showroom.stop(first.id, "viewer")
        assert (await house.request("g")).id != first.id


async def test_the_organization_may_be_called_by_its_code_in_any_case(
    autojump_clock: MockClock,
) -> None:
    house = House()
    async with house.running():
        await house.online("a")
        stream = await house.showroom.requests.make(CODE.upper(), "x", address="1.2.3.4")
        assert stream.organization == house.id
