"""Who wants the same thing waits for who wanted it first."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio


class OneAtATime:
    """Locks by name, each there for as long as somebody holds it or waits."""

    def __init__(self) -> None:
        self._locks: dict[str, trio.Lock] = {}

    @asynccontextmanager
    async def alone(self, name: str) -> AsyncIterator[None]:
        """Nobody else is in a block of that name; who comes first is first."""
        lock = self._locks.setdefault(name, trio.Lock())
        try:
            async with lock:
                yield
        finally:
            # Whoever was handed the lock by our leaving holds it already.
            if not lock.locked() and self._locks.get(name) is lock:
                del self._locks[name]
