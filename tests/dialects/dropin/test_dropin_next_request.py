"""What was answered holds for the very next request, hundreds of times: no lock and no gig of before is in the way."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable

import pytest
import trio
from trio.testing import MockClock
from web_worlds import HERE, Party, web_world

ROUNDS = int(os.environ.get("SWITCHBOARD_TEST_ROUNDS", "60"))
"""Of each of the four ways in which a gig ends. SWITCHBOARD_TEST_ROUNDS=250 makes a thousand of them."""
PLACE = {"latitude": HERE[0], "longitude": HERE[1]}
STEPS = (
    ("claim", "operator", {"response": "accept"}),
    ("confirm", "customer", None),
    ("handshake", "operator", None),
    ("start", "customer", None),
    ("stop", "operator", None),
)
CLAIM_TIMEOUT_SECONDS = 30
RATING_WINDOW_SECONDS = 60
"""Both as the contract has them, and the virtual clock passes them at once."""
MILLISECONDS_LATE_MOST = 1000
"""How late a timer may be after a start; on the virtual clock it is two at most."""
SIGN_SECONDS = 100
"""Heartbeats of the operators, within the 120 seconds after which they would not be available."""


class Couple:
    """A customer and an operator, with a second operator nearby, so that the first one may also ask for a gig."""

    def __init__(self, customer: Party, operator: Party) -> None:
        self.customer = customer
        self.operator = operator

    async def ok(self, who: Party, step: str, gig: str, body: object = None) -> None:
        """A step that must succeed."""
        reply = await who.post(f"/gigs/{step}/{gig}", body)
        assert reply.status == 200, (step, reply.body)

    async def request(self, who: Party) -> str:
        """A request, which must not be refused."""
        reply = await who.post("/gigs", PLACE)
        assert reply.status == 200, reply.body
        return str(reply.body["gig"]["id"])

    async def until(self, last: str) -> str:
        """A gig with all steps up to and including that one."""
        gig = await self.request(self.customer)
        for step, who, body in STEPS:
            await self.ok(self.customer if who == "customer" else self.operator, step, gig, body)
            if step == last:
                break
        return gig

    async def next_gig(self, *people: Party) -> None:
        """Each asks for a gig with the very next request, and gives it up again."""
        for who in people:
            await self.ok(who, "cancel", await self.request(who))

    async def status(self, gig: str) -> str:
        """The gig's, as the customer sees it."""
        reply = await self.customer.get(f"/gigs/{self.customer.id}/{gig}")
        return str(reply.body["gig"]["status"])


async def after_a_cancel(couple: Couple, number: int) -> None:
    """By either, in any phase that allows it."""
    gig = await couple.until(("claim", "confirm", "handshake", "start")[number % 4])
    await couple.ok((couple.customer, couple.operator)[number % 2], "cancel", gig)
    await couple.next_gig(couple.customer, couple.operator)


async def after_a_stop(couple: Couple, _number: int) -> None:
    """Within the rating window everything works."""
    await couple.until("stop")
    await couple.next_gig(couple.operator, couple.customer)


async def after_a_rating(couple: Couple, number: int) -> None:
    """Of a party that is locked every other time."""
    gig = await couple.until("stop")
    locked = number % 2 == 1
    if locked:
        await trio.sleep(RATING_WINDOW_SECONDS + 1)
    for who in (couple.customer, couple.operator):
        if locked:
            refused = await who.post("/gigs", PLACE)
            assert (refused.status, refused.code) == (403, "E_RATING_REQUIRED")
            assert refused.data == {"gig": gig}
        await couple.ok(who, "rate", gig, {"rating": 5})
        await couple.next_gig(who)


async def after_an_expiry(couple: Couple, _number: int) -> None:
    """Nobody has claimed the gig; the first answer that tells so is the promise."""
    gig = await couple.request(couple.customer)
    await trio.sleep(CLAIM_TIMEOUT_SECONDS - 0.002)
    seen = {"pendingOperator"}
    for _ in range(MILLISECONDS_LATE_MOST):
        await trio.sleep(0.001)
        seen.add(await couple.status(gig))
        if "expired" in seen:
            break
    assert seen == {"pendingOperator", "expired"}
    await couple.next_gig(couple.customer)


@pytest.mark.parametrize("ending", [after_a_cancel, after_a_stop, after_a_rating, after_an_expiry])
async def test_the_next_request_after_an_ending_is_never_refused_for_what_has_ended(
    autojump_clock: MockClock, ending: Callable[[Couple, int], Awaitable[None]]
) -> None:
    """Whatever ended it; the operators' phones go on telling where they are."""
    async with web_world() as world, trio.open_nursery() as nursery:
        couple = Couple(await world.customer(), await world.operator())
        spare = await world.operator(name="Spare")

        async def stay_online() -> None:
            while True:
                await trio.sleep(SIGN_SECONDS)
                for operator in (couple.operator, spare):
                    await operator.post("/map", {"lat": HERE[0], "lng": HERE[1]})

        nursery.start_soon(stay_online)
        for number in range(ROUNDS):
            await ending(couple, number)
        nursery.cancel_scope.cancel()
