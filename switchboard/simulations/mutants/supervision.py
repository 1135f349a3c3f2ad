"""Faults of supervision: crashes that are not kept apart, tried for ever, or forgotten."""

from __future__ import annotations

from typing import Any

import trio

from switchboard.engine.errors import SessionCrashed
from switchboard.engine.ports import Stored
from switchboard.engine.runtime.actor import Actor, Crash
from switchboard.engine.runtime.breaker import Breaker
from switchboard.engine.runtime.letter import Letter
from switchboard.engine.runtime.supervisor import Cell
from switchboard.simulations.checkers.names import APART, BREAKER, LOOP, NOTHING, STILL
from switchboard.simulations.mutants.mutant import in_worlds
from switchboard.simulations.mutants.patches import Patches


@in_worlds(LOOP, scenario="storm", faults=("crash",))
def never_quarantines(patches: Patches) -> None:
    """A session that crashes again and again is restarted again and again."""

    async def try_again(self: Cell, _crash: Crash, _cause: BaseException) -> None:
        await trio.sleep(self.of.runtime.capacity.backoff_first_seconds)

    patches.set(Cell, "_enter_quarantine", try_again)


@in_worlds(LOOP, NOTHING, scenario="storm", faults=("crash",))
def repeats_what_crashed(patches: Patches) -> None:
    """The command that crashed its session is decided again after the restart."""
    crash = Actor._crash

    def crash_and_keep(
        self: Actor, letters: list[Letter], culprit: Letter | None, error: Exception
    ) -> None:
        try:
            crash(self, letters, culprit, error)
        finally:
            if culprit is not None:
                again = Letter(culprit.command, by=culprit.by, caused_by=culprit.caused_by)
                self.mailbox.put_back([again])

    patches.set(Actor, "_crash", crash_and_keep)


@in_worlds(STILL, LOOP, scenario="release", faults=("crash", "kill"))
def forgets_quarantines_at_the_start(patches: Patches) -> None:
    """A new engine runs sessions that stand still."""
    restore = Cell._restore

    def restore_anyway(self: Cell, stored: Stored | None) -> None:
        if stored is not None:
            stored = Stored(stored.version, stored.snapshot, stored.tail, None)
        restore(self, stored)

    patches.set(Cell, "_restore", restore_anyway)


@in_worlds(APART, scenario="release", faults=("crash", "burst", "slow"))
def tells_everybody_of_a_bug(patches: Patches) -> None:
    """A bug in one command is told to every caller of its turn."""
    crash = Actor._crash

    def tell_all(self: Actor, letters: list[Letter], culprit: Any, error: Exception) -> None:
        try:
            crash(self, letters, culprit, error)
        except Crash as crashed:
            for letter in self.mailbox.take(len(letters)):
                letter.fail(SessionCrashed(crashed.incident))
            raise

    patches.set(Actor, "_crash", tell_all)


@in_worlds(BREAKER, scenario="release")
def puts_everything_into_quarantine(patches: Patches) -> None:
    """No breaker opens, however many sessions of a kind crash."""
    patches.set(Breaker, "admits", lambda _self, _now: True)
