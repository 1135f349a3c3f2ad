"""Faults of what spans sessions: claims, bars, and what is known of them in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from switchboard.engine.ports import ClaimTaken, Outcome, Turn
from switchboard.engine.sessions import Claim
from switchboard.engine.sessions.gig import GIG, LIVE, Gig
from switchboard.engine.sessions.gig.holdings import ENGAGEMENT
from switchboard.simulations.checkers.names import CLAIMS, DELIVERED, FALSE, LOCKED, ONE_LIVE
from switchboard.simulations.mutants.mutant import Kinds, in_worlds, with_gig
from switchboard.simulations.mutants.patches import Patches
from switchboard.store.memory import MemorySessions
from switchboard.store.memory_tables import MemoryDatabase


@in_worlds(CLAIMS)
def keeps_a_claim(_: Patches) -> Kinds:
    """An expired gig goes on engaging its customer."""

    def claims(gig: Gig) -> frozenset[Claim]:
        held = GIG.claims(gig)
        return held | {Claim(ENGAGEMENT, gig.customer)} if gig.phase == "expired" else held

    return with_gig(claims=claims)


@in_worlds(CLAIMS)
def releases_a_claim_too_early(_: Patches) -> Kinds:
    """A gig lets go of its operator when the stream begins."""

    def claims(gig: Gig) -> frozenset[Claim]:
        held = GIG.claims(gig)
        if gig.phase == "streaming" and gig.operator is not None:
            return held - {Claim(ENGAGEMENT, gig.operator)}
        return held

    return with_gig(claims=claims)


@in_worlds(CLAIMS)
def keeps_a_lock_in_memory_only(_: Patches) -> Kinds:
    """Who has to rate is known to the gig, and no row says so."""

    def claims(gig: Gig) -> frozenset[Claim]:
        return GIG.claims(gig) if gig.phase in LIVE else frozenset()

    return with_gig(claims=claims)


@in_worlds(LOCKED)
def bars_nobody(_: Patches) -> Kinds:
    """Nothing keeps those who owe a rating from the next gig."""
    return with_gig(bars=lambda _command: ())


@in_worlds(ONE_LIVE, scenario="rush")
def shares_claims(patches: Patches) -> None:
    """Two sessions may hold the same engagement."""
    obstacle = MemoryDatabase._obstacle

    def blind(self: MemoryDatabase, turn: Turn) -> Outcome | None:
        found = obstacle(self, turn)
        taken = isinstance(found, ClaimTaken) and found.claim.scope == ENGAGEMENT
        return None if taken else found

    patches.set(MemoryDatabase, "_obstacle", blind)


@in_worlds(FALSE, DELIVERED, scenario="rush")
def reads_old_claims(patches: Patches) -> None:
    """What dispatch reads of claims is as old as the last time that somebody asked for them."""
    claims = MemorySessions.claims
    before: dict[tuple[str, ...], Mapping[Claim, str]] = {}

    async def old(
        self: MemorySessions, scopes: Sequence[str], keys: Sequence[str]
    ) -> Mapping[Claim, str]:
        now = await claims(self, scopes, keys)
        asked = (*scopes, *keys)
        then, before[asked] = before.get(asked, now), now
        return then

    patches.set(MemorySessions, "claims", old)
