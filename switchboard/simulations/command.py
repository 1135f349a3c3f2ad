"""``switchboard simulate``: runs worlds, shows how they go, and prints how to see a failing one again."""

from __future__ import annotations

import itertools
import json
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from switchboard.simulations.faults import FAULTS, in_order
from switchboard.simulations.kinds import NAMES, chosen
from switchboard.simulations.plan import Plan
from switchboard.simulations.reduction import TRIES_MOST, reduced
from switchboard.simulations.runner import SAME, Outcome, outcomes
from switchboard.simulations.scenarios import SCENARIOS, STORM
from switchboard.simulations.summary import Totals, many_worlds, one_world

PEOPLE_MOST = 10_000
HOURS_MOST = 24 * 7.0
"""Bounds of what the memory store and one core can do in minutes."""

JOBS_MOST = 64

ABOUT = (
    "Scenarios: " + " ".join(f"{one.name}: {one.about}." for one in SCENARIOS.values()),
    "Faults: " + " ".join(f"{name}: {about}." for name, about in FAULTS.items()),
)


class FaultNames(click.ParamType[tuple[str, ...]]):
    """A list of faults, ``all`` or ``none``."""

    name = "names"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, ...]:
        """The faults in their order."""
        if isinstance(value, tuple):
            return value
        words = {"all": tuple(FAULTS), "none": ()}.get(value, tuple(str(value).split(",")))
        try:
            return in_order(words)
        except KeyError as unknown:
            self.fail(f"{unknown} is none of {', '.join(FAULTS)}", param, ctx)


class KindNames(click.ParamType[tuple[str, ...]]):
    """A list of kinds of session."""

    name = "names"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, ...]:
        """Those and what they need, in their order."""
        words = value if isinstance(value, tuple) else tuple(str(value).split(","))
        try:
            return tuple(cast.kind.name for cast in chosen(words))
        except KeyError as unknown:
            self.fail(f"{unknown} is none of {', '.join(NAMES)}", param, ctx)


@click.command(epilog="\n\n".join(ABOUT))
@click.option("--seed", type=int, default=1, show_default=True, help="Determines everything.")
@click.option(
    "--scenario",
    type=click.Choice(list(SCENARIOS)),
    default=STORM.name,
    show_default=True,
    help="The kind of day.",
)
@click.option(
    "--people", type=click.IntRange(2, PEOPLE_MOST), help="How many; the scenario's if not said."
)
@click.option(
    "--hours",
    type=click.FloatRange(0.0, HOURS_MOST, min_open=True),
    help="Simulated hours in which they do something; the scenario's if not said.",
)
@click.option(
    "--faults",
    type=FaultNames(),
    help="What goes wrong: names with commas between, all, or none; drawn from the seed if not said.",
)
@click.option(
    "--without", type=FaultNames(), default="none", help="Of these faults, all but the named."
)
@click.option(
    "--kinds",
    type=KindNames(),
    help="The kinds of session that live there, names with commas between; all if not said.",
)
@click.option(
    "--worlds",
    type=click.IntRange(min=1),
    help="Run so many, with this seed and the following ones; one if neither is said.",
)
@click.option(
    "--minutes",
    type=click.FloatRange(0.0, min_open=True),
    help="Run for so long, with this seed and the following ones.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, JOBS_MOST),
    default=1,
    show_default=True,
    help="In so many processes.",
)
@click.option("--twice", is_flag=True, help="Run each world twice and compare the digests.")
@click.option(
    "--reduce/--no-reduce",
    "reduce",
    default=True,
    help="Look for a smaller plan that violates the same rule.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a world.")
@click.pass_context
def simulate(
    context: click.Context,
    /,
    *,
    seed: int,
    worlds: int | None,
    minutes: float | None,
    jobs: int,
    twice: bool,
    reduce: bool,
    as_json: bool,
    **what: Any,
) -> None:
    """Run people and faults under virtual time.

    Customers and operators go through the real runtime and dispatch on the store in memory, while the invariants are
    checked at every commit and every answer. The same seed gives the same digest. A violated invariant ends the run
    with the command that replays it, a smaller plan that violates it too, and its trace; status 1.
    """
    worlds = 1 if worlds is None and minutes is None else worlds
    console, totals = Console(stderr=True), Totals()
    plans = (_plan(number, **what) for number in _seeds(seed, worlds, minutes))
    began = time.perf_counter()
    failed = last = None
    with _bar(console, "worlds", worlds) as advance:
        for one in outcomes(plans, jobs=jobs, twice=twice):
            advance()
            if one.report is None:
                failed = one
                break
            last = one.report
            totals.add(last)
            if as_json:
                click.echo(json.dumps(asdict(last)))
    if failed is not None:
        _explain(failed, console, reduce=reduce)
        context.exit(1)
    if last is not None and not as_json:
        spent = time.perf_counter() - began
        Console().print(
            one_world(last)
            if totals.worlds == 1
            else many_worlds(totals, (seed, last.plan.seed), spent, twice=twice)
        )


def _seeds(first: int, worlds: int | None, minutes: float | None) -> Iterator[int]:
    until = math.inf if minutes is None else time.monotonic() + minutes * 60
    numbers = itertools.count(first) if worlds is None else range(first, first + worlds)
    for number in numbers:
        if time.monotonic() >= until:
            return
        yield number


def _plan(
    seed: int,
    *,
    scenario: str,
    people: int | None,
    hours: float | None,
    faults: tuple[str, ...] | None,
    without: tuple[str, ...],
    kinds: tuple[str, ...] | None,
) -> Plan:
    usual = SCENARIOS[scenario]
    plan = Plan(
        seed=seed,
        scenario=scenario,
        people=usual.people if people is None else people,
        hours=usual.hours if hours is None else hours,
        faults=faults,
        kinds=kinds,
    )
    if not without:
        return plan
    return replace(plan, faults=tuple(one for one in plan.active if one not in without))


@contextmanager
def _bar(console: Console, what: str, total: int | None) -> Iterator[Callable[[], None]]:
    """A bar when somebody is there to see it; yields what is called after each world."""
    # Refreshed by hand: the bar's own thread would have no part in the simulation, but needs none either.
    with Progress(
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        auto_refresh=False,
        transient=True,
        disable=not console.is_terminal,
    ) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.update(task, advance=1, refresh=True)


def _explain(failed: Outcome, console: Console, *, reduce: bool) -> None:
    """Prints how to see it again, and the story of the smallest plan that shows it."""
    smallest = failed
    if reduce and failed.rule != SAME:
        with _bar(console, "looking for a smaller plan", TRIES_MOST) as tried:
            smallest = reduced(failed, tried=tried)
    click.echo(smallest.story, err=True)
    click.echo(f"\nA violated invariant. Replay it with:\n{failed.plan.command}", err=True)
    if smallest is not failed:
        click.echo(f"The smaller one, whose trace is above:\n{smallest.plan.command}", err=True)
