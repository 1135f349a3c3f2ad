"""Visitors of the houses' pages: they ask for a dealer, ask again, give up, watch, stop, and leave a note."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from switchboard.engine.errors import NobodyAvailable
from switchboard.engine.sessions.stream import LIVE
from switchboard.simulations.calls import Answer, Life
from switchboard.simulations.kinds.habits import BRISK_PACE, KEYED
from switchboard.simulations.kinds.stream.houses import House
from switchboard.simulations.kinds.stream.phone import StreamPhone
from switchboard.simulations.kinds.temperament import Temperament

if TYPE_CHECKING:
    from switchboard.simulations.world import World

LOOK_SECONDS = 40.0
"""On average between two looks at its stream."""

LOOKS_MOST = 300

ACTIONS = {"wait": 80, "ask again": 8, "stop": 6, "leave": 4}
"""What a visitor does while its stream is live, by weight."""

CARS = 3

AGAIN_SECONDS = 30.0
"""The widget of the auto API asks again every 30 s while nobody is there."""


class Visitor:
    """Somebody without an account, whom the page calls by a name."""

    def __init__(self, world: World, house: House, name: str) -> None:
        self._world = world
        self._house = house
        self._chance = chance = world.chance(f"visitor/{name}")
        self._temper = Temperament.draw(chance)
        keyed = chance.random() < KEYED
        self._phone = StreamPhone(world, name, chance, self._temper.patience, keyed=keyed)
        self._pace = BRISK_PACE if world.scenario.brisk else 1.0

    async def run(self) -> None:
        """Wants a dealer now and then, until the plan's hours are over."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._want)
            await self._world.over.wait()
            nursery.cancel_scope.cancel()

    async def rest(self, life: Life) -> None:
        """See ``Inhabitant``: it expects nothing."""

    async def _want(self) -> None:
        every = self._world.scenario.wants_every_seconds / 2
        while True:
            await trio.sleep(self._chance.expovariate(1 / every))
            again = True
            while again:
                answer = await self._ask()
                if answer.state is not None:
                    await self._watch(answer.state.id)
                nobody = isinstance(answer.refusal, NobodyAvailable)
                again = (nobody or answer.state is not None) and (
                    self._chance.random() < self._temper.eager
                )
                if nobody:
                    await trio.sleep(self._pace * AGAIN_SECONDS * (1 + self._chance.random()))

    async def _ask(self) -> Answer:
        house, vin = self._house, f"car-{self._chance.randint(1, CARS)}"
        async with trio.open_nursery() as nursery:
            if self._chance.random() < self._temper.taps_twice:
                nursery.start_soon(self._phone.request, house.id, house.code, vin)
            answer = await self._phone.request(house.id, house.code, vin)
        return answer

    async def _watch(self, id: str) -> None:
        for _ in range(LOOKS_MOST):
            stream = await self._phone.look_at(id)
            if stream is None or stream.phase not in LIVE:
                break
            match self._chance.choices(list(ACTIONS), list(ACTIONS.values()))[0]:
                case "ask again":
                    await self._ask()
                case "stop":
                    await self._phone.stop(id, None if self._chance.random() < 0.5 else "viewer")
                case "leave":
                    return
            await trio.sleep(self._pace * self._chance.expovariate(1 / LOOK_SECONDS))
        if self._chance.random() < self._temper.rates_late:
            await self._phone.note(id, f"seen {self._chance.randint(1, 3)}")


__all__ = ["Visitor"]
