"""A database of one size, the engine on it, and the operations whose cost is measured there."""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, Final

import trio

from switchboard.bench.copies import Template
from switchboard.bench.growth_templates import OPERATORS_TO_A_PLACE, Templates, place
from switchboard.engine.sessions.gig import (
    ClaimGig,
    ConfirmGig,
    Gig,
    RateGig,
    StartGig,
    StopGig,
)
from switchboard.engine.sessions.kind import Address, Command
from switchboard.engine.workflows.room_requests import NewMessage
from switchboard.web.services import Services

AT_ONCE: Final = 16
"""Callers: turns share commits, as they do on a server that has something to do."""

WOKEN_AT_ONCE: Final = 512
"""As many as the store loads in some queries."""

LIVE_GIGS, LIVE_ROOMS = 0.4, 0.4
"""Of the live sessions; the rest are operators who are online."""

PAGE: Final = 20

ALARMS: Final = 500
"""As many as the alarms ask for at once (engine/runtime/alarms.py)."""

GIG_STEPS: Final = 4
"""What the measurement may ask of a claimed gig before it has to end."""


class Sizes:
    """How many of each sort there are, from the numbers of live and of stored sessions."""

    def __init__(self, live: int, stored: int) -> None:
        self.live_gigs = round(live * LIVE_GIGS)
        self.live_rooms = round(live * LIVE_ROOMS)
        self.operators = live - self.live_gigs - self.live_rooms
        self.past_gigs = stored // 2
        self.past_rooms = stored - self.past_gigs

    @property
    def places(self) -> int:
        """That have operators, all the same number."""
        return self.operators // OPERATORS_TO_A_PLACE


class World:
    """The operations by name, each a function of the caller's number. Sessions are chosen at random, the same in each
    run."""

    def __init__(self, services: Services, templates: Templates, sizes: Sizes) -> None:
        self._services = services
        self._engine = services.engine
        self._templates = templates
        self._sizes = sizes
        self._chance = random.Random(1)
        self._taken: dict[int, int] = {}
        """Gig -> steps that it has taken."""
        self._awaited: dict[str, trio.Event] = {}
        self._gigs = [templates.live_gig.copy(one)[0] for one in range(sizes.live_gigs)]
        self._rooms = [templates.live_room.copy(one)[0] for one in range(sizes.live_rooms)]
        self._past_gigs = self._shuffled(sizes.past_gigs)
        self._past_rooms = self._shuffled(sizes.past_rooms)
        for kind in ("gig", "room", "person"):
            services.engine.observe(kind, self._adopted)
        self.operations: Mapping[str, Callable[[int], Awaitable[object]]] = {
            "command to a gig": self._command,
            "message in a room": self._message,
            "lifecycle of a gig": self._lifecycle,
            "search for operators": self._search,
            "operator goes and comes": self._comes_and_goes,
            "gig read": self._read_gig,
            "room read": self._read_room,
            "page of gigs": self._page_of_gigs,
            "page of messages": self._page_of_messages,
            "gig activated": self._activate_gig,
            "room activated": self._activate_room,
            "look at the alarms": self._alarms,
            "a second of rest": self._rest,
            "collection of all garbage": self._collect,
        }

    @property
    def callers(self) -> int:
        """Who ask at once, each at places of its own."""
        return max(1, min(AT_ONCE, self._sizes.places))

    def _shuffled(self, count: int) -> Iterator[int]:
        numbers = list(range(count))
        self._chance.shuffle(numbers)
        return iter(numbers)

    # -- waking ---------------------------------------------------------------------------------------------------

    async def wake_all(self, progress: Callable[[int], None]) -> None:
        """Loads all that are to be live."""
        for template, count in (
            (self._templates.live_gig, self._sizes.live_gigs),
            (self._templates.live_room, self._sizes.live_rooms),
            (self._templates.operator, self._sizes.operators),
        ):
            for first in range(0, count, WOKEN_AT_ONCE):
                some = range(first, min(count, first + WOKEN_AT_ONCE))
                woken = [self._woken(template, number) for number in some]
                for event in woken:
                    await event.wait()
                progress(len(woken))

    async def look_everywhere(self) -> None:
        """Whether an operator is engaged is asked of the database once, in the first search that finds it."""
        for number in range(self._sizes.places):
            await self._services.dispatch.near(*place(number), without=None)

    def check(self) -> None:
        """Raises: AssertionError unless just those are in memory that should be."""
        sizes, active = self._sizes, self._engine.statistics()
        wanted = {"gig": sizes.live_gigs, "room": sizes.live_rooms, "person": sizes.operators}
        found = {kind: active[f"active_{kind}"] for kind in wanted}
        assert found == wanted, f"{found} are in memory, not {wanted}"

    def _woken(self, template: Template, number: int) -> trio.Event:
        id = template.copy(number)[0]
        event = self._awaited[id] = trio.Event()
        self._engine.wake(Address(template.kind, id))
        return event

    def _adopted(self, address: Address, _before: Any, _after: Any) -> None:
        event = self._awaited.pop(address.id, None)
        if event is not None:
            event.set()

    async def _activate_gig(self, _caller: int) -> None:
        await self._woken(self._templates.past_gig, next(self._past_gigs)).wait()

    async def _activate_room(self, _caller: int) -> None:
        await self._woken(self._templates.past_room, next(self._past_rooms)).wait()

    # -- what is live ---------------------------------------------------------------------------------------------

    def _ids(self, template: Template, count: int) -> tuple[str, ...]:
        return template.copy(self._chance.randrange(count))

    async def _command(self, caller: int) -> None:
        """The next step of a claimed gig: nobody else's meanwhile."""
        own = len(range(caller, self._sizes.live_gigs, self.callers))
        start = self._chance.randrange(own)
        for offset in range(own):
            number = caller + (start + offset) % own * self.callers
            taken = self._taken.get(number, 0)
            if taken < GIG_STEPS:
                self._taken[number] = taken + 1
                await self._step(self._templates.live_gig.copy(number), taken)
                return
        raise RuntimeError("all gigs have taken all of their steps")

    async def _step(self, ids: tuple[str, ...], taken: int) -> None:
        gig, customer, operator = ids
        if taken == 0:
            await self._ask(gig, ConfirmGig(account=customer), customer)
        elif taken == 3:
            await self._ask(gig, StartGig(account=customer), customer)
        else:
            await self._services.dispatch.handshake(gig, operator if taken == 1 else customer)

    async def _message(self, _caller: int) -> None:
        ids = self._ids(self._templates.live_room, self._sizes.live_rooms)
        rooms = self._services.rooms
        room = await rooms.get(ids[0])
        await rooms.post(room, NewMessage(sender=ids[1], role="party", text="x" * 200))

    async def _read_gig(self, _caller: int) -> None:
        await self._engine.read(Address("gig", self._chance.choice(self._gigs)))

    async def _read_room(self, _caller: int) -> None:
        await self._engine.read(Address("room", self._chance.choice(self._rooms)))

    async def _page_of_gigs(self, _caller: int) -> None:
        customer = self._ids(self._templates.live_gig, self._sizes.live_gigs)[1]
        await self._engine.store.sessions.listed("gigs-of", customer, None, 0, PAGE)

    async def _page_of_messages(self, _caller: int) -> None:
        await self._services.messages.before(self._chance.choice(self._rooms), None, PAGE)

    # -- operators and new gigs -----------------------------------------------------------------------------------

    def _place(self, caller: int) -> tuple[float, float]:
        """One of the caller's own."""
        own = len(range(caller, self._sizes.places, self.callers))
        return place(caller + self._chance.randrange(own) * self.callers)

    async def _search(self, caller: int) -> None:
        await self._services.dispatch.near(*self._place(caller), without=None)

    async def _comes_and_goes(self, caller: int) -> None:
        latitude, longitude = self._place(caller)
        dispatch = self._services.dispatch
        near = await dispatch.near(latitude, longitude, without=None)
        await dispatch.offline(near[0].account)
        await dispatch.online(near[0].account, latitude, longitude)

    async def _lifecycle(self, caller: int) -> None:
        dispatch, customer = self._services.dispatch, self._new_id()
        gig = await dispatch.request(customer, *self._place(caller))
        operator = gig.offers[0].operator
        await self._ask(gig.id, ClaimGig(operator=operator), operator)
        await self._ask(gig.id, ConfirmGig(account=customer), customer)
        await dispatch.handshake(gig.id, operator)
        await self._ask(gig.id, StartGig(account=customer), customer)
        await self._ask(gig.id, StopGig(account=customer), customer)
        for account in (customer, operator):
            rate = RateGig(account=account, rating=5, rating_id=self._new_id())
            ended = await self._ask(gig.id, rate, account)
        assert ended.phase == "voted"

    def _new_id(self) -> str:
        return self._engine.ids.new(self._engine.clock.now())

    async def _ask(self, gig: str, command: Command, by: str) -> Gig:
        state = await self._engine.ask(Address("gig", gig), command, by=by)
        assert isinstance(state, Gig)
        return state

    # -- the whole process ----------------------------------------------------------------------------------------

    async def _alarms(self, _caller: int) -> None:
        """As the engine does all the time; nothing is due soon."""
        before = self._engine.clock.now() + int(self._engine.capacity.alarm_ahead_seconds * 1000)
        await self._engine.store.sessions.due(before, ALARMS)

    async def _rest(self, _caller: int) -> None:
        await trio.sleep(1.0)

    async def _collect(self, _caller: int) -> None:
        gc.collect()
        await trio.lowlevel.checkpoint()

    # -- measuring ------------------------------------------------------------------------------------------------

    async def run(self, operation: str, count: int) -> float:
        """Does it so many times, and everything that follows from it. Returns: seconds."""
        one, callers = self.operations[operation], min(self.callers, count)

        async def call(caller: int) -> None:
            for _ in range(caller, count, callers):
                await one(caller)

        began = time.perf_counter()
        async with trio.open_nursery() as nursery:
            for caller in range(callers):
                nursery.start_soon(call, caller)
        # Withdrawn offers, deliveries of the outbox: they are its cost, too.
        while self._engine.statistics()["reactions_waiting"]:  # noqa: ASYNC110
            await trio.sleep(0.005)
        return time.perf_counter() - began
