"""A customer and an operator, and the steps of a gig between them, over dropin's HTTP."""

from __future__ import annotations

import re
from typing import Any

from web_worlds import HERE, Party, Reply, WebWorld

PLACE = {"latitude": HERE[0], "longitude": HERE[1]}
META = {"city": "Saigon", "floor": 3}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")

EVERYWHERE = {
    *("id", "status", "type", "longitude", "latitude", "metaData", "duration", "price"),
    *("bypassRating", "customerRating", "operatorRating", "createdAt", "updatedAt"),
    *("confirmedAt", "startedAt", "stoppedAt", "customer", "operator"),
}

STEPS = (
    ("claim", {"response": "accept"}, "operator"),
    ("confirm", None, "customer"),
    ("handshake", None, "customer"),
    ("start", None, "operator"),
    ("stop", None, "customer"),
)


class Gigs:
    """A customer, an operator and what passes between them."""

    def __init__(self, world: WebWorld, customer: Party, operator: Party) -> None:
        self.world = world
        self.customer = customer
        self.operator = operator
        self.id = ""

    async def request(self) -> Reply:
        """The customer's request."""
        reply = await self.customer.post("/gigs", PLACE | {"metaData": META})
        assert reply.status == 200, reply.body
        self.id = reply.body["gig"]["id"]
        return reply

    async def until(self, last: str) -> Reply:
        """All steps up to and including that one; its answer."""
        reply = await self.request()
        for step, body, who in STEPS:
            party = self.customer if who == "customer" else self.operator
            reply = await party.post(f"/gigs/{step}/{self.id}", body)
            assert reply.status == 200, (step, reply.body)
            if step == last:
                break
        return reply

    async def do(self, who: Party, step: str, body: Any = None, **more: Any) -> Reply:
        """One step."""
        return await who.post(f"/gigs/{step}/{self.id}", body, **more)


async def parties(world: WebWorld) -> Gigs:
    """A customer with an operator nearby."""
    return Gigs(world, await world.customer("Ninh"), await world.operator(name="Thanh"))
