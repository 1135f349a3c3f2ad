"""The whole life of a gig over HTTP, and the shapes that clients were seen to need."""

from __future__ import annotations

from web_worlds import HERE, web_world

PLACE = {"latitude": str(HERE[0]), "longitude": str(HERE[1])}


async def test_a_gig_goes_from_request_to_compensated() -> None:
    """The seed's steps, each with the status that the contract's table gives it."""
    async with web_world() as world:
        customer, operator, admin = (
            await world.customer(),
            await world.operator(),
            await world.admin(),
        )
        reply = await customer.post(
            "/gigs", {**PLACE, "deviceId": "d", "metaData": {"city": "Saigon"}}
        )
        assert (reply.status, reply.body["gig"]["status"]) == (200, "pendingOperator")
        id = reply.body["gig"]["id"]
        steps = (
            (operator, "claim", {"response": ["accept"]}, "operatorFound"),
            (customer, "confirm", None, "operatorEnroute"),
            (customer, "handshake", None, "handshaking"),
            (operator, "handshake", None, "handshaking"),
            (operator, "start", None, "streaming"),
            (customer, "stop", None, "purchased"),
            (customer, "rate", {"rating": "4"}, "purchased"),
            (operator, "rate", {"rating": [5]}, "voted"),
            (admin, "advance", None, "invoiceGenerated"),
            (admin, "advance", None, "invoiceSent"),
            (admin, "advance", None, "compensated"),
        )
        for who, step, body, status in steps:
            reply = await who.post(f"/gigs/{step}/{id}", body)
            assert reply.status == 200, (step, reply.body)
            assert reply.body["gig"]["status"] == status, step
            assert (await world.gig(id)).phase == status
