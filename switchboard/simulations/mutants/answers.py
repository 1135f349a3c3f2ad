"""Faults of what callers hear: before the commit, without one, or twice for one key."""

from __future__ import annotations

from switchboard.engine.ports import KeyKnown, Turn
from switchboard.engine.runtime.actor import Actor
from switchboard.engine.runtime.draft import Draft
from switchboard.engine.runtime.letter import Letter
from switchboard.engine.sessions import Claim
from switchboard.simulations.checkers.names import COMMITTED, FALSE, KEYS, ONCE
from switchboard.simulations.mutants.mutant import in_worlds
from switchboard.simulations.mutants.patches import Patches
from switchboard.store.memory_tables import MemoryDatabase


@in_worlds(COMMITTED)
def replies_before_the_commit(patches: Patches) -> None:
    """Answers go out as soon as they are decided."""
    made = Actor._draft

    def draft(self: Actor, letters: list[Letter], obstacles: dict[Claim, str]) -> Draft:
        decided = made(self, letters, obstacles)
        self._answer(decided)
        return decided

    patches.set(Actor, "_draft", draft)


@in_worlds(FALSE, scenario="release", faults=("crash", "lost", "outage", "slow"))
def refuses_before_the_commit(patches: Patches) -> None:
    """A refusal goes out at once, although it rests on what the same turn has decided and not yet committed."""
    made = Actor._draft

    def draft(self: Actor, letters: list[Letter], obstacles: dict[Claim, str]) -> Draft:
        decided = made(self, letters, obstacles)
        for letter, _, refusal in decided.answers:
            if refusal is not None:
                letter.fail(refusal)
        return decided

    patches.set(Actor, "_draft", draft)


@in_worlds(FALSE, ONCE, scenario="rush")
def forgets_keys(patches: Patches) -> None:
    """No idempotency key is claimed: a request that is sent again is a new request."""
    written = MemoryDatabase._write_rest

    def write_rest(self: MemoryDatabase, turn: Turn) -> tuple[int, ...]:
        numbers = written(self, turn)
        self.keyed.clear()
        return numbers

    patches.set(MemoryDatabase, "_write_rest", write_rest)


@in_worlds(KEYS)
def answers_another_body(patches: Patches) -> None:
    """Whoever sends a key that was answered gets that answer, whatever else the request says."""

    def answered_before(self: Actor, letter: Letter, known: KeyKnown) -> bool:
        first = known.first
        if letter.key is None or letter.key.key != first.key:
            return False
        letter.answer(self.of.codec.decode_state(first.format, first.reply))
        return True

    patches.set(Actor, "_answered_before", answered_before)
