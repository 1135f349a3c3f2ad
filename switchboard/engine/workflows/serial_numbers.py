"""Numbers for what is shown with an integer: taken from the store some at a time, given out one by one."""

from __future__ import annotations

import trio

from switchboard.engine.records import Serials

AT_ONCE = 20
AT_ONCE_MOST = 320
"""Numbers taken with one query: twice as many each time. A restart leaves the rest of them out, which should be few if
the counter is seldom used."""


class SerialNumbers:
    """Counters by name. A number is never given twice; one that was given for nothing is left out."""

    def __init__(self, serials: Serials) -> None:
        self._serials = serials
        self._stock: dict[str, tuple[int, int]] = {}
        """name -> (next, end)"""
        self._at_once: dict[str, int] = {}
        """name -> how many are taken the next time"""
        self._taking: dict[str, trio.Lock] = {}

    async def one(self, name: str) -> int:
        """The next number, without a gap between this and an earlier one. Raises: StoreDown."""
        return await self._serials.take(name, 1)

    async def one_of_many(self, name: str) -> int:
        """The next number of a busy counter; after a restart up to ``AT_ONCE_MOST`` are left out. Raises: StoreDown."""
        number, end = self._stock.get(name, (0, 0))
        if number != end:
            # Without the lock, which costs a turn of the scheduler: nobody else runs between here and the return.
            self._stock[name] = (number + 1, end)
            return number
        async with self._taking.setdefault(name, trio.Lock()):
            number, end = self._stock.get(name, (0, 0))
            if number == end:
                count = self._at_once.get(name, AT_ONCE)
                number = await self._serials.take(name, count)
                end = number + count
                self._at_once[name] = min(2 * count, AT_ONCE_MOST)
            self._stock[name] = (number + 1, end)
            return number
