"""Faults of commands on their way: mailboxes, deadlines of callers, sessions that come and go."""

from __future__ import annotations

from collections import deque

import trio

from switchboard.engine.ports import Stored
from switchboard.engine.runtime.draft import Draft
from switchboard.engine.runtime.letter import Letter
from switchboard.engine.runtime.mailbox import Mailbox
from switchboard.engine.runtime.supervisor import Cell, Supervisor
from switchboard.simulations.checkers.names import AT_ONCE, GIVEN_UP, ONE_ACTOR, ORDER, TURNED_AWAY
from switchboard.simulations.mutants.mutant import in_worlds
from switchboard.simulations.mutants.patches import Patches


@in_worlds(AT_ONCE, scenario="crowd")
def takes_any_number_of_letters(patches: Patches) -> None:
    """A mailbox grows as long as commands come."""

    def post_nowait(self: Mailbox, letter: Letter) -> None:
        self._letters = deque() if self._letters is None else self._letters
        self._letters.append(letter)
        self.wake()

    patches.set(Mailbox, "post_nowait", post_nowait)


@in_worlds(GIVEN_UP, scenario="storm", faults=("crash", "zombie", "slow", "lost"), seeds_most=16)
def decides_for_nobody(patches: Patches) -> None:
    """A command is decided although its caller has stopped waiting for it."""
    decided = Draft._decided

    def decide(self: Draft, letter: Letter) -> object:
        letter.expires_at = None
        return decided(self, letter)

    patches.set(Draft, "_decided", decide)


@in_worlds(TURNED_AWAY, scenario="storm", faults=())
def leaves_while_a_letter_comes(patches: Patches) -> None:
    """A session looks whether letters wait for it, takes a second, and leaves the memory."""
    passivate = Cell._passivate

    async def slowly(self: Cell) -> bool:
        gone, self._gone = self._gone, lambda _cell: None
        try:
            left = await passivate(self)
            if left:
                await trio.sleep(1)
        finally:
            self._gone = gone
        if left:
            gone(self)
        return left

    patches.set(Cell, "_passivate", slowly)


@in_worlds(ONE_ACTOR, AT_ONCE, scenario="crowd", faults=("slow", "burst", "kill"))
def runs_a_session_twice(patches: Patches) -> None:
    """While a session is being loaded, another command for it starts it once more."""
    found = Supervisor.cell

    def cell(self: Supervisor, id: str, *, fresh: bool = False) -> Cell:
        known = self.cells.get(id)
        if known is not None and not known.loaded:
            del self.cells[id]
        return found(self, id, fresh=fresh)

    patches.set(Supervisor, "cell", cell)


@in_worlds(
    ORDER,
    scenario="storm",
    faults=(
        "clock",
        "kill",
        "stop",
    ),
)
def believes_the_wall_clock(patches: Patches) -> None:
    """What is decided after a restart may be dated before what was decided before it."""
    restore = Cell._restore

    def restore_undated(self: Cell, stored: Stored | None) -> None:
        restore(self, stored)
        self.actor.now_last = 0

    patches.set(Cell, "_restore", restore_undated)
