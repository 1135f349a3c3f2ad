"""Questions of the same moment, answered together."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import trio
import trio.testing

from switchboard.engine.errors import StoreDown
from switchboard.store.loader import TOGETHER_MOST, Together


class Oracle:
    """Doubles numbers; -1 is a bug of its own, and it may be out of reach."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.away = False

    async def __call__(self, numbers: Sequence[int]) -> list[int]:
        self.batches.append(list(numbers))
        await trio.lowlevel.checkpoint()
        if self.away:
            raise StoreDown("away")
        if -1 in numbers:
            raise ZeroDivisionError
        return [2 * number for number in numbers]


@pytest.fixture
def oracle() -> Oracle:
    return Oracle()


@pytest.fixture
def together(oracle: Oracle, nursery: trio.Nursery) -> Together[int, int]:
    """One whose task runs."""
    made = Together(oracle)
    nursery.start_soon(made.run)
    return made


async def ask_all(together: Together[int, int], numbers: Sequence[int]) -> dict[int, object]:
    answers: dict[int, object] = {}

    async def one(number: int) -> None:
        try:
            answers[number] = await together.ask(number)
        except (StoreDown, ZeroDivisionError) as error:
            answers[number] = type(error)

    async with trio.open_nursery() as nursery:
        for number in numbers:
            nursery.start_soon(one, number)
    return answers


async def test_questions_of_one_moment_are_put_as_one(
    oracle: Oracle, together: Together[int, int]
) -> None:
    assert await ask_all(together, range(5)) == {number: 2 * number for number in range(5)}
    assert [sorted(batch) for batch in oracle.batches] == [[0, 1, 2, 3, 4]]
    await ask_all(together, range(TOGETHER_MOST + 1))
    assert [len(batch) for batch in oracle.batches[1:]] == [TOGETHER_MOST, 1]


async def test_an_outage_is_heard_by_all_and_is_over_with_the_next(
    oracle: Oracle, together: Together[int, int]
) -> None:
    oracle.away = True
    assert await ask_all(together, [1, 2]) == {1: StoreDown, 2: StoreDown}
    oracle.away = False
    assert await ask_all(together, [1]) == {1: 2}


async def test_a_question_that_fails_does_so_alone(together: Together[int, int]) -> None:
    assert await ask_all(together, [1, -1, 2]) == {1: 2, -1: ZeroDivisionError, 2: 4}


async def test_whoever_left_is_not_asked_for(oracle: Oracle, together: Together[int, int]) -> None:
    with trio.CancelScope() as scope:
        scope.cancel()
        await together.ask(1)
    assert await ask_all(together, [2]) == {2: 4}
    assert oracle.batches == [[2]]


async def test_when_it_ends_nobody_is_left_waiting() -> None:
    async def never(_numbers: Sequence[int]) -> list[int]:
        await trio.sleep_forever()
        raise AssertionError("it is cancelled")

    together = Together(never)
    answers: dict[int, object] = {}

    async def ask() -> None:
        answers.update(await ask_all(together, [1, 2]))

    async with trio.open_nursery() as callers, trio.open_nursery() as nursery:
        nursery.start_soon(together.run)
        callers.start_soon(ask)
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert answers == {1: StoreDown, 2: StoreDown}
    with pytest.raises(StoreDown):
        await together.ask(3)
