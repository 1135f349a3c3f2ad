"""What a planted fault is: its name, its sentence, how it is planted, and who must notice it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from switchboard.engine.sessions import Kind
from switchboard.engine.sessions.gig import GIG
from switchboard.engine.sessions.person import PERSON
from switchboard.simulations.kinds import chosen
from switchboard.simulations.mutants.patches import Patches
from switchboard.simulations.plan import Plan
from switchboard.simulations.scenarios import SCENARIOS

SEEDS_MOST = 8
"""A fault must be seen in one of so many worlds: the prototype of the simulator needed no more for any of its ten."""

PEOPLE = 12
HOURS = 0.7
"""A world that takes a quarter of a second and in which some forty gigs come to an end."""

Kinds = Sequence[Kind[Any]]
"""What the engine of a world with the fault runs."""


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
    faults: tuple[str, ...] | None
    """What else goes wrong there; None: what the seed and the kind of day say."""
    kinds: tuple[str, ...]
    """The kinds of session that live there."""
    people: int | None
    """How many live there; None: as few as most faults need."""
    seeds_most: int
    """It must be noticed in one of so many worlds."""
    plant: Callable[[Patches], Kinds | None]
    """Plants itself and says which kinds the engine runs; None: the shipped ones."""

    where = "world"

    def plan(self, seed: int) -> Plan:
        """The world of that seed."""
        small = SCENARIOS[self.scenario]
        people, hours = (small.people, small.hours) if small.brisk else (PEOPLE, HOURS)
        return Plan(
            seed=seed,
            people=self.people or people,
            hours=hours,
            scenario=self.scenario,
            faults=self.faults,
            kinds=self.kinds,
        )

    @contextmanager
    def planted(self) -> Iterator[Kinds]:
        """The fault is there for the length of the block."""
        with Patches() as patches:
            yield self.plant(patches) or tuple(cast.kind for cast in chosen(self.kinds))


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


def in_worlds(
    *rules: str,
    scenario: str = "calm",
    faults: tuple[str, ...] | None = None,
    kinds: tuple[str, ...] = (GIG.name, PERSON.name),
    people: int | None = None,
    seeds_most: int = SEEDS_MOST,
) -> Callable[[Callable[[Patches], Kinds | None]], WorldMutant]:
    """Makes a mutant of a function that plants it: the function's name is its name, its docstring the sentence."""

    def made(plant: Callable[[Patches], Kinds | None]) -> WorldMutant:
        name, about = _named(plant)
        return WorldMutant(
            name=name,
            about=about,
            rules=rules,
            scenario=scenario,
            faults=faults,
            kinds=kinds,
            people=people,
            seeds_most=seeds_most,
            plant=plant,
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
