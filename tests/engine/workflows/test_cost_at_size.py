"""A gig takes as many steps of the interpreter with a thousand sessions in memory as with a hundred."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from cities import LATITUDE, LONGITUDE, City
from trio.testing import MockClock

from switchboard.bench.filling import make_gigs
from switchboard.engine.sessions.gig import CancelGig, ClaimGig, ConfirmGig

FEW, MANY = 100, 1000

SHARE_MORE = 1.1
"""From gig to gig it differs by some in a hundred, for turns meet in other ways; looking at each of a thousand
sessions would be an eighth or more."""


class Steps:
    """How many instructions the interpreter has executed."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, frame: FrameType, event: str, _: Any) -> Steps:
        """A trace function."""
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        self.count += event == "opcode"
        return self


@contextmanager
def counted() -> Iterator[Steps]:
    """The steps of all tasks during the block."""
    steps, before = Steps(), sys.gettrace()
    sys.settrace(steps)
    try:
        yield steps
    finally:
        sys.settrace(before)


async def fill(city: City, count: int) -> None:
    """So many gigs that are live, and as many operators far away, five to a place."""
    await make_gigs(city.engine, count, lambda: None)
    for number in range(count):
        place = LATITUDE + 1 + (number // 5 % 100) * 0.2, LONGITUDE + 1 + number // 500
        await city.dispatch.online(city.world.id(), *place)


async def gig(city: City, customer: str) -> int:
    """The steps of a gig that is searched for, claimed, confirmed, read and given up."""
    with counted() as steps:
        requested = await city.request(customer)
        await city.ask(requested, ClaimGig(operator=requested.offers[0].operator))
        await city.ask(requested, ConfirmGig(account=city.id(customer)))
        await city.read(requested)
        await city.ask(requested, CancelGig(account=city.id(customer)))
    return steps.count


async def test_a_gig_costs_the_same_however_many_are_live(autojump_clock: MockClock) -> None:
    city = City()
    async with city.running():
        for name in "abc":
            await city.online(name)
        await fill(city, FEW)
        few = min([await gig(city, name) for name in ("x", "y", "z")])
        await fill(city, MANY)
        many = min([await gig(city, name) for name in ("x", "y", "z")])
        assert city.engine.statistics()["active_gig"] > MANY
        assert few > 1000
        assert many <= few * SHARE_MORE
