"""Faults of a store in what one turn is checked against and writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace as with_fields

from switchboard.engine.ports import (
    AlreadyConsumed,
    ClaimTaken,
    Committed,
    KeyKnown,
    Outcome,
    Turn,
)
from switchboard.simulations.mutants.mutant import in_stores
from switchboard.simulations.mutants.patches import Patches
from switchboard.store.memory_tables import MemoryDatabase

COMMITS: Final = "store_conformance/sessions/test_sessions_commit.py"


def on_both(file: str, *names: str) -> tuple[str, ...]:
    """Those tests of a file, in memory and on Postgres."""
    return tuple(f"{file}::{name}[{store}]" for name in names for store in ("memory", "postgres"))


def _overlook(patches: Patches, overlooked: Callable[[Turn, Outcome], bool]) -> None:
    """Lets the store in memory not see what is in a turn's way."""
    obstacle = MemoryDatabase._obstacle

    def blind(self: MemoryDatabase, turn: Turn) -> Outcome | None:
        found = obstacle(self, turn)
        return None if found is not None and overlooked(turn, found) else found

    patches.set(MemoryDatabase, "_obstacle", blind)


def _write_instead(patches: Patches, other: Callable[[Turn], Turn]) -> None:
    """Lets the store in memory write another turn than the one that it was given."""
    commit = MemoryDatabase.commit
    patches.set(MemoryDatabase, "commit", lambda self, turn: commit(self, other(turn)))


@in_stores(
    *on_both(
        COMMITS,
        "test_a_turn_on_another_version_is_stale_and_writes_nothing",
        "test_a_stale_turn_loses_alone",
    )
)
def checks_no_version(patches: Patches) -> None:
    """A turn is written whatever version stands in the database."""
    obstacle = MemoryDatabase._obstacle

    def blind(self: MemoryDatabase, turn: Turn) -> Outcome | None:
        row = self.sessions.get(turn.address)
        return obstacle(self, with_fields(turn, expected=0 if row is None else row.version))

    patches.set(MemoryDatabase, "_obstacle", blind)
    patches.rewrite("s.version = t.expected AS stands", "true AS stands")


@in_stores(
    *on_both(
        COMMITS,
        "test_a_known_key_is_answered_with_the_first_reply",
        "test_the_same_key_at_once_is_answered_once",
    )
)
def claims_no_key(patches: Patches) -> None:
    """An idempotency key is written and not looked for."""
    _overlook(patches, lambda _turn, found: isinstance(found, KeyKnown))
    patches.rewrite("r.key = k.key AND r.at > k.at - day", "false")
    patches.rewrite("WHERE r.key = k.key AND r.at <= k.at - day", "WHERE r.key = k.key")


@in_stores(*on_both(COMMITS, "test_a_key_is_known_by_the_request_that_it_was_first_used_for"))
def accepts_a_key_with_another_body(patches: Patches) -> None:
    """A known key counts as that of the request that asks, whatever it was first used for."""
    obstacle = MemoryDatabase._obstacle

    def credulous(self: MemoryDatabase, turn: Turn) -> Outcome | None:
        found = obstacle(self, turn)
        if isinstance(found, KeyKnown):
            [digest] = [one.digest for one in turn.keyed if one.key == found.first.key]
            return KeyKnown(with_fields(found.first, digest=digest))
        return found

    patches.set(MemoryDatabase, "_obstacle", credulous)
    patches.rewrite("r.key, NULL, r.digest, r.kind", "r.key, NULL, k_digest[k.place], r.kind")


@in_stores(
    *on_both(
        COMMITS,
        "test_an_outbox_row_waits_until_it_is_consumed_and_is_so_once",
        "test_an_outbox_row_that_two_consume_at_once_goes_to_one",
    )
)
def consumes_a_reaction_twice(patches: Patches) -> None:
    """Nobody looks whether a reaction was taken before."""
    _overlook(patches, lambda _turn, found: isinstance(found, AlreadyConsumed))
    patches.rewrite("AND NOT EXISTS (SELECT FROM outbox WHERE id = m.name)", "AND false")


@in_stores(*on_both(COMMITS, "test_an_outbox_row_waits_until_it_is_consumed_and_is_so_once"))
def keeps_a_consumed_reaction(patches: Patches) -> None:
    """The commit that takes a reaction leaves its row."""
    write_rest = MemoryDatabase._write_rest
    patches.set(
        MemoryDatabase,
        "_write_rest",
        lambda self, turn: write_rest(self, with_fields(turn, consumed=())),
    )
    patches.rewrite("m.ord <> ALL (losers) AND o.id = m.name", "false")


@in_stores(
    *on_both(COMMITS, "test_a_claim_is_refused_to_a_second_session_until_the_first_releases_it")
)
def releases_no_claim(patches: Patches) -> None:
    """What a turn releases stays taken."""
    _write_instead(patches, lambda turn: with_fields(turn, released=()))
    patches.rewrite("WHERE m.op = 2 AND m.ord <> ALL (losers)", "WHERE false")


@in_stores(*on_both(COMMITS, "test_nobody_releases_the_claim_of_another"))
def releases_the_claims_of_others(patches: Patches) -> None:
    """A claim is released by whoever says so."""
    write = MemoryDatabase._write_claims_and_lists

    def generous(self: MemoryDatabase, turn: Turn) -> None:
        for claim in turn.released:
            self.claims.get(claim.scope, {}).pop(claim.key, None)
        write(self, turn)

    patches.set(MemoryDatabase, "_write_claims_and_lists", generous)
    patches.rewrite("AND c.holder = t_id[m.ord] AND c.kind = t_kind[m.ord];", ";")


@in_stores(
    *on_both(
        COMMITS,
        "test_a_barred_scope_must_be_free_of_the_claims_of_others",
        "test_a_bar_sees_a_claim_taken_at_the_same_moment",
    )
)
def ignores_bars(patches: Patches) -> None:
    """A scope that a turn bars may hold anybody's claims."""
    _overlook(
        patches,
        lambda turn, found: isinstance(found, ClaimTaken) and found.claim.scope in turn.bars,
    )
    patches.rewrite("WHERE m.op = 3 AND m.ord <> ALL (losers)", "WHERE false")


@in_stores(*on_both(COMMITS, "test_the_outbox_keeps_the_order_of_the_commits"))
def loses_the_order_of_reactions(patches: Patches) -> None:
    """Reactions of one turn are stored in the wrong order."""
    _write_instead(patches, lambda turn: with_fields(turn, outbox=turn.outbox[::-1]))
    patches.rewrite("ORDER BY o.place;", "ORDER BY o.place DESC;")


@in_stores(*on_both(COMMITS, "test_notices_are_numbered_within_their_topic_without_a_gap"))
def leaves_out_numbers(patches: Patches) -> None:
    """A commit takes up one number of each topic too many."""
    commit = MemoryDatabase.commit

    def commit_with_gaps(self: MemoryDatabase, turn: Turn) -> Outcome:
        outcome = commit(self, turn)
        if isinstance(outcome, Committed):
            return Committed(tuple(2 * sequence for sequence in outcome.sequences))
        return outcome

    patches.set(MemoryDatabase, "commit", commit_with_gaps)
    patches.rewrite("unnest(c_topic), unnest(c_count)\n", "unnest(c_topic), unnest(c_count) + 1\n")


@in_stores(f"{COMMITS}::test_a_turn_with_a_nul_character_leaves_a_hundred_others_untouched[memory]")
def takes_any_text(patches: Patches) -> None:
    """The store in memory takes text that no column of Postgres holds, so that worlds would not show the bug."""
    patches.set(MemoryDatabase, "check", lambda _self, _turn: None)
