"""Faults of a store in how commits are batched, answered, settled and fenced."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from switchboard.engine.ports import CommitFailed, Committed
from switchboard.simulations.mutants.mutant import in_stores
from switchboard.simulations.mutants.patches import Patches
from switchboard.simulations.mutants.store_turns import COMMITS, on_both
from switchboard.store import memory
from switchboard.store.commit import Backend, Committer
from switchboard.store.conflicts import Separation
from switchboard.store.memory_tables import MemoryDatabase
from switchboard.store.trio_connection import LinkLost, ServerError, TrioConnection

CALLERS: Final = "store_conformance/sessions/test_sessions_callers.py"
UNKNOWN: Final = "store_conformance/sessions/test_sessions_unknown.py"
POSTGRES: Final = "store/test_postgres_commit.py"

NEVER_HAPPENS: Final = "test_an_unknown_commit_that_did_not_happen_never_will"


# -- the fence


@in_stores(*on_both(UNKNOWN, "test_a_retired_node_writes_nothing_any_more"))
def checks_no_fence(patches: Patches) -> None:
    """A node that was taken over from goes on writing."""
    patches.set(memory.MemoryBackend, "check_fence", lambda _self: None)
    patches.rewrite("WHERE id = node_id AND NOT retired FOR SHARE", "WHERE id = node_id FOR SHARE")


@in_stores(f"{POSTGRES}::test_a_takeover_and_a_commit_in_flight_never_both_go_through")
def reads_the_fence_without_a_lock(patches: Patches) -> None:
    """The node's row is read and not held, so that a takeover does not wait for commits in flight."""
    patches.rewrite("NOT retired FOR SHARE;", "NOT retired;")


# -- batches


@in_stores(
    *on_both(COMMITS, "test_a_turn_with_a_nul_character_leaves_a_hundred_others_untouched"),
    f"{POSTGRES}::test_a_lock_elsewhere_fails_its_turn_alone",
    "store/test_commit.py::test_a_refused_batch_is_halved_until_the_culprit_stands_alone",
)
def fails_a_batch_together(patches: Patches) -> None:
    """When the database refuses a batch, every turn in it has failed."""

    async def fail_all(self: Committer, batch: Sequence[Any], error: Exception) -> None:
        self._halved += 1
        for waiting in batch:
            waiting.fail(CommitFailed(str(error)))

    patches.set(Committer, "_after_rollback", fail_all)


@in_stores(
    "store/test_commit.py::test_a_refused_batch_is_halved_until_the_culprit_stands_alone",
    *on_both(COMMITS, "test_a_turn_with_a_nul_character_leaves_a_hundred_others_untouched"),
)
def halves_a_batch_once(patches: Patches) -> None:
    """A refused batch is tried again in two halves, and no further."""
    after = Committer._after_rollback

    async def after_once(self: Committer, batch: Sequence[Any], error: Exception) -> None:
        if len(batch) > 1 and self._halved:
            for waiting in batch:
                waiting.fail(CommitFailed(str(error)))
            return
        await after(self, batch, error)

    patches.set(Committer, "_after_rollback", after_once)


@in_stores(f"{POSTGRES}::test_a_locked_row_leaves_a_hundred_others_of_the_moment_untouched")
def waits_for_a_locked_row(patches: Patches) -> None:
    """A row that a stranger holds is waited for by the whole batch."""
    patches.rewrite("FOR NO KEY UPDATE OF s SKIP LOCKED", "FOR NO KEY UPDATE OF s")


@in_stores(
    f"{COMMITS}::test_a_bar_sees_a_claim_taken_at_the_same_moment[postgres]",
    "store/test_commit.py::"
    "test_turns_that_want_the_same_claim_are_written_one_batch_after_the_other",
)
def batches_what_is_in_each_others_way(patches: Patches) -> None:
    """Turns that want the same claim share a batch."""
    patches.set(Separation, "admits", lambda _self, _turn: True)


# -- callers


@in_stores(
    *on_both(CALLERS, "test_a_turn_is_adopted_before_its_caller_hears_of_it_and_a_loser_never")
)
def adopts_before_it_is_durable(patches: Patches) -> None:
    """Turns are adopted when their batch is sent."""
    write = Committer._write

    async def write_adopted(self: Committer, batch: Sequence[Any], *, hurried: bool) -> None:
        for waiting in batch:
            waiting.adopt(Committed(tuple(0 for _ in waiting.turn.notices)))
        await write(self, batch, hurried=hurried)

    patches.set(Committer, "_write", write_adopted)


@in_stores(*on_both(CALLERS, "test_a_turn_whose_caller_left_is_written_and_adopted_all_the_same"))
def drops_the_turn_of_a_caller_who_left(patches: Patches) -> None:
    """A turn is only written if its caller still waits for it."""
    next_batch = Committer._next_batch
    patches.set(
        Committer,
        "_next_batch",
        lambda self: [one for one in next_batch(self) if one.task is not None],
    )


@in_stores(f"{CALLERS}::test_a_full_queue_refuses_at_once_and_the_others_are_written[memory]")
def queues_without_a_bound(patches: Patches) -> None:
    """As many turns may wait for the database as come."""
    init = Committer.__init__

    def boundless(self: Committer, backend: Backend, _queue_most: int = 0) -> None:
        init(self, backend, 2**62)

    patches.set(Committer, "__init__", boundless)


# -- unknown commits


@in_stores(
    *on_both(UNKNOWN, NEVER_HAPPENS),
    f"{POSTGRES}::test_a_commit_that_arrives_after_its_settling_is_stale",
)
def settles_without_a_version(patches: Patches) -> None:
    """Settling only looks, so that a late commit still goes through."""

    def look(self: MemoryDatabase, turn: Any) -> bool:
        row = self.sessions.get(turn.address)
        return row is not None and row.turn_id == turn.id

    patches.set(MemoryDatabase, "settle", look)
    patches.rewrite("IF found_version = s_expected THEN", "IF false THEN")


@in_stores(*on_both(UNKNOWN, NEVER_HAPPENS))
def settles_everything_as_happened(patches: Patches) -> None:
    """Every unknown commit is said to have happened."""
    patches.set(MemoryDatabase, "settle", lambda _self, _turn: True)
    patches.rewrite("IF found_turn = s_turn THEN", "IF true THEN")


@in_stores(*on_both(UNKNOWN, "test_an_unknown_creation_that_happened_is_recognised"))
def settles_everything_as_failed(patches: Patches) -> None:
    """Every unknown commit is said not to have happened."""
    patches.set(MemoryDatabase, "settle", lambda _self, _turn: False)
    patches.rewrite("IF found_turn = s_turn THEN", "IF false THEN")


@in_stores(f"{POSTGRES}::test_settling_waits_for_a_commit_that_is_still_in_flight[1]")
def settles_past_a_commit_in_flight(patches: Patches) -> None:
    """Settling reads the session's row without waiting for who holds it."""
    patches.rewrite(
        "WHERE kind = s_kind AND id = s_id FOR NO KEY UPDATE;", "WHERE kind = s_kind AND id = s_id;"
    )


@in_stores(f"{UNKNOWN}::test_an_unknown_creation_that_happened_is_recognised[postgres]")
def takes_a_lost_answer_for_an_error(patches: Patches) -> None:
    """A connection that ends during a commit passes for a refusal by the database."""
    call = TrioConnection.call

    async def call_certainly(
        self: TrioConnection, name: bytes, parameters: Sequence[bytes | None]
    ) -> Any:
        try:
            return await call(self, name, parameters)
        except LinkLost as error:
            raise ServerError("", str(error), rolled_back=True) from error

    patches.set(TrioConnection, "call", call_certainly)
