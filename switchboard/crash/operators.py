"""The operators of a trial, and people who come new to it."""

from __future__ import annotations

import msgspec
import trio

from switchboard.crash.days import Day, Place
from switchboard.crash.ledger import Attempt
from switchboard.crash.site import AGAIN_SECONDS, Site, Someone
from switchboard.crash.stories import Step

OFFLINE = 0.05
PAYS = 0.2
"""The shares of an operator's signs with which it leaves for a moment, or rates what it still has to rate."""

SIGN_SECONDS_MOST = 0.8
"""Between two signs; a phone sends them every half a minute, a trial has no time for that."""


class OperatorDay(Day):
    """Signs of life, and now and then a moment offline."""

    def __init__(self, site: Site, place: Place, operator: Someone) -> None:
        super().__init__(site, place)
        self.operator = operator

    async def run(self) -> None:
        """Until the trial finishes."""
        await self.presence("online")
        while not self.site.finishing:
            await trio.sleep(self.chance.uniform(0.0, SIGN_SECONDS_MOST))
            luck = self.chance.random()
            if luck < OFFLINE:
                await self.presence("offline")
                await self.presence("online")
            elif luck < OFFLINE + PAYS:
                await self._rate_all()
            else:
                operation = self.site.ledger.operation("map", self.operator.id, body=self._body())
                await self.until_known(self.operator, operation, "/dropin/map")

    async def _rate_all(self) -> None:
        """Rates the gigs that nobody rated in their stories, or the operator would be locked out for ever."""
        path = f"/dropin/gigs/{self.operator.id}/getall?status=purchased"
        answer = await self.site.look(path, self.operator.token)
        if answer is None or answer.status != 200:
            return
        for gig in msgspec.json.decode(answer.body):
            if gig["customerRating"] is None and not self.site.finishing:
                await self.step(
                    Step("rate", "operator", ("GigRated",), {"rating": 4}), gig["id"], self.operator
                )

    async def presence(self, call: str) -> None:
        """Goes online or offline, for certain."""
        operation = self.site.ledger.operation(call, self.operator.id, body=self._body())
        path = f"/dropin/accounts/status/{call}"
        await self.until_known(self.operator, operation, path, forgetful=False)

    def _body(self) -> dict[str, float]:
        return {"lat": self.place.latitude, "lng": self.place.longitude}


NEWCOMER_SECONDS_MOST = 0.5
"""Between two registrations."""


class Registrations(Day):
    """Newcomers register, each from an address of their own, so that nobody's limit is reached."""

    async def run(self) -> None:
        """Until the trial finishes."""
        while not self.site.finishing:
            await trio.sleep(self.chance.uniform(0.0, NEWCOMER_SECONDS_MOST))
            await self.register(operator=False)

    async def register(self, *, operator: bool) -> Attempt:
        """Registers one newcomer, until it is known."""
        operation = self.site.ledger.operation("register", "")
        number = operation.number
        operation.account = f"p{number}@example.test"
        identity = {"type": "email", "value": operation.account}
        operation.body = {"firstName": f"p{number}", "identities": [identity]}
        if operator:
            operation.body["operator"] = {}
        address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        while True:
            attempt = await self.site.attempt(
                operation, "/dropin/accounts", "", f"X-Forwarded-For: {address}\r\n"
            )
            if attempt is not None and attempt.outcome != "unknown":
                return attempt
            await trio.sleep(AGAIN_SECONDS)
