"""Faults of what follows a commit: reactions and notices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from switchboard.engine.ports import Turn
from switchboard.engine.runtime.announcements import Announcements
from switchboard.engine.runtime.reactions import Reactions
from switchboard.simulations.checkers.names import DELIVERED, HOLE, TOLD
from switchboard.simulations.mutants.mutant import Kinds, in_worlds, with_gig
from switchboard.simulations.mutants.patches import Patches
from switchboard.store.memory import MemorySessions
from switchboard.store.memory_tables import MemoryDatabase


@in_worlds(TOLD)
def loses_a_reaction(_: Patches) -> Kinds:
    """Dispatch is never told that somebody is engaged."""
    return with_gig(reactions=lambda *_: ())


@in_worlds(DELIVERED)
def drops_rows(patches: Patches) -> None:
    """Committed reactions are not handed over."""
    patches.set(Reactions, "deliver", lambda _self, _rows: None)


@in_worlds(DELIVERED, scenario="rush")
def skips_the_delivery(patches: Patches) -> None:
    """Reactions count as delivered before anybody has seen them."""

    async def hand_over(self: Reactions, row: Any) -> None:
        self._finish(row.id)

    patches.set(Reactions, "_hand_over", hand_over)


@in_worlds(DELIVERED)
def delivers_for_ever(patches: Patches) -> None:
    """The row of a delivered reaction is not deleted, so that each start delivers it again."""

    async def outbox_done(self: MemorySessions, ids: Sequence[str]) -> None:
        await self._gate("outbox_done")

    patches.set(MemorySessions, "outbox_done", outbox_done)


@in_worlds(HOLE)
def announces_nothing(patches: Patches) -> None:
    """Nobody hears what was committed."""
    patches.set(Announcements, "publish", lambda _self, _topic, _announcements: None)


@in_worlds(HOLE)
def numbers_notices_with_gaps(patches: Patches) -> None:
    """Every fifth notice of a topic takes up two numbers."""
    written = MemoryDatabase._write_rest

    def write_rest(self: MemoryDatabase, turn: Turn) -> tuple[int, ...]:
        numbers = written(self, turn)
        return tuple(number + number // 5 for number in numbers)

    patches.set(MemoryDatabase, "_write_rest", write_rest)
