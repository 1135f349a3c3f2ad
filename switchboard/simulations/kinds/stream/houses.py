"""The organizations of a world: who sells there, and who looks at their pages. The same for the same world."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from switchboard.engine.ids import Ids

if TYPE_CHECKING:
    from switchboard.simulations.world import World

HOUSES = 2
"""Enough for a dealer to meddle with another house's streams."""

PEOPLE_A_DEALER = 4
PEOPLE_A_VISITOR = 3
"""Of the plan's people. In a storm's six the first house has one dealer, for whom visitors wait, the other two."""


class House(NamedTuple):
    """One organization."""

    id: str
    code: str
    dealers: Sequence[str]
    visitors: Sequence[str]


def houses(world: World) -> Sequence[House]:
    """All of the world's."""
    ids, people, found = Ids(world.chance("houses")), world.plan.people, []
    for number in range(HOUSES):
        dealers = max(1, people // PEOPLE_A_DEALER // HOUSES) + number
        visitors = max(1, people // PEOPLE_A_VISITOR // HOUSES)
        found.append(
            House(
                id=ids.new(number),
                code=f"house-{number}",
                dealers=[ids.new(number) for _ in range(dealers)],
                visitors=[f"visitor-{number}-{one}" for one in range(visitors)],
            )
        )
    return found
