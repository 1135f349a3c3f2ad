"""dropin's gigs: what each call answers to whom."""

from __future__ import annotations

from typing import Any

import trio
from gig_parties import EVERYWHERE, META, TIME, parties
from web_worlds import HERE, web_world

from switchboard.web import WebSettings


async def test_the_customer_sees_its_request_with_the_operators_that_have_it() -> None:
    """customer an object, reservedOperators a list of objects, operator null."""
    async with web_world() as world:
        gigs = await parties(world)
        gig = (await gigs.request()).body["gig"]
        assert set(gig) == EVERYWHERE | {"reservedOperators"}
        assert (gig["status"], gig["type"], gig["operator"]) == ("pendingOperator", "real", None)
        assert (gig["latitude"], gig["longitude"]) == HERE
        assert gig["metaData"] == META
        assert gig["customer"]["lastName"] == "Vo"
        assert [one["id"] for one in gig["reservedOperators"]] == [gigs.operator.id]
        assert gig["reservedOperators"][0]["distance"] == 0
        assert gig["price"] is gig["duration"] is gig["confirmedAt"] is None
        assert gig["bypassRating"] is False
        assert TIME.fullmatch(gig["createdAt"])


async def test_before_the_confirm_an_operator_sees_place_first_name_and_distance() -> None:
    """No last name, no metaData, no other operator."""
    async with web_world() as world:
        gigs = await parties(world)
        await world.operator(name="Other")
        gig = (await gigs.until("claim")).body["gig"]
        assert set(gig) == EVERYWHERE | {"reservedOperators", "distance"}
        assert (gig["customer"]["firstName"], gig["customer"]["lastName"]) == ("Ninh", "")
        assert gig["metaData"] is None
        assert gig["operator"] == gigs.operator.id
        assert [one["id"] for one in gig["reservedOperators"]] == [gigs.operator.id]
        detail = await gigs.operator.get(f"/gigs/{gigs.operator.id}/{gigs.id}")
        assert (detail.body["gig"]["customer"]["lastName"], detail.body["gig"]["metaData"]) == (
            "",
            None,
        )
        await gigs.do(gigs.customer, "confirm")
        detail = await gigs.operator.get(f"/gigs/{gigs.operator.id}/{gigs.id}")
        assert detail.body["gig"]["customer"]["lastName"] == "Vo"
        assert detail.body["gig"]["metaData"] == META


async def test_the_confirm_names_the_operator_and_where_it_is() -> None:
    """The location is never null; the chat channel is named after the gig."""
    async with web_world() as world:
        gigs = await parties(world)
        body = (await gigs.until("confirm")).body
        assert set(body) == {"gig", "operator", "chatChannel"}
        assert body["operator"] == {
            "account": gigs.operator.id,
            "location": {"latitude": HERE[0], "longitude": HERE[1]},
            "rate": 5,
        }
        assert body["chatChannel"] == f"chat_{gigs.id}"
        assert set(body["gig"]) == EVERYWHERE
        assert body["gig"]["operator"]["firstName"] == "Thanh"
        assert TIME.fullmatch(body["gig"]["confirmedAt"])


async def test_each_party_gets_its_own_keys_again_and_again() -> None:
    """Also while streaming, and by start."""
    async with web_world() as world:
        gigs = await parties(world)
        first = (await gigs.until("handshake")).body
        other = (await gigs.do(gigs.operator, "handshake")).body
        assert set(first) == {
            *("stream", "apiKey", "sessionId", "token", "provider", "url", "authEndpoint", "gig"),
            "iceServers",
        }
        assert set(first["stream"]) == {"id", "key", "sessionId", "token"}
        assert first["provider"] == "p2p"
        assert first["sessionId"] == other["sessionId"] == f"presence-gig-{gigs.id}"
        assert first["token"] == first["stream"]["token"] != other["token"]
        assert first["authEndpoint"].endswith("/dropin/notifications/authchannel")
        assert first["url"].startswith("ws://")
        started = (await gigs.do(gigs.operator, "start")).body["gig"]
        assert started["status"] == "streaming"
        assert started["stream"]["sessionId"] == first["sessionId"]
        again = (await gigs.do(gigs.customer, "handshake")).body
        assert again["gig"]["status"] == "streaming"


async def test_a_stopped_gig_costs_by_the_second(mock_clock: trio.testing.MockClock) -> None:
    """The seed's sample: 69 seconds are 11.15, of which the operator gets 5.58."""
    async with web_world() as world:
        gigs = await parties(world)
        await gigs.until("start")
        mock_clock.jump(69)
        gig = (await gigs.do(gigs.operator, "stop")).body["gig"]
        assert (gig["status"], gig["duration"], gig["price"]) == ("purchased", 69, 11.15)
        for who, rating in ((gigs.customer, 1), (gigs.operator, 1)):
            reply = await gigs.do(who, "rate", {"rating": rating})
            assert reply.status == 200
            assert len(reply.body["ratingId"]) == 24
        detail = (await gigs.customer.get(f"/gigs/{gigs.customer.id}/{gigs.id}")).body
        assert detail["purchase"] == {"status": "confirmed", "amount": 11.15}
        assert detail["payment"] == {"status": "need_invoice", "amount": 5.58}
        gig = detail["gig"]
        assert (gig["duration"], gig["status"]) == (69, "voted")
        assert (gig["customerRating"], gig["operatorRating"]) == ({"value": 1}, {"value": 1})
        assert gig["customer"]["firstName"] == "Ninh"
        assert gig["operator"]["firstName"] == "Thanh"


async def test_money_has_two_decimals_on_the_wire() -> None:
    """Also when they are zeros."""
    async with web_world() as world:
        gigs = await parties(world)
        await gigs.until("stop")
        client = world.app.test_client()
        response = await client.get(
            f"/dropin/gigs/{gigs.customer.id}/{gigs.id}",
            headers={"Authorization": f"JWT {gigs.customer.token}"},
        )
        text = await response.get_data(as_text=True)
        assert '"price":10.00' in text
        assert '"amount":5.00' in text


async def test_purchase_and_payment_are_null_until_there_is_a_purchase() -> None:
    """And the payment's status follows the gig's."""
    async with web_world() as world:
        gigs, admin = await parties(world), await world.admin()
        await gigs.until("start")

        async def detail() -> Any:
            return (await admin.get(f"/gigs/{gigs.customer.id}/{gigs.id}")).body

        assert (await detail())["purchase"] is (await detail())["payment"] is None
        await gigs.do(gigs.operator, "stop")
        assert (await detail())["payment"]["status"] == "need_invoice"
        for who in (gigs.customer, gigs.operator):
            await gigs.do(who, "rate", {"rating": 3})
        for status in ("invoiced", "sent", "paid"):
            assert (await gigs.do(admin, "advance")).status == 200
            assert (await detail())["payment"]["status"] == status
        assert (await gigs.do(admin, "advance")).code == "E_CONFLICT"


async def test_ratings_given_are_seen_in_the_profile() -> None:
    """customerRating is given by the operator, operatorRating by the customer."""
    async with web_world() as world:
        gigs = await parties(world)
        await gigs.until("stop")
        await gigs.do(gigs.customer, "rate", {"rating": 4})
        reply = await gigs.do(gigs.operator, "rate", {"rating": 2})
        gig = reply.body["gig"]
        assert (gig["status"], gig["customerRating"], gig["operatorRating"]) == ("voted", 2, 4)
        operator = await gigs.customer.get(f"/accounts/{gigs.operator.id}")
        customer = await gigs.operator.get(f"/accounts/{gigs.customer.id}")
        assert (operator.body["operatorRating"], operator.body["customerRating"]) == (4, 5)
        assert (customer.body["operatorRating"], customer.body["customerRating"]) == (5, 2)


async def test_urls_in_answers_are_not_built_from_a_strangers_host() -> None:
    """Loopback and allowed names only, unless the public URL is set."""
    for settings, host, expected in (
        (WebSettings(lenient=True), "evil.test", None),
        (WebSettings(lenient=True), "localhost:8000", "ws://localhost:8000/dropin/app/switchboard"),
        (
            WebSettings(lenient=True, allowed_hosts=("a.test",)),
            "a.test",
            "ws://a.test/dropin/app/switchboard",
        ),
        (
            WebSettings(lenient=True, public_url="https://b.test/"),
            "evil.test",
            "wss://b.test/dropin/app/switchboard",
        ),
    ):
        async with web_world(settings) as world:
            gigs = await parties(world)
            await gigs.until("confirm")
            reply = await gigs.do(gigs.customer, "handshake", headers={"Host": host})
            assert reply.body["url"] == expected
            if expected is None:
                assert reply.body["authEndpoint"] is None
