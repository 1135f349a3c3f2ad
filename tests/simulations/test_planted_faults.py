"""The checkers are worth something: each fault that is planted here is caught in one of the first few worlds."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from msgspec.structs import replace as changed

from switchboard.engine.ports import ClaimTaken, Outcome, Turn
from switchboard.engine.runtime.actor import Actor
from switchboard.engine.runtime.alarms import Alarms
from switchboard.engine.runtime.announcements import Announcements
from switchboard.engine.runtime.draft import Draft
from switchboard.engine.runtime.letter import Letter
from switchboard.engine.runtime.reactions import Reactions
from switchboard.engine.sessions import Address, Claim, Kind
from switchboard.engine.sessions.gig import GIG, ClaimGig, Gig
from switchboard.engine.sessions.gig.events import GigConfirmed, GigRated, GigStarted
from switchboard.engine.sessions.gig.holdings import ENGAGEMENT
from switchboard.engine.sessions.gig.offers import claim
from switchboard.engine.sessions.person import PERSON
from switchboard.simulations.report import Plan
from switchboard.simulations.trace import Violation
from switchboard.simulations.world import simulate
from switchboard.store.memory import MemorySessions
from switchboard.store.memory_tables import MemoryDatabase

SEEDS = range(1, 9)
"""A fault must be seen in one of these."""

Kinds = Sequence[Kind[Any]]
Fault = Callable[[pytest.MonkeyPatch], Kinds]
"""Plants itself and says which kinds the engine runs."""


def with_gig(**parts: Any) -> Kinds:
    """The kinds, with parts of the gig exchanged."""
    return (replace(GIG, **parts), PERSON)


def skips_a_phase(_: pytest.MonkeyPatch) -> Kinds:
    """A confirmed gig is handshaking at once."""

    def evolve(gig: Gig | None, event: Any) -> Gig:
        after = GIG.evolve(gig, event)
        return changed(after, phase="handshaking") if isinstance(event, GigConfirmed) else after

    return with_gig(evolve=evolve)


def forgets_a_field(_: pytest.MonkeyPatch) -> Kinds:
    """The fold loses when the stream began to be watched over."""

    def evolve(gig: Gig | None, event: Any) -> Gig:
        after = GIG.evolve(gig, event)
        return changed(after, video=None) if isinstance(event, GigStarted) else after

    return with_gig(evolve=evolve)


def keeps_a_claim(_: pytest.MonkeyPatch) -> Kinds:
    """An expired gig goes on engaging its customer."""

    def claims(gig: Gig) -> frozenset[Claim]:
        held = GIG.claims(gig)
        return held | {Claim(ENGAGEMENT, gig.customer)} if gig.phase == "expired" else held

    return with_gig(claims=claims)


def forgets_the_lock(_: pytest.MonkeyPatch) -> Kinds:
    """Nothing bars who owes a rating."""
    return with_gig(bars=lambda _command: ())


def loses_a_reaction(_: pytest.MonkeyPatch) -> Kinds:
    """Dispatch is never told that somebody is engaged."""
    return with_gig(reactions=lambda *_: ())


def forgets_a_rating(_: pytest.MonkeyPatch) -> Kinds:
    """A rating is answered and never written."""
    return with_gig(volatile=GIG.volatile | {GigRated})


def forgets_who_was_down(_: pytest.MonkeyPatch) -> Kinds:
    """After a restart the watchdog counts the downtime."""
    return with_gig(revive=lambda gig, _ready_at: gig)


def fires_early(patch: pytest.MonkeyPatch) -> Kinds:
    """Every deadline is seen to a second early, and says that it is time."""
    wake_at, fire_due = Actor.wake_at, Draft.fire_due

    def fire_early(self: Draft) -> None:
        self.now += 1000
        self.clock_now += 1000
        fire_due(self)
        self.now -= 1000
        self.clock_now -= 1000

    patch.setattr(Actor, "wake_at", lambda self: wake_at(self) - 1)
    patch.setattr(Draft, "fire_due", fire_early)
    return (GIG, PERSON)


def takes_a_second_accept(patch: pytest.MonkeyPatch) -> Kinds:
    """The claim of a gig that has an operator is taken for the first one."""

    def decide(gig: Gig | None, command: Any, context: Any) -> Any:
        if isinstance(command, ClaimGig) and gig is not None:
            return claim(changed(gig, phase="pendingOperator", operator=None), command, context)
        return GIG.decide(gig, command, context)

    return with_gig(decide=decide)


def never_arms_again(patch: pytest.MonkeyPatch) -> Kinds:
    """A session in memory wakes for its first deadline only."""
    wake_at = Actor.wake_at
    first: dict[Address, float] = {}

    def broken(self: Actor) -> float:
        at = wake_at(self)
        if at == math.inf:
            return at
        return at if first.setdefault(self.address, at) == at else math.inf

    patch.setattr(Actor, "wake_at", broken)
    return (GIG, PERSON)


def never_wakes_sleepers(patch: pytest.MonkeyPatch) -> Kinds:
    """Deadlines of sessions that are not in memory are not looked up."""

    async def scan(_: Alarms) -> int:
        return 0

    patch.setattr(Alarms, "scan", scan)
    return (GIG, PERSON)


def replies_before_the_commit(patch: pytest.MonkeyPatch) -> Kinds:
    """Answers go out as soon as they are decided."""
    made = Actor._draft

    def draft(self: Actor, letters: list[Letter], obstacles: dict[Claim, str]) -> Draft:
        decided = made(self, letters, obstacles)
        self._answer(decided)
        return decided

    patch.setattr(Actor, "_draft", draft)
    return (GIG, PERSON)


def never_fires(patch: pytest.MonkeyPatch) -> Kinds:
    """A session wakes at its deadline and does nothing, over and over."""
    patch.setattr(Draft, "fire_due", lambda _self: None)
    return (GIG, PERSON)


def drops_rows(patch: pytest.MonkeyPatch) -> Kinds:
    """Committed reactions are not handed over."""
    patch.setattr(Reactions, "deliver", lambda _self, _rows: None)
    return (GIG, PERSON)


def skips_the_delivery(patch: pytest.MonkeyPatch) -> Kinds:
    """Reactions count as delivered before anybody has seen them."""

    async def hand_over(self: Reactions, row: Any) -> None:
        self._finish(row.id)

    patch.setattr(Reactions, "_hand_over", hand_over)
    return (GIG, PERSON)


def announces_nothing(patch: pytest.MonkeyPatch) -> Kinds:
    """Nobody hears what was committed."""
    patch.setattr(Announcements, "publish", lambda _self, _announcement: None)
    return (GIG, PERSON)


def shares_claims(patch: pytest.MonkeyPatch) -> Kinds:
    """The table of claims is not unique."""
    obstacle = MemoryDatabase._obstacle

    def blind(self: MemoryDatabase, turn: Turn) -> Outcome | None:
        found = obstacle(self, turn)
        taken = isinstance(found, ClaimTaken) and found.claim.scope == ENGAGEMENT
        return None if taken else found

    patch.setattr(MemoryDatabase, "_obstacle", blind)
    return (GIG, PERSON)


def forgets_keys(patch: pytest.MonkeyPatch) -> Kinds:
    """A request that is sent again is a new request."""

    def write_rest(self: MemoryDatabase, turn: Turn) -> tuple[int, ...]:
        numbers = written(self, turn)
        self.keyed.clear()
        return numbers

    written = MemoryDatabase._write_rest
    patch.setattr(MemoryDatabase, "_write_rest", write_rest)
    return (GIG, PERSON)


def reads_old_claims(patch: pytest.MonkeyPatch) -> Kinds:
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

    patch.setattr(MemorySessions, "claims", old)
    return (GIG, PERSON)


FAULTS: Mapping[Fault, tuple[str, str]] = {
    skips_a_phase: ("calm", "only legal transitions"),
    forgets_a_field: ("calm", "the fold of the journal is the state"),
    keeps_a_claim: ("calm", "living sessions hold engagements"),
    forgets_the_lock: ("calm", "a locked party starts nothing"),
    loses_a_reaction: ("calm", "a commit writes what its events say"),
    forgets_a_rating: ("calm", ""),
    forgets_who_was_down: ("fragile", "no deadline fires early"),
    fires_early: ("calm", "no deadline fires early"),
    takes_a_second_accept: ("calm", ""),
    never_arms_again: ("calm", ""),
    never_wakes_sleepers: ("calm", "nothing is stuck past its deadline"),
    replies_before_the_commit: ("calm", "only what is committed is answered"),
    never_fires: ("calm", "time goes on"),
    drops_rows: ("calm", "every reaction is delivered"),
    skips_the_delivery: ("rush", "every reaction is delivered"),
    announces_nothing: ("calm", "notices are heard"),
    shares_claims: ("rush", "one live gig an operator and a customer"),
    forgets_keys: ("rush", "no false refusal"),
    reads_old_claims: ("rush", ""),
}
"""Fault -> the kind of day on which it shows, and the rule that it breaks first (empty: one of several)."""


def found(fault: Fault, seed: int, scenario: str) -> Violation | None:
    """What the checkers say of one world with the fault in it."""
    with pytest.MonkeyPatch.context() as patch:
        kinds = fault(patch)
        try:
            simulate(Plan(seed=seed, people=12, hours=0.7, scenario=scenario), kinds=kinds)
        except Violation as violation:
            return violation
    return None


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_planted_fault_is_caught_within_the_first_seeds(fault: Fault) -> None:
    scenario, rule = FAULTS[fault]
    caught = (found(fault, seed, scenario) for seed in SEEDS)
    violation = next((one for one in caught if one is not None), None)
    assert violation is not None, f"nobody noticed in {len(SEEDS)} worlds"
    assert violation.rule.startswith(rule), str(violation)
    assert "replay: switchboard simulate --seed" in str(violation)
    assert "trace:" in str(violation)
