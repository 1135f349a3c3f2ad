"""Makes a failing plan smaller for as long as the same rule is violated: fewer faults, people and kinds, less time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from switchboard.simulations.kinds import chosen
from switchboard.simulations.plan import Plan
from switchboard.simulations.runner import Outcome, outcome

TRIES_MOST = 40
"""Worlds that a reduction may run: each of the thirteen faults once, and some halvings, twice over."""

PEOPLE_LEAST = 2
HOURS_LEAST = 1 / 60


def reduced(
    failed: Outcome,
    *,
    run: Callable[[Plan], Outcome] = outcome,
    tries_most: int = TRIES_MOST,
    tried: Callable[[], None] = lambda: None,
) -> Outcome:
    """The smallest plan found that violates the same rule; the same one if nothing can be done without.

    Args:
        run: runs one plan. tried: called after each.
    """
    smallest = failed
    left = tries_most
    shrinking = True
    while shrinking and left > 0:
        shrinking = False
        for plan in _smaller(smallest.plan):
            left -= 1
            found = run(plan)
            tried()
            if found.rule == failed.rule:
                # What could not be left out before may be now, so the candidates begin anew.
                smallest, shrinking = found, True
                break
            if left <= 0:
                break
    return smallest


def _fewer(plan: Plan) -> Iterator[tuple[str, ...]]:
    """The kinds without one of them and those that need it."""
    casts = chosen(plan.kinds)
    for out in casts:
        name = out.kind.name
        left = tuple(one.kind.name for one in casts if one is not out and name not in one.needs)
        if left:
            yield left


def _smaller(plan: Plan) -> Iterator[Plan]:
    if plan.people > PEOPLE_LEAST:
        yield replace(plan, people=max(PEOPLE_LEAST, plan.people // 2), faults=plan.active)
    if plan.hours > HOURS_LEAST:
        yield replace(plan, hours=max(HOURS_LEAST, plan.hours / 2), faults=plan.active)
    for kinds in _fewer(plan):
        yield replace(plan, kinds=kinds, faults=plan.active)
    for fault in plan.active:
        yield replace(plan, faults=tuple(one for one in plan.active if one != fault))
