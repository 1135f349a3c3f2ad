"""What an engine owes those who ask it: an answer of their own, in time or not at all, and none that it cannot hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from switchboard.engine.clock import Instant
from switchboard.engine.ports import Capacity, Turn
from switchboard.engine.sessions import Address
from switchboard.simulations.checkers.names import APART, AT_ONCE, GIVEN_UP, LOOP, TURNED_AWAY
from switchboard.simulations.trace import Violation

ROUNDING: Instant = 1
"""Milliseconds: the engine and the checkers cut off fractions at different moments."""


class Callers:
    """Follows calls from where they are made to what becomes of them.

    Args:
        now: the present instant on the clock of the engine that runs.
    """

    def __init__(self, capacity: Capacity, now: Callable[[], Instant]) -> None:
        self._now = now
        # What a mailbox holds, and the turn that is under way.
        self._waiting_most = capacity.mailbox + capacity.turn
        self._waiting = Counter[tuple[object, Address]]()
        """(engine, session) -> commands that are there and not answered."""
        self._asked = Counter[tuple[Address, str]]()
        """(session, command) -> how often it has arrived."""
        self._crashed = Counter[tuple[Address, str]]()
        self._patience: dict[str, Instant] = {}
        """Request -> until when, on its engine's clock, its caller waits."""
        self._messages: dict[str, str] = {}
        """Incident -> the command that crashed its session."""
        self._told: set[str] = set()
        """Incidents that a caller has heard of."""

    def arrives(self, address: Address, command: str) -> None:
        """A command has come to an engine."""
        self._asked[address, command] += 1

    @contextmanager
    def asking(self, engine: object, address: Address) -> Iterator[None]:
        """A command is with an engine for the length of the block. Raises: Violation."""
        self._waiting[engine, address] += 1
        try:
            waiting = self._waiting[engine, address]
            if waiting > self._waiting_most + 1:  # One that is being refused is counted too.
                seen = f"{waiting} commands wait for {address}"
                raise Violation(AT_ONCE, seen, [address])
            yield
        finally:
            self._waiting[engine, address] -= 1

    def waits(self, cause: str, until: Instant) -> None:
        """The caller of that request gives up at ``until``."""
        self._patience[cause] = until

    def decided(self, turn: Turn) -> None:
        """Judges a turn by who still waited for it. Raises: Violation."""
        now = self._now()
        for entry in turn.entries:
            until = self._patience.get(entry.caused_by or "")
            # An event that is dated later than the clock says nothing: a journal never goes back where the clock did.
            if until is not None and until + ROUNDING < entry.at <= now:
                late = entry.at - until
                seen = f"{turn.address}: {entry.name} {late} ms after {entry.caused_by} gave up"
                raise Violation(GIVEN_UP, seen, [turn.address])

    def turned_away(self, address: Address, error: Exception) -> None:
        """An engine that takes commands said that it is stopping. Raises: Violation."""
        raise Violation(TURNED_AWAY, f"{address}: {error!r}", [address])

    def crashed(self, address: Address, command: str, incident: str) -> None:
        """A command crashed its session: each does so once at the most. Raises: Violation."""
        self._messages[incident] = command
        self._crashed[address, command] += 1
        asked = self._asked[address, command]
        if asked and self._crashed[address, command] > asked:
            crashes = self._crashed[address, command]
            seen = f"{command} came {asked} times and crashed {address} {crashes} times"
            raise Violation(LOOP, seen, [address])

    def heard(self, incident: str) -> None:
        """A caller heard of a crash. Raises: Violation if it was another's."""
        if incident in self._told and self._messages.get(incident) not in (None, "load"):
            message = self._messages[incident]
            raise Violation(APART, f"the crash of one {message} was told to several callers")
        self._told.add(incident)


__all__ = ["Callers"]
