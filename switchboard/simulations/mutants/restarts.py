"""Faults of what a new engine must find out: what was committed before it, and what it has not seen committed."""

from __future__ import annotations

from switchboard.engine.runtime.announcements import Announcements
from switchboard.engine.runtime.reactions import Reactions
from switchboard.simulations.checkers.names import DELIVERED, HOLE
from switchboard.simulations.mutants.mutant import in_worlds
from switchboard.simulations.mutants.patches import Patches


@in_worlds(DELIVERED, scenario="storm", faults=("kill", "slow"), people=20)
def forgets_reactions_at_the_start(patches: Patches) -> None:
    """A new engine does not look for reactions that the one before it has not delivered."""
    init = Reactions.__init__

    def blank(self: Reactions, tell: object) -> None:
        init(self, tell)  # type: ignore[arg-type]
        self._behind = False

    patches.set(Reactions, "__init__", blank)


@in_worlds(DELIVERED, scenario="storm", faults=("lost",), people=12)
def forgets_reactions_of_a_settled_commit(patches: Patches) -> None:
    """An unknown commit that turns out to have happened does not have its reactions delivered."""
    patches.set(Reactions, "recheck", lambda _self: None)


@in_worlds(HOLE, scenario="storm", faults=("lost", "slow"), people=20, seeds_most=16)
def hides_a_settled_commit(patches: Patches) -> None:
    """Nobody is told that an unknown commit, which turned out to have happened, had something to tell."""
    patches.set(Announcements, "lag", lambda _self, _topic: None)
