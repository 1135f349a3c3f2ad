"""The counters of the runtime's tests as a kind of session in a world: all that a new kind needs, in one file."""

from __future__ import annotations

import random
from collections.abc import Sequence

import trio
from counters import (
    COUNTER,
    Add,
    Added,
    Arm,
    Armed,
    Close,
    Closed,
    Counter,
    Create,
    Created,
    Looked,
    Rung,
)
from msgspec.structs import replace

from switchboard.engine.sessions import Address, Event
from switchboard.simulations.calls import Life, Phone
from switchboard.simulations.cast import Cast, Inhabitant, Rules
from switchboard.simulations.checkers.shadows import Shadow
from switchboard.simulations.trace import Violation
from switchboard.simulations.world import World

TOTALS = "a counter's total is the sum of what was added"


class Clerk:
    """Opens counters, adds to them, sets their bell, and closes them."""

    def __init__(self, world: World, number: int) -> None:
        self._world = world
        self._chance: random.Random = world.chance(f"clerk/{number}")
        self._phone = Phone(world, world.new_id(), self._chance, patience=5.0, keyed=True)

    async def run(self) -> None:
        """See ``Inhabitant``."""
        while not self._world.over.is_set():
            await trio.sleep(self._chance.expovariate(1 / 5))
            id = self._world.new_id()
            address = Address(COUNTER.name, id)
            await self._phone.tell(address, Create(id=id, owner=self._phone.account))
            for _ in range(self._chance.randint(1, 5)):
                await self._phone.tell(address, Add(amount=self._chance.randint(1, 9)))
            await self._phone.tell(address, Arm(at=self._world.now() + 5_000))
            await self._phone.look(address)
            await trio.sleep(self._chance.random() * 10)
            await self._phone.tell(address, Close())

    async def rest(self, life: Life) -> None:
        """See ``Inhabitant``."""


class Totals(Rules):
    """What must be true of counters alone."""

    sums: dict[Address, int]

    def event(self, address: Address, before: Counter | None, event: Event) -> None:
        """See ``Rules``."""
        if not hasattr(self, "sums"):
            self.sums = {}
        added = event.amount if isinstance(event, Added) else 1000 * isinstance(event, Rung)
        self.sums[address] = self.sums.get(address, 0) + added

    def committed(self, shadow: Shadow) -> None:
        """See ``Rules``."""
        if shadow.state.total != self.sums[shadow.address]:
            raise Violation(TOTALS, f"{shadow.state!r}", [shadow.address])


def clerks(world: World) -> Sequence[Inhabitant]:
    """As many as the plan has people."""
    return [Clerk(world, number) for number in range(world.plan.people)]


EVENTS: Sequence[type[Event]] = (Added, Armed, Looked, Rung)

COUNTERS = Cast(
    kind=COUNTER,
    transitions={
        None: {Created: "open"},
        "open": {**dict.fromkeys(EVENTS, "open"), Closed: "closed"},
        "closed": {**dict.fromkeys(EVENTS, "closed"), Closed: "closed"},
    },
    people=clerks,
    rules=Totals,
    effects={
        Create: lambda counter, command: counter.owner == command.owner,
        Close: lambda counter, _: counter.phase == "closed",
    },
    plain=lambda counter: replace(counter, looks=0),
    rests=lambda counter: counter.due is None,
    rest_seconds=lambda _scenario: 10.0,
)
