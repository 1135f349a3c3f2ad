"""What is checked once, when everything has come to rest."""

from __future__ import annotations

from collections import Counter
from typing import Any

from switchboard.engine.runtime.folding import VOID, fold
from switchboard.engine.sessions import Address
from switchboard.engine.sessions.gig import LIVE, Gig
from switchboard.simulations.checkers.commits import FOLD, ONCE
from switchboard.simulations.checkers.holdings import CLAIMS, DELIVERED
from switchboard.simulations.checkers.shadows import CODECS, KINDS, Shadow, Shadows, plain
from switchboard.simulations.checkers.timers import STUCK
from switchboard.simulations.trace import Violation
from switchboard.store.memory_tables import MemoryDatabase


def check_rest(shadows: Shadows, database: MemoryDatabase) -> None:
    """Judges the database of a world in which nobody does anything any more. Raises: Violation."""
    for shadow in shadows.all():
        if shadow.state is not None:
            _journal(shadow, database)
    for address in database.sessions:
        if shadows[address].version != database.sessions[address].version:
            raise Violation(ONCE, f"{address} has entries that no turn wrote", [address])
    for gig in shadows.gigs():
        if gig.phase in LIVE or (gig.phase == "purchased" and not gig.window_closed):
            raise Violation(STUCK, f"{gig.id} is still {gig.phase!r}", [Address("gig", gig.id)])
    if "engagement" in database.claims:
        raise Violation(CLAIMS, f"engagements are left: {database.claims['engagement']}")
    if database.outbox:
        raise Violation(DELIVERED, f"reactions are left: {sorted(database.outbox)}")
    _ratings(shadows, database)


def _journal(shadow: Shadow, database: MemoryDatabase) -> None:
    address, about = shadow.address, [shadow.address]
    kind, codec = KINDS[address.kind], CODECS[address.kind]
    journal = database.journal[address]
    if [entry.version for entry in journal] != list(range(1, shadow.version + 1)):
        raise Violation(ONCE, f"the versions of {address} have holes", about)
    snapshot = database.snapshots.get(address)
    states: list[Any] = [None]
    for entry in journal:
        known = entry.name != VOID
        states.append(fold(kind, codec, [entry], states[-1]) if known else states[-1])
    if plain(states[-1]) != shadow.plain:
        raise Violation(FOLD, f"{address}: {states[-1]!r} is not {shadow.plain!r}", about)
    if snapshot is not None:
        kept = codec.decode_state(snapshot.format, snapshot.body)
        if plain(kept) != plain(states[snapshot.version]):
            raise Violation(FOLD, f"the snapshot of {address} is {kept!r}", about)


def _ratings(shadows: Shadows, database: MemoryDatabase) -> None:
    """Every rating was counted once, for the one who got it."""
    counts = Counter[tuple[str, str]]()
    sums = Counter[tuple[str, str]]()
    for gig in shadows.gigs():
        for name, account, rating in _given(gig):
            counts[name, account] += 1
            sums[name, account] += rating
    expected = {key: (count, sums[key]) for key, count in counts.items()}
    if expected != database.tallies:
        raise Violation(ONCE, f"tallies {database.tallies} for ratings {expected}")


def _given(gig: Gig) -> list[tuple[str, str, int]]:
    found = []
    if gig.operator is not None and gig.operator_rating is not None:
        found.append(("operator-rating", gig.operator, gig.operator_rating.value))
    if gig.customer_rating is not None:
        found.append(("customer-rating", gig.customer, gig.customer_rating.value))
    return found
