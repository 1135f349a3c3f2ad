"""Faults of a store in what lies beside the journal: snapshots, deadlines, quarantine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from switchboard.engine.clock import Instant
from switchboard.engine.ports import Snapshot
from switchboard.engine.sessions import Address
from switchboard.simulations.mutants.mutant import in_stores
from switchboard.simulations.mutants.patches import Patches
from switchboard.simulations.mutants.store_turns import on_both
from switchboard.store import queries, queries_around
from switchboard.store.memory import MemorySessions

LISTS: Final = "store_conformance/sessions/test_sessions_lists.py"


@in_stores(
    *on_both(
        LISTS,
        "test_a_passivated_sessions_snapshot_and_deadline_are_kept_if_the_version_stands",
    )
)
def saves_a_snapshot_over_a_newer_version(patches: Patches) -> None:
    """A snapshot is saved whatever version the session has reached meanwhile."""

    async def save(
        self: MemorySessions, address: Address, snapshot: Snapshot, deadline: Instant | None
    ) -> None:
        row = self._database.sessions.get(address)
        if row is not None:
            self._database.snapshots[address] = snapshot
            row.deadline = deadline

    patches.set(MemorySessions, "save_snapshot", save)
    patches.set(queries, "SAVE", queries.SAVE.replace("AND s.version = a.version", ""))


@in_stores(*on_both(LISTS, "test_a_quarantine_is_loaded_with_its_session_until_it_is_released"))
def keeps_a_quarantine_in_memory_only(patches: Patches) -> None:
    """That a session stands still is not stored."""

    async def nothing(*_: Any) -> None:
        return

    patches.set(MemorySessions, "quarantine", nothing)
    patches.set(queries_around, "quarantine", nothing)


@in_stores(f"{LISTS}::test_a_quarantined_session_is_not_due[memory]")
def wakes_the_quarantined(patches: Patches) -> None:
    """The deadlines of a quarantined session are looked up like any other's."""
    due = MemorySessions.due

    async def all_due(
        self: MemorySessions, before: Instant, limit: int, after: Any = None
    ) -> Sequence[tuple[Address, Instant]]:
        quarantine, self._database.quarantine = self._database.quarantine, {}
        try:
            return await due(self, before, limit, after)
        finally:
            self._database.quarantine = quarantine

    patches.set(MemorySessions, "due", all_due)


@in_stores(*on_both(LISTS, "test_what_is_due_comes_page_by_page_in_the_order_of_the_deadlines"))
def looks_up_the_first_page_again(patches: Patches) -> None:
    """The second page of what is due is the first one."""
    due, on_postgres = MemorySessions.due, queries.due

    async def first(
        self: MemorySessions, before: Instant, limit: int, after: Any = None
    ) -> Sequence[tuple[Address, Instant]]:
        return await due(self, before, limit)

    async def first_row(
        connection: Any, before: Instant, limit: int, after: Any
    ) -> list[tuple[Address, Instant]]:
        return await on_postgres(connection, before, limit, None)

    patches.set(MemorySessions, "due", first)
    patches.set(queries, "due", first_row)
