"""What is checked once, when everything has come to rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from switchboard.engine.runtime.folding import VOID, fold
from switchboard.simulations.cast import Rules
from switchboard.simulations.checkers.names import DELIVERED, FOLD, HOLE, ONCE, STUCK
from switchboard.simulations.checkers.shadows import Shadow, Shadows
from switchboard.simulations.trace import Violation
from switchboard.store.memory_tables import MemoryDatabase


def check_rest(shadows: Shadows, database: MemoryDatabase, rules: Mapping[str, Rules]) -> None:
    """Judges the database of a world in which nobody does anything any more. Raises: Violation."""
    for shadow in shadows.all():
        if shadow.state is not None:
            _journal(shadow, database)
            if not shadow.cast.rests(shadow.state):
                seen = f"{shadow.address} is still {shadow.state.phase!r}"
                raise Violation(STUCK, seen, [shadow.address])
    for address in database.sessions:
        if shadows[address].version != database.sessions[address].version:
            raise Violation(ONCE, f"{address} has entries that no turn wrote", [address])
    if database.outbox:
        raise Violation(DELIVERED, f"reactions are left: {sorted(database.outbox)}")
    if database.quarantine:
        seen = f"in quarantine after all bugs are gone: {sorted(database.quarantine)}"
        raise Violation(STUCK, seen, sorted(database.quarantine))
    for topic, notices in database.notices.items():
        if [one.sequence for one in notices] != list(range(1, len(notices) + 1)):
            raise Violation(HOLE, f"the numbers of {topic} have holes")
    for one in rules.values():
        one.rests(database)


def _journal(shadow: Shadow, database: MemoryDatabase) -> None:
    address, about = shadow.address, [shadow.address]
    cast, codec = shadow.cast, shadow.codec
    journal = database.journal[address]
    if [entry.version for entry in journal] != list(range(1, shadow.version + 1)):
        raise Violation(ONCE, f"the versions of {address} have holes", about)
    snapshot = database.snapshots.get(address)
    states: list[Any] = [None]
    for entry in journal:
        known = entry.name != VOID
        states.append(fold(cast.kind, codec, [entry], states[-1]) if known else states[-1])
    if cast.plain(states[-1]) != shadow.plain:
        raise Violation(FOLD, f"{address}: {states[-1]!r} is not {shadow.plain!r}", about)
    if snapshot is not None:
        kept = codec.decode_state(snapshot.format, snapshot.body)
        if cast.plain(kept) != cast.plain(states[snapshot.version]):
            raise Violation(FOLD, f"the snapshot of {address} is {kept!r}", about)
