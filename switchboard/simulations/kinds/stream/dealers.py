"""Dealers: they come online, take what is offered or let it pass, ping while they stream, log out in mid-stream."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import msgspec
import trio

from switchboard.engine.errors import Engaged
from switchboard.engine.records import Account
from switchboard.engine.sessions.stream import STREAM, StreamNotice
from switchboard.engine.sessions.stream.notices import OFFERED
from switchboard.simulations.calls import Answer, Life
from switchboard.simulations.inbox import Inbox
from switchboard.simulations.kinds.habits import (
    BRISK_PACE,
    BRISK_PULSE_SECONDS,
    KEYED,
    PULSE_SECONDS,
)
from switchboard.simulations.kinds.stream.houses import House
from switchboard.simulations.kinds.stream.phone import StreamPhone
from switchboard.simulations.kinds.stream.rules import StreamRules
from switchboard.simulations.kinds.temperament import Temperament

if TYPE_CHECKING:
    from switchboard.simulations.world import World

PAUSE_SECONDS = 600.0
"""How long a dealer is away between shifts, at most."""

VANISHES_SECONDS = 1200.0
"""Longer than the watchdog (600 s)."""

LOOK_SECONDS = 60.0
"""On average between two looks at what it streams."""

LOOKS_MOST = 300
"""How often a dealer looks at one stream: far more than the longest takes."""

ACTIONS = {"wait": 70, "stop": 10, "accept again": 4, "vanish": 5, "go offline": 5, "log out": 3}
"""What a dealer does while it streams, by weight."""

DECODER = msgspec.json.Decoder(StreamNotice)


class Dealer:
    """One dealer and what it does."""

    def __init__(self, world: World, house: House, account: str) -> None:
        self.world = world
        self.account = account
        self.chance = chance = world.chance(f"dealer/{account}")
        self.temper = Temperament.draw(chance)
        keyed = chance.random() < KEYED
        self.phone = StreamPhone(world, account, chance, self.temper.patience, keyed=keyed)
        self.inbox = Inbox(world, account, self._heard)
        self._brisk = world.scenario.brisk
        self._pace = BRISK_PACE if self._brisk else 1.0
        self._house = house
        self._member = Account(
            id=account,
            realm="people",
            dealer="approved",
            organization=house.id,
            created_at=0,
            updated_at=0,
        )
        self._offers: deque[str] = deque(maxlen=10)
        self._news = trio.Event()
        self._on_shift = False
        self._silent = False
        self._streams: str | None = None
        rules = world.judge.rules[STREAM.name]
        assert isinstance(rules, StreamRules)
        rules.joins(account, house.id)

    def _heard(self, name: str, body: bytes) -> None:
        if name != "streaming":
            return
        notice = DECODER.decode(body)
        if notice.code == OFFERED:
            self._offers.append(notice.stream)
        self._news.set()
        self._news = trio.Event()

    async def run(self) -> None:
        """Lives until the plan's hours are over, and listens until cancelled."""
        async with trio.open_nursery() as listening:
            listening.start_soon(self.inbox.run)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._pulse)
                nursery.start_soon(self._work)
                await self.world.over.wait()
                nursery.cancel_scope.cancel()

    async def rest(self, life: Life) -> None:
        """See ``Inhabitant``."""
        await self.inbox.rest(life)

    async def _pulse(self) -> None:
        while True:
            seconds = self.chance.uniform(*(BRISK_PULSE_SECONDS if self._brisk else PULSE_SECONDS))
            await trio.sleep(seconds)
            if not self._silent and (self._on_shift or self._streams is not None):
                await self.phone.ping(self._streams)

    async def _work(self) -> None:
        while True:
            await trio.sleep(self._pace * self.chance.random() * PAUSE_SECONDS / 4)
            await self.phone.online()
            self._on_shift = True
            shift = self.chance.expovariate(1 / self.world.scenario.shift_seconds)
            ends = trio.current_time() + shift
            while self._on_shift and trio.current_time() < ends:
                offer: str | None = None
                with trio.move_on_at(ends):
                    offer = await self._next_offer()
                if offer is not None:
                    await self._respond(offer)
            await self._leave()
            await trio.sleep(self._pace * self.chance.random() * PAUSE_SECONDS)
            self._silent = False

    async def _next_offer(self) -> str:
        while not self._offers:
            await self._news.wait()
        return self._offers.popleft()

    async def _leave(self) -> None:
        self._on_shift = False
        draw = self.chance.random()
        if draw < self.temper.keeps_shift / 2:
            await self.phone.offline()
        elif draw < self.temper.keeps_shift:
            await self.phone.logout()
        else:
            self._silent = True

    # -- streams ------------------------------------------------------------------------------------------------

    async def _respond(self, stream: str) -> None:
        await self._think()
        if self.chance.random() < self.temper.accepts:
            await self._after(await self._accept(stream))
        if self.chance.random() < self.world.scenario.meddling:
            await self._meddle()

    async def _accept(self, stream: str) -> Answer:
        """Takes it; some send it twice at once."""
        async with trio.open_nursery() as nursery:
            if self.chance.random() < self.temper.taps_twice:
                nursery.start_soon(self.phone.accept, stream, self._member)
            answer = await self.phone.accept(stream, self._member)
        if answer.state is not None:
            self._streams = stream
        return answer

    async def _after(self, answer: Answer) -> None:
        match answer:
            case Answer(state=stream) if stream is not None:
                await self._show(stream.id)
            case Answer(refusal=Engaged(session=stream)):
                await self._show(stream)
            case _:
                return

    async def _show(self, stream: str) -> None:
        """Streams until it is over or the dealer is gone; then writes a note, or not."""
        try:
            for _ in range(LOOKS_MOST):
                found = await self.phone.look_at(stream)
                if found is None or found.phase != "streaming" or found.dealer != self.account:
                    break
                self._streams = stream
                if not await self._step(stream):
                    return
        finally:
            self._streams = None
        if self.chance.random() < self.temper.rates:
            await self.phone.note(stream, f"note {self.chance.randint(1, 3)}")

    async def _step(self, stream: str) -> bool:
        """One thing, and a pause. False: the dealer is gone."""
        match self.chance.choices(list(ACTIONS), list(ACTIONS.values()))[0]:
            case "stop":
                await self.phone.stop(stream, "dealer")
            case "accept again":
                await self._accept(stream)
            case "go offline":
                # What it streams goes on, and its pings with it.
                self._on_shift = False
                await self.phone.offline()
            case "log out":
                self._on_shift = False
                await self.phone.logout()
                return False
            case "vanish":
                self._streams, self._silent = None, True
                await trio.sleep(self._pace * self.chance.random() * VANISHES_SECONDS)
                self._silent = False
                return False
        news = self._news
        with trio.move_on_after(self._pace * self.chance.expovariate(1 / LOOK_SECONDS)):
            await news.wait()
        return True

    async def _meddle(self) -> None:
        """Tries something with somebody's stream."""
        known = [
            one.address.id
            for one in self.world.judge.shadows.all()
            if one.address.kind == STREAM.name
        ]
        if not known:
            return
        stream = self.chance.choice(known[-20:])
        if self.chance.random() < 0.5:
            await self._after(await self._accept(stream))
        else:
            await self.phone.note(stream, "not mine")

    async def _think(self) -> None:
        await trio.sleep(self._pace * self.chance.expovariate(1 / self.temper.haste))


__all__ = ["Dealer"]
