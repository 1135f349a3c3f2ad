"""People's presence in a world: who goes online, moves, falls silent, and what must be true of it.

Everything of this kind is in this file: the smallest example of a cast.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from switchboard.engine.sessions import Address
from switchboard.engine.sessions.person import (
    PERSON,
    TRANSITIONS,
    GoOffline,
    GoOnline,
    Heartbeat,
    Person,
)
from switchboard.simulations.cast import Call, Cast, Hearing
from switchboard.simulations.scenarios import Scenario

if TYPE_CHECKING:
    from switchboard.simulations.world import World

BRISK_TIMEOUT = 60_000
"""Milliseconds without a sign until a person of a brisk scenario is away: two of its heartbeats may be lost."""

TIMEOUT = 120_000
"""As ``GoOnline`` has it by default."""


def timeout(scenario: Scenario) -> int:
    """The time-out that dispatch gives people, in milliseconds."""
    return BRISK_TIMEOUT if scenario.brisk else TIMEOUT


def address(account: str) -> Address:
    """The person's session."""
    return Address(PERSON.name, account)


def _plain(person: Person) -> Person:
    return replace(person, seen_at=0, latitude=None, longitude=None)


def _hears(person: Any, _event: str) -> Hearing:
    return Hearing([person.id], person.timeout)


def _crowd(world: World, chance: random.Random, most: int) -> Sequence[Call]:
    """Strangers who look in and out: each is a new session and a commit of its own."""
    calls: list[Call] = []
    for _ in range(chance.randint(1, most)):
        stranger = world.new_id()
        calls.append(Call(stranger, address(stranger), Heartbeat(id=stranger)))
    return calls


PERSONS = Cast(
    kind=PERSON,
    transitions=TRANSITIONS,
    crowd=_crowd,
    effects={
        GoOnline: lambda person, _: person.phase == "online",
        GoOffline: lambda person, _: person.phase == "offline",
    },
    plain=_plain,
    seen_at=lambda person: person.seen_at,
    watched=frozenset({"online"}),
    hears=_hears,
    rests=lambda person: person.phase != "online",
    rest_seconds=lambda scenario: timeout(scenario) / 1000,
)

__all__ = ["PERSONS", "address", "timeout"]
