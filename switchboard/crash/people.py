"""The people of a trial: what customers and operators do all day."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import trio

from switchboard.crash.ledger import Attempt, Operation
from switchboard.crash.site import AGAIN_SECONDS, Site, Someone
from switchboard.crash.stories import (
    CANCEL,
    LIVE,
    REQUESTED,
    STOP,
    STORIES,
    Step,
    Story,
    Who,
)

THINKING_SECONDS_MOST = 0.06
"""Between two steps: a gig every half a second a customer, so that sixteen of them keep one core half busy."""

KEYED = 0.5
TWICE = 0.1
RIVALS = 0.3
FORGOTTEN = 0.25
"""The shares of operations with an Idempotency-Key, of those that are sent twice at once, of claims for which two
operators compete, and of lost answers that are not asked for again."""

WITHOUT_KEY = frozenset({"handshake"})
"""It may be repeated at will, so that the server keeps no key of it."""

WAITS_SECONDS_MOST = 30.0
"""For a gig's own deadline; the trial's are a few seconds, and outages come on top."""

LOOK_SECONDS = 0.2
"""How often somebody who waits for a deadline looks."""

LEAVES_MOST = 5
"""Tries to leave a gig that moves on by itself meanwhile."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where some customers and operators are, too far from all others to meet them."""

    latitude: float
    longitude: float
    customers: Sequence[Someone]
    operators: Sequence[Someone]


class Day:
    """What every person's day is made of."""

    def __init__(self, site: Site, place: Place) -> None:
        self.site = site
        self.place = place
        # A stream of their own each, so that one person's luck does not hang on another's pace.
        self.chance = random.Random(site.chance.random())

    async def think(self) -> None:
        """Some time passes."""
        await trio.sleep(self.chance.uniform(0.0, THINKING_SECONDS_MOST))

    async def until_known(
        self, who: Someone, operation: Operation, path: str, *, forgetful: bool = True
    ) -> Attempt | None:
        """Asks until an answer says what happened. Returns: it; None if it was given up."""
        while True:
            attempt = await self.site.attempt(operation, path, who.token)
            if attempt is not None and attempt.outcome != "unknown":
                return attempt
            if attempt is not None and forgetful and self.chance.random() < FORGOTTEN:
                return None
            await trio.sleep(AGAIN_SECONDS)

    async def twice(self, who: Someone, operation: Operation, path: str) -> Attempt | None:
        """Asks twice at once, as an impatient client does, and goes on until it is known."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.site.attempt, operation, path, who.token)
            nursery.start_soon(self.site.attempt, operation, path, who.token)
        return operation.acknowledged or await self.until_known(who, operation, path)

    async def step(self, step: Step, gig: str, who: Someone) -> Attempt | None:
        """One step of that gig by that person, until it is known or given up."""
        await self.think()
        operation = self.site.ledger.operation(
            step.call,
            who.id,
            gig=gig,
            effects=step.effects,
            keyed=step.call not in WITHOUT_KEY and self.chance.random() < KEYED,
            body=step.body,
        )
        path = f"/dropin/gigs/{step.call}/{gig}"
        if self.chance.random() < TWICE:
            return await self.twice(who, operation, path)
        return await self.until_known(who, operation, path)


class CustomerDay(Day):
    """Gigs one after the other, each ended in another way."""

    def __init__(
        self,
        site: Site,
        place: Place,
        customer: Someone,
        admin: Someone,
        people: dict[str, Someone],
    ) -> None:
        super().__init__(site, place)
        self.customer = customer
        self.admin = admin
        self.people = people

    async def run(self) -> None:
        """Until the trial finishes."""
        names = list(STORIES)
        weights = [story.weight for story in STORIES.values()]
        while not self.site.finishing:
            await self._gig(STORIES[self.chance.choices(names, weights)[0]])
            await self.think()

    async def _gig(self, story: Story) -> None:
        attempt, gig = await self._request()
        if attempt is None or gig is None:
            return
        if attempt.outcome == "acknowledged":
            offered = [one["id"] for one in attempt.answer["gig"]["reservedOperators"]]
            self.chance.shuffle(offered)
            if await self._all(story.steps, gig, [self.people[one] for one in offered]):
                if story.waits:
                    await self._wait_for_end(gig)
                return
        await self._leave(gig)

    async def _request(self) -> tuple[Attempt | None, str | None]:
        """A new gig, or the one that is in the way."""
        place = {"latitude": self.place.latitude, "longitude": self.place.longitude}
        keyed = self.chance.random() < KEYED
        operation = self.site.ledger.operation(
            "request", self.customer.id, effects=REQUESTED, keyed=keyed, body=place
        )
        path = "/dropin/gigs"
        if not keyed:
            # Nobody may repeat it blindly: whether it happened shows with the next request.
            attempt = await self.site.attempt(operation, path, self.customer.token)
        elif self.chance.random() < TWICE:
            attempt = await self.twice(self.customer, operation, path)
        else:
            attempt = await self.until_known(self.customer, operation, path)
        if attempt is None or attempt.outcome == "unknown":
            await trio.sleep(AGAIN_SECONDS)
            return None, None
        if attempt.outcome == "acknowledged":
            return attempt, operation.gig
        return attempt, await self._in_the_way(attempt)

    async def _in_the_way(self, attempt: Attempt) -> str | None:
        """The live gig for which a request was refused; one that waits for a rating gets it."""
        error = attempt.answer[0]
        if error["code"] == "E_RATING_REQUIRED":
            await self.step(
                Step("rate", "customer", ("GigRated",), {"rating": 3}),
                error["data"]["gig"],
                self.customer,
            )
        elif error["code"] == "E_PROCESS_UNDERWAY":
            return str(error["data"]["gig"])
        else:
            await trio.sleep(AGAIN_SECONDS)  # No operator is free nearby.
        return None

    async def _all(self, steps: Sequence[Step], gig: str, offered: Sequence[Someone]) -> bool:
        """Takes the steps. Returns: whether each was acknowledged."""
        for step in steps:
            if self.site.finishing:
                return False
            rivals = self.chance.random() < RIVALS and len(offered) > 1
            if step.who == "offered":
                for operator in offered:
                    await self.step(step, gig, operator)
                continue
            if step.call == "claim" and step.effects == ("GigClaimed",) and rivals:
                offered = await self._compete(step, gig, offered)
                if not offered:
                    return False
                continue
            attempt = await self.step(step, gig, self._who(step.who, offered))
            if attempt is None or attempt.outcome != "acknowledged":
                return False
        return True

    async def _compete(self, step: Step, gig: str, offered: Sequence[Someone]) -> Sequence[Someone]:
        """Two operators claim at once. Returns: who got it, the winner first; empty if nobody knows of one."""
        first, second, *_ = offered
        won: list[Someone] = []

        async def claim(operator: Someone) -> None:
            attempt = await self.step(step, gig, operator)
            if attempt is not None and attempt.outcome == "acknowledged":
                won.append(operator)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(claim, first)
            nursery.start_soon(claim, second)
        return won

    def _who(self, who: Who, offered: Sequence[Someone]) -> Someone:
        return {"customer": self.customer, "admin": self.admin, "operator": offered[0]}[who]

    async def _wait_for_end(self, gig: str) -> None:
        with trio.move_on_after(WAITS_SECONDS_MOST):
            # A client asks over HTTP; nothing in this process tells it.
            while await self._status(gig) in LIVE and not self.site.finishing:  # noqa: ASYNC110
                await trio.sleep(LOOK_SECONDS)

    async def _leave(self, gig: str) -> None:
        """Ends the gig, if it goes on, so that the next one can begin."""
        for _ in range(LEAVES_MOST):
            status = await self._status(gig)
            if status not in LIVE or self.site.finishing:
                return
            await self.step(STOP if status == "streaming" else CANCEL, gig, self.customer)

    async def _status(self, gig: str) -> str:
        while True:
            path = f"/dropin/gigs/{self.customer.id}/{gig}"
            answer = await self.site.look(path, self.customer.token)
            if answer is not None and answer.status == 200:
                return str(msgspec.json.decode(answer.body)["gig"]["status"])
            if self.site.finishing:
                return "unknown"
            await trio.sleep(AGAIN_SECONDS)


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
