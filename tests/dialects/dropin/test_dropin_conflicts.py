"""dropin's gigs: repeats, conflicts, keys and what else a step is refused for."""

from __future__ import annotations

import pytest
import trio
from gig_parties import PLACE, STEPS, parties
from web_worlds import web_world

from switchboard.web import WebSettings


@pytest.mark.parametrize("step", [step for step, _, _ in STEPS])
async def test_a_repeated_step_gets_the_same_answer(step: str) -> None:
    """Clients retry and send no key; each time the keys to the video are made anew."""
    async with web_world() as world:
        gigs = await parties(world)
        first = await gigs.until(step)
        body, who = next((body, who) for name, body, who in STEPS if name == step)
        before = world.fingerprint()
        again = await gigs.do(gigs.customer if who == "customer" else gigs.operator, step, body)
        assert again.status == 200
        assert again.body["gig"]["status"] == first.body["gig"]["status"]
        assert world.fingerprint() == before
        if step not in ("handshake", "start"):
            assert again.body == first.body


async def test_a_conflict_names_the_status() -> None:
    """409 E_CONFLICT, and nothing changes."""
    async with web_world() as world:
        gigs = await parties(world)
        await gigs.until("confirm")
        before = world.fingerprint()
        for who, step, body in (
            (gigs.customer, "start", None),
            (gigs.customer, "reject", None),
            (gigs.customer, "rate", {"rating": 3}),
            (gigs.operator, "stop", None),
        ):
            reply = await gigs.do(who, step, body)
            assert (reply.status, reply.code) == (409, "E_CONFLICT"), step
            assert reply.body[0]["message"] == "State transition is invalid."
            assert reply.data == {"status": "operatorEnroute"}
        assert world.fingerprint() == before


async def test_the_first_accept_wins_and_the_second_hears_409() -> None:
    """Taken."""
    async with web_world() as world:
        gigs = await parties(world)
        late = await world.operator(name="Late")
        await gigs.until("claim")
        reply = await gigs.do(late, "claim", {"response": "accept"})
        assert (reply.status, reply.code) == (409, "E_CONFLICT")
        assert reply.data == {"status": "operatorFound"}


async def test_another_rating_later_is_a_conflict() -> None:
    """The same one is a repeat with the same id."""
    async with web_world() as world:
        gigs = await parties(world)
        await gigs.until("stop")
        first = await gigs.do(gigs.customer, "rate", {"rating": 4})
        again = await gigs.do(gigs.customer, "rate", {"rating": "4"})
        assert again.body["ratingId"] == first.body["ratingId"]
        other = await gigs.do(gigs.customer, "rate", {"rating": 3})
        assert (other.status, other.code, other.data) == (
            409,
            "E_CONFLICT",
            {"status": "purchased"},
        )


async def test_an_account_is_in_one_live_gig_in_either_role() -> None:
    """409 E_PROCESS_UNDERWAY names the gig."""
    async with web_world() as world:
        gigs = await parties(world)
        await world.operator(name="Another")
        await gigs.until("claim")
        for who in (gigs.customer, gigs.operator):
            reply = await who.post("/gigs", PLACE)
            assert (reply.status, reply.code) == (409, "E_PROCESS_UNDERWAY")
            assert reply.data == {"gig": gigs.id}


async def test_whoever_owes_a_rating_starts_nothing(mock_clock: trio.testing.MockClock) -> None:
    """403 E_RATING_REQUIRED names the gig; rating lifts it for the very next request."""
    async with web_world() as world:
        gigs = await parties(world)
        await gigs.until("stop")
        mock_clock.jump(61)
        await trio.testing.wait_all_tasks_blocked()
        reply = await gigs.customer.post("/gigs", PLACE)
        assert (reply.status, reply.code) == (403, "E_RATING_REQUIRED"), reply.body
        assert reply.data == {"gig": gigs.id}
        await world.operator(name="Another")
        assert (await gigs.customer.post("/gigs", PLACE)).code == "E_RATING_REQUIRED"
        await gigs.do(gigs.customer, "rate", {"rating": 5})
        assert (await gigs.customer.post("/gigs", PLACE)).status == 200


async def test_nobody_near_is_said_so() -> None:
    """Also if the only operator is oneself."""
    async with web_world() as world:
        for make in (world.customer, world.operator):
            who = await make()
            reply = await who.post("/gigs", PLACE)
            assert (reply.status, reply.code) == (404, "E_DROPERATORS_NOT_FOUND")


async def test_all_ways_to_end_before_the_stream_are_free() -> None:
    """Rejected by the customer, by all operators, cancelled by either."""
    async with web_world() as world:
        for steps, status in (
            ((("operator", "claim", {"response": "reject"}),), "allOperatorsRejected"),
            ((("customer", "cancel", None),), "cancelled"),
            (
                (("operator", "claim", {"response": "accept"}), ("customer", "reject", None)),
                "customerRejected",
            ),
            (
                (("operator", "claim", {"response": "accept"}), ("operator", "cancel", None)),
                "cancelled",
            ),
        ):
            gigs = await parties(world)
            await gigs.request()
            for who, step, body in steps:
                reply = await gigs.do(getattr(gigs, who), step, body)
                assert reply.status == 200, reply.body
            assert reply.body["gig"]["status"] == status
            await gigs.operator.post("/accounts/status/offline")


async def test_a_key_makes_a_request_happen_once() -> None:
    """The same answer to the same request; another body or route under the same key is refused."""
    async with web_world() as world:
        gigs = await parties(world)
        key = {"Idempotency-Key": "k-1"}
        first = await gigs.customer.post("/gigs", PLACE, headers=key)
        gigs.id = first.body["gig"]["id"]
        again = await gigs.customer.post("/gigs", PLACE, headers=key)
        assert (again.status, again.body) == (200, first.body)
        other = await gigs.customer.post("/gigs", PLACE | {"claimId": "x"}, headers=key)
        assert (other.status, other.code) == (400, "E_BAD_REQUEST")
        assert (await gigs.do(gigs.customer, "cancel", headers=key)).status == 200
        later = await gigs.customer.post("/gigs", PLACE, headers=key)
        assert later.body["gig"]["id"] == gigs.id
        stranger = await world.customer()
        reply = await stranger.post("/gigs", PLACE, headers=key)
        assert (reply.status, reply.body["gig"]["id"] != gigs.id) == (200, True)


@pytest.mark.parametrize("key", ["k" * 256, "a\x7fb", "a\tb"])
async def test_a_key_that_cannot_be_kept_is_refused(key: str) -> None:
    """It would be stored."""
    async with web_world() as world:
        gigs = await parties(world)
        reply = await gigs.customer.post("/gigs", PLACE, headers={"Idempotency-Key": key})
        assert (reply.status, reply.code) == (400, "E_VALIDATION")


async def test_a_device_is_asked_for_unless_lenient() -> None:
    """The seed: required for mobile users, whose request has no claimId."""
    async with web_world(WebSettings(lenient=False, access_log=False)) as world:
        gigs = await parties(world)
        reply = await gigs.customer.post("/gigs", PLACE)
        assert (reply.code, set(reply.data)) == ("E_VALIDATION", {"deviceId"})
        assert (await gigs.customer.post("/gigs", PLACE | {"deviceId": "1"})).status == 200
