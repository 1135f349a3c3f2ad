"""What the days of all people of a trial are made of."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import trio

from switchboard.crash.ledger import Attempt, Operation
from switchboard.crash.site import AGAIN_SECONDS, Site, Someone
from switchboard.crash.stories import Step

THINKING_SECONDS_MOST = 0.06
"""Between two steps: a gig every half a second a customer, so that sixteen of them keep one core half busy."""

KEYED = 0.5
TWICE = 0.1
FORGOTTEN = 0.25
"""The shares of operations with an Idempotency-Key, of those that are sent twice at once, and of lost answers that are
not asked for again."""

WITHOUT_KEY = frozenset({"handshake"})
"""It may be repeated at will, so that the server keeps no key of it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where some customers and operators are, too far from all others to meet them."""

    latitude: float
    longitude: float
    customers: Sequence[Someone]
    operators: Sequence[Someone]


class Day(ABC):
    """What every person's day is made of."""

    def __init__(self, site: Site, place: Place) -> None:
        self.site = site
        self.place = place
        # A stream of their own each, so that one person's luck does not hang on another's pace.
        self.chance = random.Random(site.chance.random())

    @abstractmethod
    async def run(self) -> None:
        """The day itself, until the trial finishes."""

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
