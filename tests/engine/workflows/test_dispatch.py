"""Dispatch: who is found, who is offered a gig, and whose offers are withdrawn."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import trio
from cities import LATITUDE, LONGITUDE, City
from engines import Room, events
from trio.testing import MockClock

from switchboard.engine.errors import (
    Engaged,
    NoOperatorsNearby,
    NotAllowed,
    NotAllowedInPhase,
    RatingRequired,
)
from switchboard.engine.runtime.letter import Key
from switchboard.engine.sessions.gig import (
    GIG,
    CancelGig,
    ClaimGig,
    ConfirmGig,
    Gig,
    RateGig,
    RejectOffer,
    WithdrawOffer,
)
from switchboard.engine.sessions.kind import Context, Event
from switchboard.engine.sessions.person import PERSON


async def test_operators_are_found_nearest_first_and_only_within_the_radius(
    autojump_clock: MockClock,
) -> None:
    city = City()
    async with city.running():
        for name, distance in (("far", 10.2), ("b", 5.0), ("a", 1.0), ("c", 9.8)):
            await city.online(name, distance)
        assert await city.near() == ["a", "b", "c"]
        gig = await city.request("customer")
        assert [offer.operator for offer in gig.offers] == [city.id(n) for n in "abc"]
        assert 990 < gig.offers[0].distance_metres < 1010


async def test_at_most_ten_operators_get_an_offer_and_never_the_customer(
    autojump_clock: MockClock,
) -> None:
    city = City()
    async with city.running():
        for number in range(14):
            await city.online(f"o{number}", number / 10)
        gig = await city.dispatch.request(city.id("o3"), LATITUDE, LONGITUDE)
        assert len(gig.offers) == 10
        assert city.id("o3") not in [offer.operator for offer in gig.offers]


async def test_nobody_near_is_said_so_but_ones_own_gig_or_debt_comes_first(
    autojump_clock: MockClock,
) -> None:
    city = City()
    async with city.running():
        with pytest.raises(NoOperatorsNearby):
            await city.request("customer")
        await city.online("a")
        gig = await city.request("customer")
        await city.ask(gig, ClaimGig(operator=city.id("a")))
        with pytest.raises(Engaged) as caught:
            await city.request("customer")
        assert caught.value.session == gig.id
        with pytest.raises(NoOperatorsNearby):
            await city.request("somebody else")


async def test_a_repeated_request_with_its_key_finds_its_gig_though_nobody_is_free(
    autojump_clock: MockClock,
) -> None:
    city = City()
    async with city.running():
        await city.online("a")
        key = Key("people/customer/gigs/1", b"digest")
        gig = await city.request("customer", key)
        assert (await city.request("customer", key)).id == gig.id
        await city.ask(gig, ClaimGig(operator=city.id("a")))
        assert (await city.request("customer", key)).id == gig.id


async def test_an_operator_that_is_silent_for_two_minutes_is_not_available_until_heard_again(
    autojump_clock: MockClock,
) -> None:
    city = City()
    async with city.running():
        await city.online("a")
        await trio.sleep(119)
        await city.dispatch.heartbeat(city.id("a"), LATITUDE, LONGITUDE)
        await trio.sleep(119)
        assert await city.near() == ["a"]
        await trio.sleep(2)
        assert await city.near() == []
        await city.dispatch.heartbeat(city.id("a"), LATITUDE, LONGITUDE)
        assert await city.near() == ["a"]
        await city.dispatch.offline(city.id("a"))
        assert await city.near() == []


async def test_who_was_online_is_found_again_after_a_restart_and_has_its_timeout_anew(
    autojump_clock: MockClock,
) -> None:
    city = City()
    async with city.running():
        await city.online("a", 1.0)
        await city.online("b", 2.0)
        await city.dispatch.offline(city.id("b"))
    await trio.sleep(3600)
    async with city.running():
        assert await city.near() == ["a"]
        await trio.sleep(119)
        assert await city.near() == ["a"]
        await trio.sleep(2)
        assert await city.near() == []
    async with city.running():
        assert await city.near() == []


@pytest.mark.parametrize("how", ["reject", "engaged", "offline", "locked", "silent"])
async def test_a_gig_whose_offered_operators_are_all_gone_is_over(
    how: str, autojump_clock: MockClock
) -> None:
    city = City()
    async with city.running():
        a = await city.online("a")
        if how == "locked":
            earlier = await city.streamed("earlier", "a")
            await city.ask(earlier, RateGig(account=city.id("earlier"), rating=5, rating_id="r"))
            await city.dispatch.heartbeat(a, LATITUDE, LONGITUDE)
            await trio.sleep(50)
        if how == "silent":
            await trio.sleep(115)
        other = await city.request("other") if how == "engaged" else None
        gig = await city.request("customer")
        if how == "reject":
            await city.ask(gig, RejectOffer(operator=a))
        elif how == "engaged":
            assert other is not None
            await city.ask(other, ClaimGig(operator=a))
        elif how == "offline":
            await city.dispatch.offline(a)
        await trio.sleep(15)
        assert (await city.read(gig)).phase == "allOperatorsRejected"
        assert not events(city.engine, "reaction_failed")
        assert not city.world.database.outbox


async def test_a_customer_that_is_engaged_has_its_own_offers_withdrawn(
    autojump_clock: MockClock,
) -> None:
    city = City()
    async with city.running():
        await city.online("both")
        gig = await city.request("customer")
        await city.online("a")
        mine = await city.request("both")
        assert [offer.operator for offer in mine.offers] == [city.id("a")]
        await trio.sleep(1)
        assert (await city.read(gig)).phase == "allOperatorsRejected"


async def test_engaged_and_locked_operators_are_not_found_and_free_ones_at_once(
    autojump_clock: MockClock,
) -> None:
    city = City()
    async with city.running():
        await city.online("a")
        gig = await city.request("customer")
        assert await city.near() == ["a"]
        await city.ask(gig, ClaimGig(operator=city.id("a")))
        assert await city.near() == []
        await city.ask(gig, CancelGig(account=city.id("customer")))
        assert await city.near() == ["a"]
        gig = await city.streamed("customer", "a")
        assert (gig.duration_seconds, gig.price_cents, gig.share_cents) == (69, 1115, 558)
        await trio.sleep(55)
        await city.dispatch.heartbeat(city.id("a"), LATITUDE, LONGITUDE)
        assert await city.near() == ["a"]
        await trio.sleep(6)
        assert await city.near() == []
        with pytest.raises(RatingRequired) as caught:
            await city.request("customer")
        assert caught.value.gig == gig.id
        await city.ask(gig, RateGig(account=city.id("a"), rating=4, rating_id="r1"))
        assert await city.near() == ["a"]
        await city.ask(gig, RateGig(account=city.id("customer"), rating=5, rating_id="r2"))
        assert (await city.read(gig)).phase == "voted"
        await city.request("customer")


async def test_no_room_is_opened_for_who_may_not_enter_it(autojump_clock: MockClock) -> None:
    city = City()
    async with city.running():
        room = city.engine.video
        assert isinstance(room, Room)
        await city.online("a")
        gig = await city.request("customer")
        with pytest.raises(NotAllowedInPhase):
            await city.dispatch.handshake(gig.id, city.id("customer"))
        await city.ask(gig, ClaimGig(operator=city.id("a")))
        await city.ask(gig, ConfirmGig(account=city.id("customer")))
        with pytest.raises(NotAllowed):
            await city.dispatch.handshake(gig.id, city.id("stranger"))
        assert room.opened == []
        await city.dispatch.handshake(gig.id, city.id("customer"))
        await city.dispatch.handshake(gig.id, city.id("a"))
        assert room.opened == [gig.id]


async def test_of_two_operators_that_accept_at_once_exactly_one_wins(
    autojump_clock: MockClock,
) -> None:
    city = City()
    async with city.running():
        a, b = await city.online("a"), await city.online("b")
        for _ in range(200):
            gig = await city.request("customer")
            won: list[str] = []
            lost: list[str] = []

            async def claim(
                who: str, gig: Gig = gig, won: list[str] = won, lost: list[str] = lost
            ) -> None:
                try:
                    await city.ask(gig, ClaimGig(operator=who))
                    won.append(who)
                except NotAllowedInPhase as refusal:
                    lost.append(refusal.phase)

            async with trio.open_nursery() as nursery:
                nursery.start_soon(claim, a)
                nursery.start_soon(claim, b)
            assert len(won) == 1
            assert lost == ["operatorFound"]
            assert (await city.read(gig)).operator == won[0]
            await city.ask(gig, CancelGig(account=city.id("customer")))
            await city.dispatch.heartbeat(a)
            await city.dispatch.heartbeat(b)


async def test_an_operator_that_accepts_two_gigs_at_once_gets_one(
    autojump_clock: MockClock,
) -> None:
    city = City()
    async with city.running():
        a = await city.online("a")
        for round in range(50):
            gigs = [await city.request(f"x{round}"), await city.request(f"y{round}")]
            won: list[str] = []
            holders: list[str] = []

            async def claim(gig: Gig, won: list[str] = won, holders: list[str] = holders) -> None:
                try:
                    await city.ask(gig, ClaimGig(operator=a))
                    won.append(gig.id)
                except Engaged as refusal:
                    holders.append(refusal.session)

            async with trio.open_nursery() as nursery:
                for gig in gigs:
                    nursery.start_soon(claim, gig)
            assert len(won) == 1
            assert holders == won
            await city.ask(won[0], CancelGig(account=a))
            await city.dispatch.heartbeat(a)


async def test_a_gig_that_crashes_on_a_withdrawal_is_in_no_other_gigs_way(
    autojump_clock: MockClock,
) -> None:
    city, broken = City(), set[str]()

    def decide(gig: Gig | None, command: Any, context: Context) -> tuple[Event, ...]:
        if isinstance(command, WithdrawOffer) and gig is not None and gig.id in broken:
            raise ZeroDivisionError("a planted bug")
        return GIG.decide(gig, command, context)

    city.world.kinds = (replace(GIG, decide=decide), PERSON)
    async with city.running():
        await city.online("a")
        gigs = [await city.request(f"customer {number}") for number in range(3)]
        broken.add(gigs[0].id)
        await city.ask(gigs[2], ClaimGig(operator=city.id("a")))
        await trio.sleep(1)
        assert (await city.read(gigs[0])).phase == "pendingOperator"
        assert (await city.read(gigs[1])).phase == "allOperatorsRejected"


async def test_a_gig_that_crashes_when_it_is_rechecked_was_promised_all_the_same(
    autojump_clock: MockClock,
) -> None:
    city = City()

    def decide(gig: Gig | None, command: Any, context: Context) -> tuple[Event, ...]:
        if isinstance(command, WithdrawOffer):
            raise ZeroDivisionError("a planted bug")
        return GIG.decide(gig, command, context)

    city.world.kinds = (replace(GIG, decide=decide), PERSON)
    async with city.running():
        await city.online("a")
        gigs: list[Gig] = []

        async def request() -> None:
            gigs.append(await city.request("customer"))

        async with trio.open_nursery() as nursery:
            held = city.world.gate.held = trio.Event()
            nursery.start_soon(city.dispatch.offline, city.id("a"))
            await trio.testing.wait_all_tasks_blocked()
            # The operator is still there when it is chosen, and is not when the gig has been committed.
            nursery.start_soon(request)
            await trio.testing.wait_all_tasks_blocked()
            city.world.gate.held = None
            held.set()
        assert gigs[0].phase == "pendingOperator"
        assert len(events(city.engine, "recheck_failed")) == 1
