"""How somebody takes part in a gig: looks at it, does one of the things that its phase suggests, waits for news."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import trio

from switchboard.engine.sessions import Command
from switchboard.engine.sessions.gig import (
    LIVE,
    CancelGig,
    ClaimGig,
    ConfirmGig,
    Gig,
    RateGig,
    RejectOffer,
    RejectOperator,
    StartGig,
    StopGig,
)

if TYPE_CHECKING:
    from switchboard.simulations.kinds.gig.people import Person


class Steps(NamedTuple):
    """What a party does in a phase, by weight, and how long it then waits for news on average."""

    pause_seconds: float
    customer: Mapping[str, float]
    operator: Mapping[str, float]


ENROUTE = {"wait": 60, "handshake": 30, "cancel": 5, "vanish": 2, "start": 1, "confirm": 1}
HANDSHAKING = {"start": 35, "wait": 30, "handshake": 20, "stop": 5, "cancel": 5, "vanish": 5}
STREAMING = {"wait": 76, "stop": 6, "handshake": 5, "cancel": 5, "start": 3, "vanish": 3}

STEPS: Mapping[str, Steps] = {
    "pendingOperator": Steps(8, {"wait": 93, "cancel": 4, "vanish": 3}, {"wait": 1}),
    "operatorFound": Steps(
        8,
        {"confirm": 75, "wait": 10, "decline": 7, "cancel": 5, "vanish": 3},
        {"wait": 90, "cancel": 4, "back out": 3, "vanish": 2, "accept": 1},
    ),
    "operatorEnroute": Steps(60, ENROUTE, ENROUTE),
    "handshaking": Steps(20, HANDSHAKING, HANDSHAKING),
    "streaming": Steps(60, STREAMING, STREAMING),
}
"""Every live phase. The weights lead a gig to its stream more often than not, and miss no transition of the table."""

CONTRARY = frozenset({"cancel", "decline", "back out"})

VANISHES_SECONDS = 2400.0
"""Somebody who vanishes is away for up to this: longer than every time-out but the one en route."""

LATE_SECONDS = 150.0
"""Who rates late does so within this: in the rating window (60 s) or after it."""

LOOKS_MOST = 500
"""How often somebody looks at one gig: far more than the longest takes."""


class Party:
    """One person in one gig, as long as it attends to it."""

    def __init__(self, person: Person, gig: str) -> None:
        self._person = person
        self._gig = gig

    async def attend(self) -> None:
        """Takes part until the gig is over or the person vanishes; then rates it, or not."""
        person = self._person
        gig: Gig | None = None
        person.gig = self._gig
        try:
            for _ in range(LOOKS_MOST):
                gig = await person.phone.look_at(self._gig)
                if gig is None or gig.phase not in LIVE:
                    break
                if not await self._step(gig):
                    return
        finally:
            person.gig = None
        if gig is not None and gig.phase == "purchased":
            await self._maybe_rate()

    async def _step(self, gig: Gig) -> bool:
        """One thing, and a pause. False: the person is gone."""
        person, steps = self._person, STEPS[gig.phase]
        if person.account == gig.customer:
            action = self._choose(steps.customer)
        elif person.account == gig.operator:
            await person.be_greedy()
            action = self._choose(steps.operator)
        else:
            return False
        if action == "vanish":
            await self._vanish()
            return False
        heard = person.news
        if action == "handshake":
            await person.phone.handshake(self._gig)
        elif action != "wait":
            await person.tell(self._gig, self._command(action))
        pause = person.pace * person.chance.expovariate(1 / steps.pause_seconds)
        with trio.move_on_after(pause):
            await heard.wait()
        return True

    def _choose(self, weights: Mapping[str, float]) -> str:
        temper, actions = self._person.temper, list(weights)
        scaled: Sequence[float] = [
            weight
            * (temper.contrary if action in CONTRARY else 1)
            * (temper.flaky if action == "vanish" else 1)
            for action, weight in weights.items()
        ]
        return self._person.chance.choices(actions, scaled)[0]

    def _command(self, action: str) -> Command:
        account = self._person.account
        match action:
            case "confirm":
                return ConfirmGig(account=account)
            case "decline":
                return RejectOperator(account=account)
            case "cancel":
                return CancelGig(account=account)
            case "back out":
                return RejectOffer(operator=account)
            case "accept":
                return ClaimGig(operator=account)
            case "start":
                return StartGig(account=account)
            case "stop":
                return StopGig(account=account)
            case _:
                raise AssertionError(action)

    async def _vanish(self) -> None:
        person = self._person
        person.gig, person.silent = None, True
        await trio.sleep(person.pace * person.chance.random() * VANISHES_SECONDS)
        person.silent = False

    async def _maybe_rate(self) -> None:
        person = self._person
        if person.chance.random() >= person.temper.rates:
            if person.chance.random() >= person.temper.rates_late:
                return
            await trio.sleep(person.pace * person.chance.random() * LATE_SECONDS)
        await rate(person, self._gig)


async def rate(person: Person, gig: str) -> None:
    """Rates the other party of a gig."""
    chance = person.chance
    command = RateGig(
        account=person.account, rating=chance.randint(1, 5), rating_id=person.world.new_id()
    )
    await person.tell(gig, command)
