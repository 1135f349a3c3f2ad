"""Planted faults, each of which the simulator's checkers or the tests of the stores must notice.

A checker or a test that passes says little as long as nobody has seen it fail. Each module here holds the faults of one
subject; nothing outside of a mutant's ``planted()`` block is changed.
"""

from __future__ import annotations

from collections.abc import Mapping

from switchboard.simulations.mutants import (
    answers,
    claims,
    deliveries,
    histories,
    letters,
    restarts,
    rooms,
    store_commits,
    store_losers,
    store_rows,
    store_turns,
    streams,
    supervision,
    timers,
    unknowns,
)
from switchboard.simulations.mutants.mutant import Mutant, StoreMutant, WorldMutant

MODULES = (
    histories,
    answers,
    claims,
    timers,
    deliveries,
    unknowns,
    restarts,
    letters,
    supervision,
    streams,
    rooms,
    store_turns,
    store_losers,
    store_commits,
    store_rows,
)

MUTANTS: Mapping[str, Mutant] = {
    found.name: found
    for module in MODULES
    for found in vars(module).values()
    if isinstance(found, WorldMutant | StoreMutant)
}
"""All of them by name, in the order of the modules."""

WORLD_MUTANTS: Mapping[str, WorldMutant] = {
    name: one for name, one in MUTANTS.items() if isinstance(one, WorldMutant)
}
STORE_MUTANTS: Mapping[str, StoreMutant] = {
    name: one for name, one in MUTANTS.items() if isinstance(one, StoreMutant)
}

__all__ = ["MUTANTS", "STORE_MUTANTS", "WORLD_MUTANTS", "Mutant", "StoreMutant", "WorldMutant"]
