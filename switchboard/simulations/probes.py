"""What watches a world from within for its judge: the database, the scheduler, and a log that writes nothing."""

from __future__ import annotations

import math
from collections import deque
from typing import Any

import trio
from trio.abc import Instrument

from switchboard.engine.engine import Engine
from switchboard.engine.ports import Committed, OutboxRow, Outcome, Turn
from switchboard.engine.queries.rooms import ReadMarker
from switchboard.engine.runtime.letter import Letter
from switchboard.engine.sessions import Address, Command
from switchboard.simulations.checkers import Judge
from switchboard.simulations.checkers.names import MARKERS, TIME
from switchboard.simulations.trace import Violation
from switchboard.store.memory_rooms import RoomTables
from switchboard.store.memory_tables import MemoryDatabase

ROUNDS_MOST = 10_000
"""Of the scheduler at one instant: a chain of wake-ups that does not wait for anything is some dozens long, so that
many more are a task that spins. About a second of wall time."""

ROWS_KEPT = 30
"""Rows of the outbox that may be delivered again: those of the last minutes."""


class JudgedRooms(RoomTables):
    """The tables of rooms, which tell the judge of every read marker."""

    judge: Judge

    def mark(self, marker: ReadMarker) -> ReadMarker:
        """See ``RoomTables``."""
        key = (marker.room, marker.reader)
        before = self.markers.get(key)
        standing = super().mark(marker)
        after = self.markers[key]
        if before is not None and after.sequence < before.sequence:
            seen = f"{marker.reader} has read {before.sequence} and then {after.sequence}"
            self.judge.fail(Violation(MARKERS, seen, [Address("room", marker.room)]))
        return standing


class JudgedDatabase(MemoryDatabase):
    """A database that tells the judge of every turn the moment it takes effect."""

    judge: Judge
    rooms: JudgedRooms
    commits = 0

    def __init__(self) -> None:
        super().__init__()
        self.rooms = JudgedRooms()
        self.rows: deque[OutboxRow] = deque(maxlen=ROWS_KEPT)
        """The latest that were committed."""

    def commit(self, turn: Turn) -> Outcome:
        """See ``MemoryDatabase``."""
        outcome = super().commit(turn)
        if isinstance(outcome, Committed):
            self.commits += 1
            self.rows.extend(turn.outbox)
            self.judge.committed(turn)
        return outcome

    def settle(self, turn: Turn) -> bool:
        """See ``MemoryDatabase``."""
        entries = len(self.journal.get(turn.address, ()))
        happened = super().settle(turn)
        for void in self.journal.get(turn.address, ())[entries:]:
            self.judge.voided(turn.address, void.at)
        return happened


class JudgedEngine(Engine):
    """An engine that tells the judge of every command that comes to it, from people and from workflows."""

    judge: Judge

    def post(self, address: Address, command: Command, **how: Any) -> Letter:
        """See ``Engine``."""
        self.judge.callers.arrives(address, type(command).__name__)
        return super().post(address, command, **how)


class Metronome(Instrument):
    """Counts how often the scheduler goes round while the virtual time stands still."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._at = -math.inf
        self._rounds = 0

    def before_io_wait(self, timeout: float) -> None:
        """See ``trio.abc.Instrument``."""
        now = trio.current_time()
        self._rounds = self._rounds + 1 if now == self._at else 0
        self._at = now
        if self._rounds > ROUNDS_MOST:
            self._judge.fail(Violation(TIME, f"{ROUNDS_MOST} rounds at one instant"))


class Silent:
    """A logger for the supervision log, which the judge listens to."""

    def info(self, event: str, **fields: Any) -> None:
        """Writes nothing."""

    warning = info
