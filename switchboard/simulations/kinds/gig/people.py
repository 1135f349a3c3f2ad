"""The people of a world: customers who want an operator, operators who come and go, some who are both."""

from __future__ import annotations

import math
import random
from collections import deque
from typing import TYPE_CHECKING

import msgspec
import trio

from switchboard.engine.errors import Engaged, RatingRequired
from switchboard.engine.sessions import Command
from switchboard.engine.sessions.gig import (
    GIG,
    CancelGig,
    ClaimGig,
    ConfirmGig,
    Gig,
    GigNotice,
    RateGig,
    RejectOffer,
    SignOfLife,
    StopGig,
)
from switchboard.engine.sessions.gig.notices import REQUESTED
from switchboard.simulations.calls import Answer, Life
from switchboard.simulations.inbox import Inbox
from switchboard.simulations.kinds.gig.parties import Party, rate
from switchboard.simulations.kinds.gig.phone import GigPhone
from switchboard.simulations.kinds.habits import (
    BRISK_PACE,
    BRISK_PULSE_SECONDS,
    KEYED,
    PULSE_SECONDS,
)
from switchboard.simulations.kinds.temperament import Temperament

if TYPE_CHECKING:
    from switchboard.simulations.world import World

CENTRE = (10.787859, 106.70653)
"""Where the dropin contract's sample gig took place."""

KM_PER_DEGREE = 111.2
"""Of latitude; near the equator of longitude too, nearly."""

OFFERS_MOST = 10
"""Offers that an operator keeps in mind."""

STRAY_KM = 0.3
"""How far an operator moves between two heartbeats."""

GREED = 0.3
"""The share of looks at its gig at which an operator tries to get another one as well."""

PAUSE_SECONDS = 600.0
"""How long an operator is away between shifts, at most."""

DECODER = msgspec.json.Decoder(GigNotice)


class Person:
    """One account and what its owner does."""

    def __init__(self, world: World, number: int, *, operates: bool, wants: bool) -> None:
        self.world = world
        self.chance = world.chance(f"person/{number}")
        self.account = world.new_id()
        self.temper = Temperament.draw(self.chance)
        self.phone = GigPhone(
            world,
            self.account,
            self.chance,
            self.temper.patience,
            keyed=self.chance.random() < KEYED,
        )
        self.inbox = Inbox(world, self.account, self._heard)
        self.pace = BRISK_PACE if world.scenario.brisk else 1.0
        """How long everything takes, as a share of its usual time."""
        self.news = trio.Event()
        """Set at the next notice."""
        self.gig: str | None = None
        """The gig for which its heartbeats are signs of life."""
        self.silent = False
        """It gives no heartbeats."""
        self._operates = operates
        self._wants = wants
        self._on_shift = False
        self._offers: deque[str] = deque(maxlen=OFFERS_MOST)
        self._place = _somewhere(self.chance, CENTRE, world.scenario.radius_km)

    def _heard(self, name: str, body: bytes) -> None:
        if name != GIG.name:
            return
        notice = DECODER.decode(body)
        if notice.code == REQUESTED:
            self._offers.append(notice.gig)
        self.news.set()
        self.news = trio.Event()

    async def run(self) -> None:
        """Lives until the plan's hours are over, and listens until cancelled."""
        async with trio.open_nursery() as listening:
            listening.start_soon(self.inbox.run)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._pulse)
                if self._operates:
                    nursery.start_soon(self._work)
                if self._wants:
                    nursery.start_soon(self._want)
                await self.world.over.wait()
                nursery.cancel_scope.cancel()

    async def rest(self, life: Life) -> None:
        """See ``Inhabitant``."""
        await self.inbox.rest(life)

    async def tell(self, gig: str, command: Command) -> Answer:
        """Gives a gig a command; some send it twice at once."""
        async with trio.open_nursery() as nursery:
            if self.chance.random() < self.temper.taps_twice:
                nursery.start_soon(self.phone.of_gig, gig, command)
            answer = await self.phone.of_gig(gig, command)
        return answer

    async def _pulse(self) -> None:
        while True:
            await trio.sleep(self._pulse_seconds())
            if not self.silent and (self._on_shift or self.gig is not None):
                self._place = _somewhere(self.chance, self._place, STRAY_KM)
                await self.phone.heartbeat(*self._place, self.gig)

    def _pulse_seconds(self) -> float:
        return self.chance.uniform(*(BRISK_PULSE_SECONDS if self.pace < 1 else PULSE_SECONDS))

    # -- the operator -------------------------------------------------------------------------------------------

    async def _work(self) -> None:
        while True:
            await trio.sleep(self.pace * self.chance.random() * PAUSE_SECONDS / 4)
            await self.phone.online(*self._place)
            self._on_shift = True
            shift = self.chance.expovariate(1 / self.world.scenario.shift_seconds)
            ends = trio.current_time() + shift
            while trio.current_time() < ends:
                offer: str | None = None
                with trio.move_on_at(ends):
                    offer = await self._next_offer()
                if offer is not None:
                    await self._respond(offer)
            await self._rest()

    async def _next_offer(self) -> str:
        while not self._offers:
            await self.news.wait()
        return self._offers.popleft()

    async def _rest(self) -> None:
        if self.chance.random() < self.temper.keeps_shift:
            self._on_shift = False
            await self.phone.offline()
        else:
            self.silent = True
        await trio.sleep(self.pace * self.chance.random() * PAUSE_SECONDS)
        self.silent = False

    async def _respond(self, gig: str) -> None:
        await self._think()
        if self.chance.random() < self.temper.accepts:
            place = self._place if self.chance.random() < 0.5 else (None, None)
            command = ClaimGig(operator=self.account, latitude=place[0], longitude=place[1])
            answer = await self.tell(gig, command)
            await self._after(answer)
        elif self.chance.random() < 0.5:
            await self.tell(gig, RejectOffer(operator=self.account))
        await self._meddle(gig)

    async def be_greedy(self) -> None:
        """Accepts one more offer although it is in a gig: only a claim can stop it."""
        if self._offers and self.chance.random() < GREED:
            await self.tell(self._offers.popleft(), ClaimGig(operator=self.account))

    async def _think(self) -> None:
        await trio.sleep(self.pace * self.chance.expovariate(1 / self.temper.haste))

    # -- the customer -------------------------------------------------------------------------------------------

    async def _want(self) -> None:
        while True:
            every = self.world.scenario.wants_every_seconds
            await trio.sleep(self.chance.expovariate(1 / every))
            attended = True
            while attended:
                await self._think()
                answer = await self.phone.request(*self._place)
                await self._after(answer)
                attended = answer.state is not None and self.chance.random() < self.temper.eager

    async def _after(self, answer: Answer) -> None:
        """Attends to the gig that came of a request or an accept, or to what is in the way of it."""
        match answer:
            case Answer(state=Gig() as gig):
                self.world.gossip.append(gig.id)
                await Party(self, gig.id).attend()
            case Answer(refusal=Engaged(session=gig)):
                await Party(self, gig).attend()
            case Answer(refusal=RatingRequired(gig=gig)):
                if self.chance.random() < self.temper.relents:
                    await rate(self, gig)
                    if self._wants:
                        # Rating lifts the lock for the very next request.
                        await self._after(await self.phone.request(*self._place))
            case _:
                return

    async def _meddle(self, offered: str) -> None:
        """Tries something with somebody's gig."""
        if self.chance.random() >= self.world.scenario.meddling:
            return
        account = self.account
        commands: list[Command] = [
            ClaimGig(operator=account),
            CancelGig(account=account),
            ConfirmGig(account=account),
            StopGig(account=account),
            SignOfLife(account=account),
            RateGig(account=account, rating=9, rating_id=self.world.new_id()),
        ]
        gig = self.chance.choice([offered, *self.world.gossip])
        await self.phone.of_gig(gig, self.chance.choice(commands))


def _somewhere(
    chance: random.Random, centre: tuple[float, float], radius_km: float
) -> tuple[float, float]:
    """(latitude, longitude) within the radius, everywhere as likely."""
    distance = radius_km * math.sqrt(chance.random())
    angle = 2 * math.pi * chance.random()
    return (
        round(centre[0] + distance * math.cos(angle) / KM_PER_DEGREE, 6),
        round(centre[1] + distance * math.sin(angle) / KM_PER_DEGREE, 6),
    )


def settle(world: World) -> list[Person]:
    """The people of a world, by its scenario's shares; the first operates and the second wants."""
    chance, scenario, people = world.chance("people"), world.scenario, []
    for number in range(world.plan.people):
        share = chance.random()
        both = scenario.operators <= share < scenario.operators + scenario.both
        operates = both or share < scenario.operators
        if number < 2:
            operates, both = number == 0, False
        people.append(Person(world, number, operates=operates, wants=both or not operates))
    return people


__all__ = ["Person", "settle"]
