"""Open offers and ratings, known in memory and right after a restart."""

from __future__ import annotations

from typing import Any, cast

import pytest
import trio
from cities import City
from engines import Gatekeeper
from trio.testing import MockClock

from switchboard.engine.errors import CommitUnknown
from switchboard.engine.ports import Sessions
from switchboard.engine.sessions.gig import CancelGig, ClaimGig, Gig, RateGig
from switchboard.engine.sessions.kind import Address
from switchboard.engine.workflows.offers import OpenOffers
from switchboard.engine.workflows.ratings import Rating, Ratings


async def test_offers_from_before_a_restart_are_withdrawn_too(autojump_clock: MockClock) -> None:
    city = City()
    async with city.running():
        a = await city.online("a")
        old = await city.request("x")
    async with city.running():
        new = await city.request("y")
        other = await city.request("z")
        await city.ask(other, ClaimGig(operator=a))
        await trio.sleep(1)
        assert (await city.read(old)).phase == "allOperatorsRejected"
        assert (await city.read(new)).phase == "allOperatorsRejected"
        for name in ("b", "c"):
            await city.online(name)
            gig = await city.request(f"customer of {name}")
            await city.dispatch.offline(city.id(name))
            await trio.sleep(1)
            assert (await city.read(gig)).phase == "allOperatorsRejected"
        # The first look found the old gig, the second that none is left; from then on all is known.
        assert city.world.gate.calls.count("listed") == 2


class SlowSessions:
    """Lists of one operator take until they are released."""

    def __init__(self, sessions: Any, slow: str) -> None:
        self._slow = slow
        self.timed = sessions.timed
        self._listed = sessions.listed
        self.released = trio.Event()

    async def listed(self, name: str, key: str, *others: Any) -> Any:
        """See ``Sessions``."""
        if key == self._slow:
            await self.released.wait()
        return await self._listed(name, key, *others)


async def test_two_operators_asked_about_at_once_right_after_a_restart_are_both_answered(
    autojump_clock: MockClock,
) -> None:
    city = City()
    async with city.running():
        a, b = await city.online("a"), await city.online("b")
        gig = await city.request("x")
        sessions = SlowSessions(city.engine.store.sessions, slow=b)
        offers = OpenOffers(cast("Sessions", sessions))
        await offers.open()
        await city.ask(gig, CancelGig(account=city.id("x")))
        found: dict[str, list[Address]] = {}

        async def look(operator: str) -> None:
            found[operator] = await offers.of(operator)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(look, b)
            await trio.testing.wait_all_tasks_blocked()
            # It finds that nothing of before the start is left while the other still looks.
            await look(a)
            sessions.released.set()
        assert found == {a: [], b: []}


async def test_an_operator_who_left_while_the_gig_was_committed_has_no_offer(
    autojump_clock: MockClock,
) -> None:
    city = City()
    async with city.running(), trio.open_nursery() as nursery:
        await city.online("a")
        city.world.gate.held = trio.Event()
        nursery.start_soon(city.request, "x")
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(city.dispatch.offline, city.id("a"))
        await trio.testing.wait_all_tasks_blocked()
        city.world.gate.held.set()
        city.world.gate.held = None
        await trio.sleep(1)
        [gig] = [a for a in city.world.database.sessions if a.kind == "gig"]
        assert city.world.database.sessions[gig].phase == "allOperatorsRejected"


@pytest.mark.parametrize("asked_before", [True, False])
async def test_a_rating_counts_at_once_whether_it_was_known_or_not(
    asked_before: bool, autojump_clock: MockClock
) -> None:
    city = City()
    async with city.running():
        ratings = Ratings(city.engine)
        a = await city.online("a")
        if asked_before:
            assert await ratings.of("operator-rating", a) == Rating(0, 0)
        for number, stars in enumerate((5, 2), 1):
            gig = await city.streamed("x", "a")
            await city.ask(gig, RateGig(account=city.id("x"), rating=stars, rating_id=f"r{number}"))
            await city.ask(gig, RateGig(account=a, rating=3, rating_id=f"s{number}"))
            await city.dispatch.heartbeat(a)
        assert await ratings.of("operator-rating", a) == Rating(2, 7)
        assert await ratings.of("customer-rating", city.id("x")) == Rating(2, 6)
        queries = city.world.gate.calls.count("tallies")
        assert await ratings.of("operator-rating", a) == Rating(2, 7)
        assert city.world.gate.calls.count("tallies") == queries
    async with city.running():
        assert await Ratings(city.engine).of("operator-rating", a) == Rating(2, 7)


class SlowToSettle(Gatekeeper):
    """A database that does not say for a while whether a commit happened."""

    def __init__(self) -> None:
        super().__init__()
        self.settles = trio.Event()

    async def __call__(self, name: str) -> None:
        """The gate."""
        await super().__call__(name)
        if name == "settle":
            await self.settles.wait()


async def test_an_offer_of_a_gig_whose_commit_was_unknown_is_withdrawn_once_it_is_found(
    autojump_clock: MockClock,
) -> None:
    city, gate = City(), SlowToSettle()
    city.world.gate = gate
    async with city.running():
        await city.online("a")
        gate.lose_answers = 1
        with pytest.raises(CommitUnknown):
            await city.request("x")
        await city.dispatch.offline(city.id("a"))
        await trio.sleep(1)
        assert not city.world.database.outbox, "nobody knew of an offer to withdraw"
        gate.settles.set()
        await trio.sleep(1)
        (address,) = [one for one in city.world.database.sessions if one.kind == "gig"]
        gig = await city.engine.read(address)
        assert isinstance(gig, Gig)
        assert gig.phase == "allOperatorsRejected"
