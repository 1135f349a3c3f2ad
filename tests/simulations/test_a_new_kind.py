"""A kind of session that no world knew is one file: its people and its rules; everything else is as for all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from counters import COUNTER, Added, Closed
from counters_in_a_world import COUNTERS, TOTALS
from msgspec.structs import replace as changed

from switchboard.simulations.faults import FAULTS
from switchboard.simulations.plan import Plan
from switchboard.simulations.trace import Violation
from switchboard.simulations.world import simulate

PLANS = [Plan(seed=seed, people=4, hours=0.1, faults=tuple(FAULTS)) for seed in range(4)]


def test_a_kind_of_ones_own_lives_through_every_fault() -> None:
    reports = [simulate(plan, casts=[COUNTERS]) for plan in PLANS]
    assert sum(one.counts["commits"] for one in reports) > 100
    assert sum(one.counts["kills"] for one in reports) > 0


def test_what_is_true_of_it_alone_is_checked_by_its_own_rules() -> None:
    def evolve(state: Any, event: Any) -> Any:
        after = COUNTER.evolve(state, event)
        return changed(after, total=after.total + 1) if isinstance(event, Added) else after

    broken = replace(COUNTERS, kind=replace(COUNTER, evolve=evolve))
    with pytest.raises(Violation, match=TOTALS):
        simulate(PLANS[0], casts=[broken])


def test_what_is_true_of_every_kind_is_checked_of_it_too() -> None:
    def evolve(state: Any, event: Any) -> Any:
        after = COUNTER.evolve(state, event)
        return changed(after, total=0) if isinstance(event, Closed) else after

    with pytest.raises(Violation, match="the fold of the journal is the state"):
        simulate(PLANS[0], casts=[COUNTERS], kinds=[replace(COUNTER, evolve=evolve)])
