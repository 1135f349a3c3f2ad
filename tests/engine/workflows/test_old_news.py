"""News of an operator that arrives late, or again after a crash, takes no offer from who can take gigs by then."""

from __future__ import annotations

import pytest
import trio
from cities import City
from trio.testing import MockClock, wait_all_tasks_blocked

from switchboard.engine.errors import CommitUnknown
from switchboard.engine.sessions.gig import CancelGig, ClaimGig, RejectOffer

FORGETS = frozenset({"outbox_done"})
"""Nobody can delete what was delivered, as if the engine were always killed just before."""


async def test_news_that_is_delivered_again_after_a_restart_withdraws_no_offer_made_since(
    autojump_clock: MockClock,
) -> None:
    city = City()
    city.world.gate.refused = FORGETS
    async with city.running():
        await city.online("a")
        first = await city.request("customer")
        await city.ask(first, ClaimGig(operator=city.id("a")))
        await wait_all_tasks_blocked()
        await city.ask(first, CancelGig(account=city.id("a")))
        await city.dispatch.heartbeat(city.id("a"))
        second = await city.request("customer")
        assert second.phase == "pendingOperator"
    assert any(row.target.id == city.id("a") for row in city.world.database.outbox.values())
    city.world.gate.refused = frozenset()
    async with city.running():
        await trio.sleep(2)
        assert not city.world.database.outbox
        assert (await city.read(second)).phase == "pendingOperator"
        await city.ask(second, ClaimGig(operator=city.id("a")))


async def test_news_that_is_delivered_again_still_withdraws_the_offers_of_who_is_unavailable(
    autojump_clock: MockClock,
) -> None:
    city = City()
    city.world.gate.refused = FORGETS
    async with city.running():
        await city.online("a")
        waiting = await city.request("another")
        first = await city.request("customer")
        await city.ask(first, ClaimGig(operator=city.id("a")))
    city.world.gate.refused = frozenset()
    async with city.running():
        await trio.sleep(2)
        assert (await city.read(waiting)).phase == "allOperatorsRejected"


async def test_news_from_a_commit_whose_answer_was_lost_is_not_taken_for_old(
    autojump_clock: MockClock,
) -> None:
    city = City()
    async with city.running():
        await city.online("a")
        await city.online("b")
        waiting = await city.request("another")
        first = await city.request("customer")
        await city.ask(waiting, RejectOffer(operator=city.id("b")))
        city.world.gate.lose_answers = 1
        with pytest.raises(CommitUnknown):
            await city.ask(first, ClaimGig(operator=city.id("a")))
        await trio.sleep(2)
        assert (await city.read(waiting)).phase == "allOperatorsRejected"


async def test_offers_are_withdrawn_in_their_order_whatever_the_hash_seed(
    autojump_clock: MockClock,
) -> None:
    city = City()
    async with city.running():
        names = "abcdef"
        for number, name in enumerate(names):
            await city.online(name, number)
        held = city.world.gate.held = trio.Event()
        async with trio.open_nursery() as nursery:
            for name in names:
                nursery.start_soon(city.dispatch.offline, city.id(name))
            await wait_all_tasks_blocked()
            # They are still there when they are chosen, and are not when the gig has been committed.
            nursery.start_soon(city.request, "customer")
            await wait_all_tasks_blocked()
            city.world.gate.held = None
            held.set()
        await trio.sleep(1)
        [gig] = [address for address in city.world.database.sessions if address.kind == "gig"]
        withdrawn = [
            entry.body.decode().partition('"operator":"')[2][:24]
            for entry in city.world.database.journal[gig]
            if entry.name == "OfferWithdrawn"
        ]
        assert withdrawn == [city.id(name) for name in names]


async def test_only_who_has_gone_offline_is_news_to_others(autojump_clock: MockClock) -> None:
    """Who is engaged holds nothing else, so that a claim costs nobody a look."""
    city = City()
    heard = []

    async def hear(account: str, _row: str) -> None:
        heard.append(account)

    async with city.running():
        city.dispatch.withdrawals.tell(hear)
        await city.online("a")
        await city.online("b")
        gig = await city.request("customer")
        await city.ask(gig, ClaimGig(operator=city.id("a")))
        await trio.sleep(1)
        assert heard == []
        await city.dispatch.offline(city.id("b"))
        await trio.sleep(1)
        assert heard == [city.id("b")]
