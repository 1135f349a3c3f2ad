"""Numbers for what is shown with an integer: taken from the store some at a time, given out one by one."""

from __future__ import annotations

from collections import deque

import trio

from switchboard.engine.errors import StoreDown
from switchboard.engine.records import Serials

AT_ONCE = 20
AT_ONCE_MOST = 320
"""Numbers taken with one query: twice as many each time. A restart leaves the rest of them out, which should be few if
the counter is seldom used."""


class _Stock:
    """Numbers of one counter that were taken and not given yet."""

    __slots__ = ("at_once", "low", "numbers", "taking")

    def __init__(self) -> None:
        self.numbers: deque[int] = deque()
        self.low = 0
        """With so many left, more are taken: half of what the last query took."""
        self.at_once = AT_ONCE
        """How many are taken the next time."""
        self.taking = trio.Lock()


class SerialNumbers:
    """Counters by name. A number is never given twice; one that was given for nothing is left out."""

    def __init__(self, serials: Serials) -> None:
        self._serials = serials
        self._stocks: dict[str, _Stock] = {}

    async def one(self, name: str) -> int:
        """The next number, without a gap between this and an earlier one. Raises: StoreDown."""
        return await self._serials.take(name, 1)

    async def one_of_many(self, name: str) -> int:
        """The next number of a busy counter; after a restart those of one and a half queries are left out at most.

        Who finds that half of them are gone takes more before it gets one; the others go on with the rest meanwhile.
        Else all who write at that moment would wait for a query of their own, and then no longer share a commit.

        Raises: StoreDown.
        """
        stock = self._stocks.get(name)
        if stock is None:
            stock = self._stocks[name] = _Stock()
        left = len(stock.numbers)
        if not left or (left <= stock.low and not stock.taking.locked()):
            await self._take_more(name, stock)
        # Nobody else has run since there was one, so that numbers are given in the order in which they were asked for.
        return stock.numbers.popleft()

    async def _take_more(self, name: str, stock: _Stock) -> None:
        """Returns with at least one there. Raises: StoreDown."""
        async with stock.taking:
            if len(stock.numbers) > stock.low:
                return  # Whoever had the lock has taken enough.
            try:
                first = await self._serials.take(name, stock.at_once)
            except StoreDown:
                if not stock.numbers:
                    raise
                return
            stock.numbers.extend(range(first, first + stock.at_once))
            stock.low = stock.at_once // 2
            stock.at_once = min(2 * stock.at_once, AT_ONCE_MOST)
