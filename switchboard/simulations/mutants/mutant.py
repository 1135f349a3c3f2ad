"""What a planted fault is: its name, its sentence, how it is planted, and who must notice it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from switchboard.engine.sessions import Kind
from switchboard.engine.sessions.gig import GIG
from switchboard.engine.sessions.person import PERSON
from switchboard.simulations.mutants.patches import Patches
from switchboard.simulations.report import Plan

SEEDS_MOST = 8
"""A fault must be seen in one of so many worlds: the prototype of the simulator needed no more for any of its ten."""

PEOPLE = 12
HOURS = 0.7
"""A world that takes a quarter of a second and in which some forty gigs come to an end."""

Kinds = Sequence[Kind[Any]]
"""What the engine of a world with the fault runs."""

SHIPPED: Kinds = (GIG, PERSON)


def with_gig(**parts: Any) -> Kinds:
    """The kinds, with parts of the gig exchanged."""
    return (replace(GIG, **parts), PERSON)


@dataclass(frozen=True, kw_only=True, slots=True)
class WorldMutant:
    """A fault of the engine or its store that the checkers of a simulated world must notice."""

    name: str
    about: str
    """One sentence: what the faulty engine does."""
    rules: tuple[str, ...]
    """Of the checkers; it must be one of these that is seen broken first."""
    scenario: str
    """The kind of day on which it shows."""
    plan: Callable[[str, int], Plan]
    """(scenario, seed) -> the world."""
    plant: Callable[[Patches], Kinds | None]
    """Plants itself and says which kinds the engine runs; None: the shipped ones."""

    where = "world"

    @contextmanager
    def planted(self) -> Iterator[Kinds]:
        """The fault is there for the length of the block."""
        with Patches() as patches:
            yield self.plant(patches) or SHIPPED


@dataclass(frozen=True, kw_only=True, slots=True)
class StoreMutant:
    """A fault of a store that tests of the stores must notice."""

    name: str
    about: str
    tests: tuple[str, ...]
    """File and name of tests below tests/, with the parameters that matter; each of them must fail. None: it is not
    known yet who notices, and every test that is run is tried."""
    plant: Callable[[Patches], None]

    where = "conformance"

    @contextmanager
    def planted(self) -> Iterator[None]:
        """The fault is there for the length of the block."""
        with Patches() as patches:
            self.plant(patches)
            yield


Mutant = WorldMutant | StoreMutant


def small_world(scenario: str, seed: int) -> Plan:
    """The world in which most faults show."""
    return Plan(seed=seed, people=PEOPLE, hours=HOURS, scenario=scenario)


def in_worlds(
    *rules: str, scenario: str = "calm", plan: Callable[[str, int], Plan] = small_world
) -> Callable[[Callable[[Patches], Kinds | None]], WorldMutant]:
    """Makes a mutant of a function that plants it: the function's name is its name, its docstring the sentence."""

    def made(plant: Callable[[Patches], Kinds | None]) -> WorldMutant:
        name, about = _named(plant)
        return WorldMutant(
            name=name, about=about, rules=rules, scenario=scenario, plan=plan, plant=plant
        )

    return made


def in_stores(*tests: str) -> Callable[[Callable[[Patches], None]], StoreMutant]:
    """As ``in_worlds``, for the tests of the stores."""

    def made(plant: Callable[[Patches], None]) -> StoreMutant:
        name, about = _named(plant)
        return StoreMutant(name=name, about=about, tests=tests, plant=plant)

    return made


def _named(plant: Callable[..., Any]) -> tuple[str, str]:
    assert plant.__doc__ is not None, f"{plant.__name__} has no sentence"
    return plant.__name__.replace("_", "-"), " ".join(plant.__doc__.split())
