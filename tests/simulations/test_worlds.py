"""Small worlds of every kind of day come to their end with every invariant intact, and much has happened in them."""

from __future__ import annotations

from collections import Counter

import pytest

from switchboard.engine.sessions.gig import TRANSITIONS
from switchboard.simulations.report import Plan, Report
from switchboard.simulations.scenarios import CALM, EVERYDAY, FRAGILE, RUSH, SCENARIOS
from switchboard.simulations.world import simulate

SEEDS = range(100, 104)
PEOPLE, HOURS = 12, 0.7
GIGS = ("gig", "person")
"""What these days are about; streams and rooms have a file of their own."""


def reports(scenario: str) -> list[Report]:
    """The worlds of one kind of day."""
    plans = [
        Plan(seed=seed, people=PEOPLE, hours=HOURS, scenario=scenario, kinds=GIGS) for seed in SEEDS
    ]
    return [simulate(plan) for plan in plans]


def total(some: list[Report], status: str) -> int:
    """How many gigs ended so."""
    return sum(one.counts.get(f"gigs {status}", 0) for one in some)


def test_on_a_calm_day_no_timer_is_late_and_nobody_hears_that_we_are_unavailable() -> None:
    some = reports(CALM.name)
    assert total(some, "expired") > 0
    assert total(some, "compensated") > 0
    assert sum(one.counts["locks"] for one in some) > 0
    heard = sum((Counter(one.refusals) for one in some), Counter[str]())
    assert not {"StoreDown", "CommitUnknown", "MailboxFull", "Stopping"} & set(heard)
    assert all(one.counts["latest timer"] <= CALM.timer_late_most for one in some)


def test_on_an_everyday_day_some_of_everything_goes_wrong_and_no_invariant_does() -> None:
    some = reports(EVERYDAY.name)
    assert sum(one.counts["outages"] for one in some) > 0
    assert sum(one.counts["restarts"] for one in some) > 0


def test_in_a_rush_people_are_refused_for_each_other_and_no_invariant_is_violated() -> None:
    some = reports(RUSH.name)
    heard = sum((Counter(one.refusals) for one in some), Counter[str]())
    assert heard["Engaged"] > 0
    assert heard["RatingRequired"] > 0
    assert heard["NotAllowed"] > 0


def test_through_restarts_outages_and_lost_answers_no_invariant_is_violated() -> None:
    some = reports(FRAGILE.name)
    assert sum(one.counts["restarts"] for one in some) > len(some)
    assert sum(one.counts["outages"] for one in some) > len(some)
    assert sum(one.counts["lost answers"] for one in some) > len(some)
    assert total(some, "purchased") > 0


def test_worlds_reach_every_status_of_a_gig_in_which_one_can_stay() -> None:
    some = [
        simulate(Plan(seed=seed, people=20, hours=1.5, scenario=RUSH.name, kinds=GIGS))
        for seed in range(4)
    ]
    reached = {name[5:] for one in some for name in one.counts if name.startswith("gigs ")}
    live = {"pendingOperator", "operatorFound", "operatorEnroute", "handshaking", "streaming"}
    assert reached == {phase for phase in TRANSITIONS if phase is not None} - live


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_two_people_are_enough(scenario: str) -> None:
    report = simulate(Plan(seed=1, people=2, hours=0.1, scenario=scenario))
    assert report.counts["operations"] > 0
