"""Rooms in a world: a support desk with its clients, colleagues in pairs, and what must be true of rooms."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from switchboard.engine.engine import Engine
from switchboard.engine.sessions import Address, Event, Transitions
from switchboard.engine.sessions.room import (
    ROOM,
    STANDING,
    AddTag,
    CloseRoom,
    FreeRoom,
    OpenRoom,
    RemoveTag,
    Room,
    TakeRoom,
)
from switchboard.engine.sessions.room.machine import ASKING, HOLDING
from switchboard.simulations.cast import Call, Cast, Hearing, Inhabitant, Workflows
from switchboard.simulations.kinds.room.clients import Client
from switchboard.simulations.kinds.room.colleagues import Colleague
from switchboard.simulations.kinds.room.operators import DeskOperator
from switchboard.simulations.kinds.room.phone import Desk, rooms_known
from switchboard.simulations.kinds.room.rules import RoomRules
from switchboard.simulations.scenarios import Scenario

if TYPE_CHECKING:
    from switchboard.simulations.world import World

BRISK_HOLDER_TIMEOUT = 60_000
"""Milliseconds: longer than an outage of a brisk scenario."""

HOLDER_TIMEOUT = 15 * 60_000

PEOPLE_A_CLIENT = 4
PEOPLE_AN_OPERATOR = 6
PEOPLE_A_COLLEAGUE = 4


def _everything() -> Transitions[Any]:
    """A room's three parts have a table each; this one says only that an inactive room does nothing more."""
    first: dict[type[Event], str] = dict(STANDING[None])
    others = {one for table in (HOLDING, ASKING) for row in table.values() for one in row}
    active = {**dict.fromkeys(others - set(first), "active"), **STANDING["active"]}
    return {None: first, "active": active, "inactive": {}}


def _timeout(scenario: Scenario) -> int:
    return BRISK_HOLDER_TIMEOUT if scenario.brisk else HOLDER_TIMEOUT


def _desk(engine: Engine, scenario: Scenario, _others: Workflows) -> Desk:
    return Desk(engine, _timeout(scenario))


def _people(world: World) -> Sequence[Inhabitant]:
    people = world.plan.people
    found: list[Inhabitant] = [Client(world) for _ in range(1 + people // PEOPLE_A_CLIENT)]
    found += [DeskOperator(world) for _ in range(2 + people // PEOPLE_AN_OPERATOR)]
    colleagues = [world.new_id() for _ in range(3 + people // PEOPLE_A_COLLEAGUE)]
    return [*found, *(Colleague(world, one, colleagues) for one in colleagues)]


def _has_a_desk(world: World, room: Address) -> bool:
    state = world.judge.shadows[room].state
    return isinstance(state, Room) and state.purpose == "support"


def _crowd(world: World, chance: random.Random, most: int) -> Sequence[Call]:
    """Everybody wants to hold one room."""
    known = [one for one in rooms_known(world) if _has_a_desk(world, one)]
    if not known:
        return ()
    room = chance.choice(known[-10:])
    operators = [world.new_id() for _ in range(chance.randint(1, most))]
    return [Call(one, room, TakeRoom(operator=one)) for one in operators]


def _hears(room: Any, _event: str) -> Hearing:
    return Hearing([room.holder], room.holder_timeout)


def _plain(room: Room) -> Room:
    return replace(room, holder_heard_at=0)


ROOMS = Cast(
    kind=ROOM,
    transitions=_everything(),
    people=_people,
    crowd=_crowd,
    rules=RoomRules,
    workflow=_desk,
    effects={
        OpenRoom: lambda room, command: room.key == command.key,
        TakeRoom: lambda room, command: room.holder == command.operator,
        FreeRoom: lambda room, command: room.holder != command.operator,
        AddTag: lambda room, command: command.tag in room.tags,
        RemoveTag: lambda room, command: command.tag not in room.tags,
        CloseRoom: lambda room, _: room.phase == "inactive",
    },
    plain=_plain,
    seen_at=lambda room: room.holder_heard_at,
    watched=frozenset({"active"}),
    hears=_hears,
    rests=lambda room: room.holder is None,
    rest_seconds=lambda scenario: _timeout(scenario) / 1000,
)

__all__ = ["ROOMS"]
