"""What is stored, read once and kept exact by observing what is adopted: a bounded cache that is never stale.

A query that is under way when its key changes may bring back what was before the change; such an answer is given to
whoever asked (it was true when they asked) and not kept.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Observed(Generic[K, V]):
    """Values by key. ``read`` asks the store for keys that are not known; ``keep`` says which are worth remembering."""

    def __init__(
        self,
        read: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]],
        *,
        most: int,
        keep: Callable[[K], bool] = lambda _key: True,
    ) -> None:
        self._read = read
        self._most = most
        self._keep = keep
        self._known: OrderedDict[K, V] = OrderedDict()
        self._asked: dict[K, object] = {}
        """Key -> the last query under way, unless a change has overtaken it since."""

    async def many(self, keys: Iterable[K]) -> dict[K, V]:
        """The values of all those keys. Raises: what ``read`` raises."""
        keys = list(keys)
        values = {key: self._known[key] for key in keys if key in self._known}
        unknown = [key for key in keys if key not in values]
        if unknown:
            values |= await self._look_up(unknown)
        # What was known may have changed while the others were looked up, and may have been forgotten.
        return {key: self._known.get(key, values[key]) for key in keys}

    async def _look_up(self, unknown: Sequence[K]) -> Mapping[K, V]:
        query = object()
        self._asked.update(dict.fromkeys(unknown, query))
        try:
            found = await self._read(unknown)
        finally:
            current = [key for key in unknown if self._asked.get(key) is query]
            for key in current:
                del self._asked[key]
        for key in current:
            if self._keep(key):
                self._known[key] = found[key]
        while len(self._known) > self._most:
            self._known.popitem(last=False)
        return found

    def change(self, key: K, change: Callable[[V], V]) -> None:
        """The value of that key has just become another in the store."""
        self._asked.pop(key, None)
        if key in self._known:
            self._known[key] = change(self._known[key])

    def forget(self, key: K) -> None:
        """The key is not worth remembering any more."""
        self._known.pop(key, None)
        self._asked.pop(key, None)
