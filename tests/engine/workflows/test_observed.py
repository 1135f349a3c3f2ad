"""Values that are read once and kept exact: what happens to them while others are being read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import trio
from trio.testing import wait_all_tasks_blocked

from switchboard.engine.workflows.observed import Observed


class Shelf:
    """Stored values, of which some take until they are released."""

    def __init__(self) -> None:
        self.stored = {"a": 1, "b": 2}
        self.slow = {"b"}
        self.released = trio.Event()

    async def read(self, keys: Sequence[str]) -> Mapping[str, int]:
        """What was stored when it was asked."""
        found = {key: self.stored[key] for key in keys}
        if self.slow & set(keys):
            await self.released.wait()
        return found


async def test_a_value_forgotten_or_changed_while_others_are_read_is_still_given() -> None:
    for change, expected in ((False, 1), (True, 5)):
        shelf = Shelf()
        observed: Observed[str, int] = Observed(shelf.read, most=10)
        assert await observed.many(["a"]) == {"a": 1}
        found: dict[str, int] = {}

        async def look(observed: Observed[str, int], found: dict[str, int]) -> None:
            found |= await observed.many(["a", "b"])

        async with trio.open_nursery() as nursery:
            nursery.start_soon(look, observed, found)
            await wait_all_tasks_blocked()
            if change:
                observed.change("a", lambda value: value + 4)
            else:
                observed.forget("a")
            shelf.released.set()
        assert found == {"a": expected, "b": 2}
