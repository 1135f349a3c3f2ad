"""Who waits for a try of a push: order, rests, and what a vendor's word stops."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from switchboard.engine.push import PushLater
from switchboard.engine.workflows.push_lanes import BACKOFF_MOST_SECONDS, Lane, Place

ANN, BEN = Place("ann", "1"), Place("ben", "2")


class Vendor:
    """Answers as it is told, and remembers when it was asked."""

    def __init__(self) -> None:
        self.tries: list[tuple[Place, float]] = []
        self.says: dict[Place, list[PushLater | bool]] = {}
        """What it answers each; then: there is no more."""
        self.hangs: set[Place] = set()

    async def deliver(self, place: Place) -> bool:
        """See ``Deliver``."""
        self.tries.append((place, trio.current_time()))
        await trio.lowlevel.checkpoint()
        if place in self.hangs:
            await trio.sleep_forever()
        says = self.says.get(place)
        said = says.pop(0) if says else False
        if isinstance(said, PushLater):
            raise said
        return said

    def times(self, place: Place) -> list[float]:
        """When that device was tried, from the first try on."""
        began = self.tries[0][1]
        return [at - began for one, at in self.tries if one == place]


@asynccontextmanager
async def lane(vendor: Vendor, at_once: int = 2) -> AsyncIterator[Lane]:
    """A running one."""
    one = Lane(vendor.deliver, at_once, random.Random(1))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(one.run)
        yield one
        nursery.cancel_scope.cancel()


async def test_a_device_that_waits_waits_once(autojump_clock: MockClock) -> None:
    vendor = Vendor()
    async with lane(vendor) as one:
        for place in (ANN, ANN, BEN):
            one.add(place)
        await wait_all_tasks_blocked()
        assert [place for place, _ in vendor.tries] == [ANN, BEN]
        assert one.waiting == 0


async def test_what_comes_while_it_is_told_and_what_is_left_over_is_told_next(
    autojump_clock: MockClock,
) -> None:
    vendor = Vendor()
    vendor.says = {BEN: [True, True, False]}
    async with lane(vendor) as one:
        one.add(ANN)
        one.add(BEN)
        await trio.lowlevel.checkpoint()
        while not vendor.tries:
            await trio.lowlevel.checkpoint()
        one.add(ANN)
        await wait_all_tasks_blocked()
        assert Counter(place for place, _ in vendor.tries) == {ANN: 2, BEN: 3}
        assert one.waiting == 0


async def test_pauses_double_up_to_five_minutes_and_begin_anew_after_a_success(
    autojump_clock: MockClock,
) -> None:
    vendor = Vendor()
    vendor.says = {ANN: [PushLater("no") for _ in range(12)]}
    async with lane(vendor) as one:
        one.add(ANN)
        await trio.sleep(3600)
        times = vendor.times(ANN)
        assert len(times) == 13
        pauses = [later - sooner for sooner, later in pairwise(times)]
        for number, pause in enumerate(pauses):
            least = min(2.0**number, BACKOFF_MOST_SECONDS)
            assert least <= pause <= 1.5 * least
        assert one.waiting == 0
        vendor.says = {ANN: [PushLater("no")]}
        one.add(ANN)
        await trio.sleep(2)
        assert len(vendor.times(ANN)) == 15


async def test_one_that_rests_is_not_woken_by_more_and_keeps_no_other(
    autojump_clock: MockClock,
) -> None:
    vendor = Vendor()
    vendor.says = {ANN: [PushLater("no", 100.0)]}
    async with lane(vendor) as one:
        one.add(ANN)
        await trio.sleep(1)
        for place in (ANN, BEN):
            one.add(place)
        await trio.sleep(98)
        assert (len(vendor.times(ANN)), len(vendor.times(BEN))) == (1, 1)
        await trio.sleep(2)
        assert len(vendor.times(ANN)) == 2


@pytest.mark.parametrize(("asked", "kept"), [(50.0, 50.0), (10_000.0, 600.0)])
async def test_a_vendor_that_wants_no_more_of_anybody_has_its_way_for_a_while(
    autojump_clock: MockClock, asked: float, kept: float
) -> None:
    vendor = Vendor()
    vendor.says = {ANN: [PushLater("no", asked, everybody=True)]}
    async with lane(vendor) as one:
        one.add(ANN)
        await trio.sleep(1)
        one.add(BEN)
        await trio.sleep(kept + 1)
        assert vendor.times(BEN) == [pytest.approx(kept, abs=0.01)]


async def test_the_first_to_be_done_resting_is_the_first_to_be_tried(
    autojump_clock: MockClock,
) -> None:
    vendor = Vendor()
    vendor.says = {ANN: [PushLater("no", 100.0)], BEN: [PushLater("no", 10.0)]}
    async with lane(vendor) as one:
        one.add(ANN)
        await trio.sleep(1)
        one.add(BEN)
        await trio.sleep(200)
        assert vendor.times(ANN) == [0, pytest.approx(100, abs=0.01)]
        assert vendor.times(BEN) == pytest.approx([1, 11], abs=0.01)


async def test_so_many_are_told_at_once_and_no_more(autojump_clock: MockClock) -> None:
    vendor = Vendor()
    places = [Place("a", str(number)) for number in range(5)]
    vendor.hangs = set(places)
    async with lane(vendor, at_once=3) as one:
        for place in places:
            one.add(place)
        await wait_all_tasks_blocked()
        assert (len(vendor.tries), one.waiting) == (3, 5)
