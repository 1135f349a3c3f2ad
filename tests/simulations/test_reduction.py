"""A failing plan is made as small as it can be within so many tries, as long as the same rule is violated."""

from __future__ import annotations

from collections.abc import Sequence

from switchboard.simulations.kinds import NAMES, chosen
from switchboard.simulations.plan import Plan
from switchboard.simulations.reduction import HOURS_LEAST, PEOPLE_LEAST, TRIES_MOST, reduced
from switchboard.simulations.runner import Outcome

RULE = "it holds"
FULL = Plan(seed=9, people=12, hours=0.8, faults=("kill", "lost", "clock", "video"))


class Suspect:
    """Plays worlds: the rule is violated if what it needs is there."""

    def __init__(
        self,
        *needed: str,
        people: int = PEOPLE_LEAST,
        hours: float = 0.0,
        kinds: Sequence[str] = ("person",),
    ) -> None:
        self._needed = needed
        self._kinds = kinds
        self._people = people
        self._hours = hours
        self.ran: list[Plan] = []

    def __call__(self, plan: Plan) -> Outcome:
        """Runs one."""
        self.ran.append(plan)
        live = [cast.kind.name for cast in chosen(plan.kinds)]
        fails = set(self._needed) <= set(plan.active) and set(self._kinds) <= set(live)
        if fails and plan.people >= self._people and plan.hours >= self._hours:
            return Outcome(plan=plan, rule=RULE, story=f"{RULE}: not")
        return Outcome(plan=plan, rule="another", story="another: rule")


def failed(plan: Plan = FULL) -> Outcome:
    """What the reduction begins with."""
    return Outcome(plan=plan, rule=RULE, story="")


def test_faults_people_and_hours_that_are_not_needed_are_left_out() -> None:
    suspect = Suspect("lost", people=5, hours=0.3)
    smallest = reduced(failed(), run=suspect).plan
    assert smallest == Plan(seed=9, people=6, hours=0.4, faults=("lost",), kinds=("person",))
    assert len(suspect.ran) <= TRIES_MOST


def test_two_faults_that_are_needed_together_both_stay() -> None:
    smallest = reduced(failed(), run=Suspect("kill", "clock")).plan
    assert smallest.faults == ("kill", "clock")
    assert (smallest.people, smallest.hours) == (PEOPLE_LEAST, HOURS_LEAST)


def test_kinds_that_are_not_needed_are_left_out_with_those_that_need_them() -> None:
    smallest = reduced(failed(), run=Suspect("lost", kinds=("stream",))).plan
    assert smallest.kinds == ("gig", "person", "stream")
    assert smallest.command.endswith("--faults lost --kinds gig,person,stream")


def test_a_plan_without_which_nothing_fails_stays_as_it_is() -> None:
    suspect = Suspect(*FULL.active, people=FULL.people, hours=FULL.hours, kinds=NAMES)
    first = failed()
    assert reduced(first, run=suspect) is first


def test_the_tries_are_bounded_and_each_is_told() -> None:
    suspect, told = Suspect(), list[int]()
    reduced(failed(), run=suspect, tries_most=3, tried=lambda: told.append(1))
    assert len(suspect.ran) == len(told) == 3


def test_faults_that_the_seed_had_drawn_are_named_in_the_smaller_plan() -> None:
    drawn = Plan(seed=9)
    smallest = reduced(failed(drawn), run=Suspect(drawn.active[0])).plan
    assert smallest.faults == (drawn.active[0],)
