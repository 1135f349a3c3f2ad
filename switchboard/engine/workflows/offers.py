"""Which gigs wait for an operator's answer: so that they can be withdrawn when it becomes unavailable."""

from __future__ import annotations

from switchboard.engine.clock import Instant
from switchboard.engine.ports import Header, Sessions
from switchboard.engine.sessions.gig import GIG, Gig
from switchboard.engine.sessions.kind import Address

LIST = "gigs-offered"
PENDING = "pendingOperator"

PAGE = 1000
"""Gigs read at once at the start."""

STORED_MOST = 1000
"""Open offers of one operator from before the start; each gig makes ten at most, so it is asked by a hundred customers
in the half minute that a request waits."""


class OpenOffers:
    """The offers of gigs that were adopted here, and of those from before the start for as long as there are any."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._waiting: dict[str, dict[str, None]] = {}
        self._before: Instant | None = None
        """When the last gig that was pending at the start is due; a gig's deadline stays while it is pending."""

    async def open(self) -> None:
        """Finds out whether gigs wait since before the start. Raises: StoreDown."""
        last: Header | None = None
        while page := await self._sessions.timed(GIG.name, PENDING, PAGE, after=last):
            last = page[-1]
            self._before = last.deadline

    def changed(self, before: Gig | None, after: Gig) -> None:
        """A gig was adopted in the state ``after``."""
        old = frozenset() if before is None else GIG.lists(before)
        new = GIG.lists(after)
        if old == new:
            return
        for entry in new - old:
            if entry.name == LIST:
                self._waiting.setdefault(entry.key, {})[after.id] = None
        for entry in old - new:
            if entry.name == LIST:
                gigs = self._waiting.get(entry.key, {})
                gigs.pop(after.id, None)
                if not gigs:
                    self._waiting.pop(entry.key, None)

    async def of(self, operator: str) -> list[Address]:
        """The gigs that wait for that operator's answer. Raises: StoreDown."""
        here = [Address(GIG.name, gig) for gig in self._waiting.get(operator, ())]
        before = self._before
        if before is None:
            return here
        stored = await self._sessions.listed(LIST, operator, None, 0, STORED_MOST)
        older = await self._sessions.timed(GIG.name, PENDING, 1, before=before + 1)
        if not older:
            self._before = None
        return list(dict.fromkeys([*here, *(header.address for header in stored)]))
