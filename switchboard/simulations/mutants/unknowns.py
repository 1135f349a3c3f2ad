"""Faults of commits whose answer was lost."""

from __future__ import annotations

from switchboard.engine.errors import CommitUnknown, StoreDown
from switchboard.engine.ports import Adopt, Committed, Meanwhile, Outcome, Turn
from switchboard.simulations.checkers.names import (
    COMMITTED,
    DELIVERED,
    FOLD,
    HOLE,
    NOTHING,
    ONE_ACTOR,
)
from switchboard.simulations.mutants.mutant import in_worlds
from switchboard.simulations.mutants.patches import Patches
from switchboard.store.memory import MemorySessions


@in_worlds(NOTHING, ONE_ACTOR, DELIVERED, HOLE, scenario="storm", faults=("lost",))
def takes_an_unknown_commit_for_a_failure(patches: Patches) -> None:
    """When the answer of a commit is lost, nothing is settled: callers hear that nothing was written."""
    commit = MemorySessions.commit

    async def hopeless(
        self: MemorySessions, turn: Turn, adopt: Adopt, meanwhile: Meanwhile
    ) -> Outcome:
        try:
            return await commit(self, turn, adopt, meanwhile)
        except CommitUnknown as error:
            raise StoreDown(str(error)) from error

    patches.set(MemorySessions, "commit", hopeless)


@in_worlds(FOLD, COMMITTED, HOLE, scenario="fragile")
def takes_an_unknown_commit_for_a_success(patches: Patches) -> None:
    """When the answer of a commit is lost, it is adopted and answered as if it had come."""
    commit = MemorySessions.commit

    async def hopeful(
        self: MemorySessions, turn: Turn, adopt: Adopt, meanwhile: Meanwhile
    ) -> Outcome:
        try:
            return await commit(self, turn, adopt, meanwhile)
        except CommitUnknown:
            done = Committed(tuple(0 for _ in turn.notices))
            adopt(done)
            return done

    patches.set(MemorySessions, "commit", hopeful)
