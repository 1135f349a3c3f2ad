"""Faults of a store in what becomes of a turn that loses while its neighbours in the batch win."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from switchboard.engine.ports import Committed, Outcome, Turn
from switchboard.simulations.mutants.mutant import in_stores
from switchboard.simulations.mutants.patches import Patches
from switchboard.store.memory_tables import MemoryDatabase

LOSERS: Final = "store_conformance/sessions/test_sessions_losers.py"
NOTHING_WRITTEN: Final = (
    "test_nothing_of_a_turn_that_loses_is_written_while_its_neighbours_win[{}-claimed-{}]"
)
EXISTING, NEW = [
    tuple(f"{LOSERS}::{NOTHING_WRITTEN.format(store, session)}" for store in ("memory", "postgres"))
    for session in ("a-1", "b-0")
]


def _write_for_losers(patches: Patches, write: Callable[[MemoryDatabase, Turn], object]) -> None:
    """Lets the store in memory write a part of a turn that it refuses."""
    commit = MemoryDatabase.commit

    def careless(self: MemoryDatabase, turn: Turn) -> Outcome:
        outcome = commit(self, turn)
        if not isinstance(outcome, Committed):
            write(self, turn)
        return outcome

    patches.set(MemoryDatabase, "commit", careless)


@in_stores(*EXISTING, *NEW)
def moves_the_session_of_a_loser(patches: Patches) -> None:
    """The header of a session is written although its turn is refused."""
    _write_for_losers(patches, MemoryDatabase._write_session)
    patches.rewrite("AND t.expected > 0 AND t.ord <> ALL (losers);", "AND t.expected > 0;")
    patches.rewrite("WHERE t.expected = 0 AND t.ord <> ALL (losers)", "WHERE t.expected = 0")


@in_stores(*EXISTING)
def writes_the_claims_and_lists_of_a_loser(patches: Patches) -> None:
    """What a refused turn takes, releases and lists is taken, released and listed."""
    _write_for_losers(patches, MemoryDatabase._write_claims_and_lists)
    patches.rewrite(
        "WHERE m.op = 1 AND m.ord <> ALL (losers)\n            AND NOT EXISTS",
        "WHERE m.op = 1 AND NOT EXISTS (SELECT FROM claim WHERE scope = m.name AND key = m.key)\n"
        "            AND NOT EXISTS",
    )
    patches.rewrite("WHERE m.op = 2 AND m.ord <> ALL (losers)", "WHERE m.op = 2")
    patches.rewrite("WHERE m.op = 4 AND m.ord <> ALL (losers)", "WHERE m.op = 4")
    patches.rewrite("WHERE m.op = 5 AND m.ord <> ALL (losers)", "WHERE m.op = 5")


@in_stores(*EXISTING, *NEW)
def delivers_what_a_loser_says(patches: Patches) -> None:
    """The reactions, notices and keys of a refused turn are stored."""
    _write_for_losers(patches, MemoryDatabase._write_rest)
    patches.rewrite("WHERE o.ord <> ALL (losers)\n", "\n")
    patches.rewrite(
        "IF cardinality(losers) > 0 THEN\n            -- Without",
        "IF false THEN\n            -- Without",
    )
    patches.rewrite("m.ord <> ALL (losers) AND o.id = m.name", "o.id = m.name")


@in_stores(
    f"{LOSERS}::test_a_session_of_another_kind_with_the_same_id_is_another_session[postgres]"
)
def takes_namesakes_for_one(patches: Patches) -> None:
    """A claim is released by any session with the id of its holder, whatever its kind."""
    patches.rewrite(
        "AND c.holder = t_id[m.ord] AND c.kind = t_kind[m.ord];", "AND c.holder = t_id[m.ord];"
    )


@in_stores(f"{LOSERS}::test_of_several_reasons_the_first_is_told[postgres]")
def looks_for_claims_before_keys(patches: Patches) -> None:
    """A request that is sent again is told that its own gig engages its customer."""
    patches.rewrite(
        "    IF cardinality(k_ord) > 0 THEN\n        refused",
        "    IF cardinality(k_ord) > 0 AND m_op IS NULL THEN\n        refused",
    )
