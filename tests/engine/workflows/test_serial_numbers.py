"""Numbers of a busy counter: each once, in order, and nobody waits for a query who need not."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from switchboard.engine.errors import StoreDown
from switchboard.engine.workflows.serial_numbers import AT_ONCE, AT_ONCE_MOST, SerialNumbers


class Counter:
    """A store's counter whose queries wait until they may."""

    def __init__(self) -> None:
        self.taken: list[int] = []
        """How many each query took."""
        self.goes = trio.Event()
        self.goes.set()
        self.down = False

    async def take(self, _name: str, count: int) -> int:
        """See ``Serials``."""
        first = sum(self.taken) + 1
        self.taken.append(count)
        await self.goes.wait()
        if self.down:
            self.taken.pop()
            raise StoreDown("planted")
        return first


async def test_many_at_once_get_each_number_once_and_in_order() -> None:
    counter = Counter()
    serials, given = SerialNumbers(counter), []

    async def ask() -> None:
        given.append(await serials.one_of_many("a"))

    for _ in range(20):
        async with trio.open_nursery() as nursery:
            for _ in range(100):
                nursery.start_soon(ask)
    assert given == list(range(1, 2001))
    assert counter.taken[:5] == [AT_ONCE, 40, 80, 160, AT_ONCE_MOST]
    assert set(counter.taken[5:]) == {AT_ONCE_MOST}


async def test_while_one_takes_more_the_others_go_on_with_the_rest() -> None:
    counter = Counter()
    serials = SerialNumbers(counter)
    given = [await serials.one_of_many("a") for _ in range(AT_ONCE // 2)]
    counter.goes = trio.Event()
    later: list[int] = []

    async def ask() -> None:
        later.append(await serials.one_of_many("a"))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask)
        await trio.testing.wait_all_tasks_blocked()
        given += [await serials.one_of_many("a") for _ in range(AT_ONCE // 2)]
        assert given == list(range(1, AT_ONCE + 1))
        assert later == []
        # Now there is none left, and whoever comes waits for the same query.
        nursery.start_soon(ask)
        await trio.testing.wait_all_tasks_blocked()
        counter.goes.set()
    assert later == [AT_ONCE + 1, AT_ONCE + 2]
    assert len(counter.taken) == 2


async def test_without_the_store_numbers_are_given_as_long_as_there_are_some() -> None:
    counter = Counter()
    serials = SerialNumbers(counter)
    assert await serials.one_of_many("a") == 1
    counter.down = True
    assert [await serials.one_of_many("a") for _ in range(AT_ONCE - 1)] == list(
        range(2, AT_ONCE + 1)
    )
    with pytest.raises(StoreDown):
        await serials.one_of_many("a")
    counter.down = False
    assert await serials.one_of_many("a") == AT_ONCE + 1


async def test_whoever_takes_more_and_is_cancelled_leaves_it_to_the_next() -> None:
    counter = Counter()
    serials = SerialNumbers(counter)
    counter.goes = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serials.one_of_many, "a")
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    counter.goes.set()
    assert await serials.one_of_many("a") == AT_ONCE + 1
