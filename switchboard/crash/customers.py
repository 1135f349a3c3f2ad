"""The customers of a trial: gigs one after the other, each ended in another way."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import trio

from switchboard.crash.days import KEYED, TWICE, Day, Place
from switchboard.crash.ledger import Attempt
from switchboard.crash.site import AGAIN_SECONDS, Site, Someone
from switchboard.crash.stories import CANCEL, LIVE, REQUESTED, STOP, STORIES, Step, Story, Who

RIVALS = 0.3
"""The share of claims for which two operators compete."""

WAITS_SECONDS_MOST = 30.0
"""For a gig's own deadline; the trial's are a few seconds, and outages come on top."""

LOOK_SECONDS = 0.2
"""How often somebody who waits for a deadline looks."""

LEAVES_MOST = 5
"""Tries to leave a gig that moves on by itself meanwhile."""


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
