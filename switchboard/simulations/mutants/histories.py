"""Faults of a session's own history: its transitions, its fold, its snapshots."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace as changed

from switchboard.engine.ports import Committed, Snapshot, Turn
from switchboard.engine.runtime.actor import Actor
from switchboard.engine.runtime.draft import Draft
from switchboard.engine.sessions import Address
from switchboard.engine.sessions.gig import GIG, ClaimGig, Gig
from switchboard.engine.sessions.gig.events import GigConfirmed, GigRated, GigStarted
from switchboard.engine.sessions.gig.offers import claim
from switchboard.simulations.checkers.names import (
    COMMITTED,
    CRASHES,
    EFFECT,
    FALSE,
    FOLD,
    LEGAL,
    STUCK,
)
from switchboard.simulations.mutants.mutant import Kinds, in_worlds, with_gig
from switchboard.simulations.mutants.patches import Patches


@in_worlds(LEGAL)
def skips_a_phase(_: Patches) -> Kinds:
    """A confirmed gig is handshaking at once."""

    def evolve(gig: Gig | None, event: Any) -> Gig:
        after = GIG.evolve(gig, event)
        return changed(after, phase="handshaking") if isinstance(event, GigConfirmed) else after

    return with_gig(evolve=evolve)


@in_worlds(CRASHES)
def takes_a_second_accept(_: Patches) -> Kinds:
    """The accept of a gig that has an operator is decided as if it were the first one."""

    def decide(gig: Gig | None, command: Any, context: Any) -> Any:
        if isinstance(command, ClaimGig) and gig is not None:
            return claim(changed(gig, phase="pendingOperator", operator=None), command, context)
        return GIG.decide(gig, command, context)

    return with_gig(decide=decide)


@in_worlds(FOLD)
def forgets_a_field(_: Patches) -> Kinds:
    """The fold of a start loses the video room."""

    def evolve(gig: Gig | None, event: Any) -> Gig:
        after = GIG.evolve(gig, event)
        return changed(after, video=None) if isinstance(event, GigStarted) else after

    return with_gig(evolve=evolve)


@in_worlds(FOLD, COMMITTED, EFFECT, FALSE, STUCK)
def forgets_a_rating(_: Patches) -> Kinds:
    """A rating is answered and never written."""
    return with_gig(volatile=GIG.volatile | {GigRated})


@in_worlds(FOLD, COMMITTED)
def saves_a_snapshot_of_another_version(patches: Patches) -> None:
    """A session that leaves the memory saves the state that it had one turn before, as if it were the present one."""
    adopt = Actor._adopt
    before: dict[Address, Any] = {}

    def remember(self: Actor, draft: Draft, turn: Turn, done: Committed) -> None:
        if self.state is not None:
            before[self.address] = self.state
        adopt(self, draft, turn, done)

    def snapshot(self: Actor) -> Snapshot | None:
        if self.state is None:
            return None
        state = before.get(self.address, self.state)
        return Snapshot(self.version, self.of.kind.state_format, self.of.codec.encode_state(state))

    patches.set(Actor, "_adopt", remember)
    patches.set(Actor, "snapshot", snapshot)
