"""A Trio loop in a thread, which is there for as long as a block lasts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio

from benchmarks.loop import loop


class Place:
    """What is opened."""

    def __init__(self) -> None:
        self.open = False
        self.seen: list[str] = []


def test_it_is_open_within_the_block_and_asked_in_its_own_loop() -> None:
    place = Place()

    @asynccontextmanager
    async def opened() -> AsyncIterator[Place]:
        place.open = True
        yield place
        await trio.lowlevel.checkpoint()
        place.open = False

    async def work(there: Place) -> None:
        await trio.lowlevel.checkpoint()
        there.seen.append(trio.lowlevel.current_task().name)

    with loop(opened) as found:
        assert place.open
        found.run(work)
    assert not place.open
    assert len(place.seen) == 1


def test_what_cannot_be_opened_says_why() -> None:
    @asynccontextmanager
    async def opened() -> AsyncIterator[Place]:
        await trio.lowlevel.checkpoint()
        raise OSError("no room")
        yield Place()

    with pytest.raises(OSError, match="no room"), loop(opened):
        pytest.fail("it is not open")


def test_it_is_closed_when_the_block_fails() -> None:
    place = Place()

    @asynccontextmanager
    async def opened() -> AsyncIterator[Place]:
        place.open = True
        try:
            yield place
        finally:
            place.open = False

    with pytest.raises(KeyboardInterrupt), loop(opened):
        raise KeyboardInterrupt
    assert not place.open
