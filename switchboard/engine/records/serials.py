"""Numbers for what is shown with an integer beside its id."""

from __future__ import annotations

from typing import Protocol


class Serials(Protocol):
    """Counters that never give a number twice."""

    async def take(self, name: str, count: int) -> int:
        """The first of ``count`` numbers in a row that nobody else gets; the first ever is 1. Raises: StoreDown."""
