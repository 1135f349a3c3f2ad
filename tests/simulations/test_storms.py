"""Dozens of small worlds with every fault likely (hundreds: make soak); and each fault alone, so that it happens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from switchboard.simulations.faults import FAULTS
from switchboard.simulations.plan import Plan
from switchboard.simulations.runner import outcomes
from switchboard.simulations.scenarios import STORM
from switchboard.simulations.summary import Totals
from switchboard.simulations.world import simulate

WORLDS_LEAST, WORLDS_MOST = 24, 120
"""So many at least, and on until everything has happened; the rarest things do in one of some thirty."""
HOURS = 0.1

SHOWS: Mapping[str, str] = {
    "kill": "kills",
    "stop": "restarts",
    "zombie": "zombies",
    "outage": "outages",
    "lost": "lost answers",
    "late": "late commits that landed",
    "dropped": "lost messages",
    "repeated": "repeated messages",
    "crash": "crashes",
    "burst": "bursts",
    "video": "gigs failed",
}
"""Fault -> what is counted of it. Slow calls and clocks that jump are seen by what they do to times alone."""

HAPPENED = (
    *SHOWS.values(),
    "late commits that came too late",
    "quarantines",
    "overflows",
)


def test_dozens_of_storms_violate_no_invariant_and_everything_happens_in_them() -> None:
    totals = Totals()
    plans = (Plan(seed=seed, hours=HOURS) for seed in range(1, WORLDS_MOST + 1))
    for one in outcomes(plans, jobs=2):
        assert one.report is not None, one.story
        totals.add(one.report)
        if totals.worlds >= WORLDS_LEAST and all(totals.counts[name] for name in HAPPENED):
            break
    assert [name for name in HAPPENED if not totals.counts[name]] == []
    assert totals.counts["operations"] > 100 * totals.worlds
    assert set(totals.faults) == set(FAULTS)


SEEDS_MOST = 30
"""Within so many worlds of six minutes each fault has happened; most do in the first."""


def seen(*faults: str, seed: int) -> set[str]:
    """What is counted of faults in a world with those alone."""
    report = simulate(Plan(seed=seed, hours=HOURS, faults=faults, kinds=("gig", "person")))
    assert report.faults == faults
    return {name for name in SHOWS.values() if report.counts.get(name)}


@pytest.mark.parametrize("fault", SHOWS)
def test_a_fault_that_is_on_happens_and_no_other_does(fault: str) -> None:
    # Engines that are killed or frozen are started again, too.
    expected = {SHOWS[fault]} | ({"restarts"} if fault in ("kill", "zombie") else set())
    for seed in range(SEEDS_MOST):
        happened = seen(fault, seed=seed)
        assert happened <= expected
        if happened == expected:
            return
    pytest.fail(f"{fault} was on in {SEEDS_MOST} worlds and did not happen")


def test_without_faults_nothing_of_them_happens() -> None:
    assert seen(seed=1) == set()


def test_clocks_that_jump_change_what_is_written_and_break_nothing() -> None:
    jumps = Plan(seed=3, hours=HOURS / 2, faults=("stop", "clock"))
    assert simulate(jumps).digest != simulate(replace(jumps, faults=("stop",))).digest


def test_a_storm_leaves_each_fault_to_its_seed() -> None:
    plans = [Plan(seed=seed) for seed in range(100)]
    assert all(0.5 < sum(name in one.active for one in plans) / 100 < 0.9 for name in FAULTS)
    assert [one.active for one in plans] == [Plan(seed=seed).active for seed in range(100)]
    assert set(STORM.faults) == set(FAULTS)
