"""Numbers for what is shown with an integer: taken from the store some at a time, given out one by one."""

from __future__ import annotations

import trio

from switchboard.engine.records import Serials

AT_ONCE = 20
"""Numbers taken with one query; a restart leaves the rest of them out, which is why it is not more."""


class SerialNumbers:
    """Counters by name. A number is never given twice; one that was given for nothing is left out."""

    def __init__(self, serials: Serials) -> None:
        self._serials = serials
        self._stock: dict[str, tuple[int, int]] = {}
        """name -> (next, end)"""
        self._taking: dict[str, trio.Lock] = {}

    async def one(self, name: str) -> int:
        """The next number, without a gap between this and an earlier one. Raises: StoreDown."""
        return await self._serials.take(name, 1)

    async def one_of_many(self, name: str) -> int:
        """The next number of a busy counter; after a restart up to ``AT_ONCE`` are left out. Raises: StoreDown."""
        number, end = self._stock.get(name, (0, 0))
        if number != end:
            # Without the lock, which costs a turn of the scheduler: nobody else runs between here and the return.
            self._stock[name] = (number + 1, end)
            return number
        async with self._taking.setdefault(name, trio.Lock()):
            number, end = self._stock.get(name, (0, 0))
            if number == end:
                number = await self._serials.take(name, AT_ONCE)
                end = number + AT_ONCE
            self._stock[name] = (number + 1, end)
            return number
