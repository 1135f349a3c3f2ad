"""What a worker's connections are told before its stop goes on."""

from __future__ import annotations

from typing import Protocol
from weakref import WeakKeyDictionary

from hypercorn.trio.worker_context import EventWrapper, WorkerContext

FAREWELL = "switchboard.farewell"
"""The key of a request's ASGI scope under which its worker's ``Farewell`` is found: for handlers that wait long."""


class Parts(Protocol):
    """Somebody who wants to be told."""

    def part(self) -> None:
        """The server ends. Must not wait."""


class Farewell(EventWrapper):
    """hypercorn's event that a worker ends, which tells everybody of ours first.

    It is set in every way in which a worker ends in order, under its own command too; what happens in ``set`` happens
    before the time runs that is left to what is under way.
    """

    def __init__(self) -> None:
        super().__init__()
        self._members: set[Parts] = set()

    def add(self, member: Parts) -> None:
        """From now on it is told."""
        self._members.add(member)

    def discard(self, member: Parts) -> None:
        """It is told no more."""
        self._members.discard(member)

    async def set(self) -> None:
        """Tells everybody, then sets the event."""
        for member in list(self._members):
            member.part()
        await super().set()


_farewells: WeakKeyDictionary[WorkerContext, Farewell] = WeakKeyDictionary()


def farewell(context: WorkerContext) -> Farewell:
    """The farewell of that worker. The first connection puts it in the place of the event: before, nobody waits for
    it."""
    found = _farewells.get(context)
    if found is None:
        found = _farewells[context] = Farewell()
        if context.terminated.is_set():
            found._event.set()
        context.terminated = found
    return found
