"""Faults of rooms: of their messages, holders, issues, members and read markers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from msgspec.structs import replace as with_fields

from switchboard.engine.ports import ClaimTaken, Outcome, Turn
from switchboard.engine.queries.rooms import ReadMarker
from switchboard.engine.runtime.announcements import Announcement, Announcements
from switchboard.engine.runtime.letter import Key
from switchboard.engine.sessions import Claim, Context, Event
from switchboard.engine.sessions.room import ROOM, PostMessage, Room, RoomPurpose, TakeRoom
from switchboard.engine.sessions.room.events import IssueOpened, MessagePosted, RoomTaken
from switchboard.engine.workflows import rooms
from switchboard.engine.workflows.room_requests import NewMessage
from switchboard.engine.workflows.rooms import RoomDesk
from switchboard.simulations.checkers.names import (
    CLAIMS,
    EARLY,
    HOLE,
    LEGAL,
    MARKERS,
    ONCE,
    ONE_ROOM,
    SEQUENCE,
    TOLD,
)
from switchboard.simulations.mutants.mutant import Kinds, in_worlds
from switchboard.simulations.mutants.patches import Patches
from switchboard.store.memory_rooms import RoomTables
from switchboard.store.memory_tables import MemoryDatabase

ROOMS = (ROOM.name,)


def with_room(**parts: Any) -> Kinds:
    """The room, with parts exchanged."""
    return (replace(ROOM, **parts),)


@in_worlds(SEQUENCE, scenario="storm", faults=(), kinds=ROOMS)
def numbers_two_messages_alike(_: Patches) -> Kinds:
    """Every third message has the number of the one before."""

    def decide(room: Room | None, command: Any, context: Context) -> tuple[Event, ...]:
        events = ROOM.decide(room, command, context)
        return tuple(
            with_fields(one, number=one.number - 1)
            if isinstance(one, MessagePosted) and one.number % 3 == 0
            else one
            for one in events
        )

    return with_room(decide=decide)


@in_worlds(ONCE, scenario="storm", faults=("dropped", "repeated"), kinds=ROOMS)
def forgets_the_ids_of_clients(patches: Patches) -> None:
    """A message that a client repeats under its own id is stored again."""

    def none(_room: Room, _new: NewMessage) -> Key | None:
        return None

    patches.set(rooms, "client_key", none)


@in_worlds(MARKERS, scenario="storm", faults=(), kinds=ROOMS)
def lets_markers_go_back(patches: Patches) -> None:
    """Who says late how far it had read has read no further."""

    def mark(self: RoomTables, marker: ReadMarker) -> ReadMarker:
        self.markers[marker.room, marker.reader] = marker
        return marker

    patches.set(RoomTables, "mark", mark)


@in_worlds(LEGAL, scenario="storm", faults=(), kinds=ROOMS)
def lets_two_hold_a_room(_: Patches) -> Kinds:
    """Whoever takes a room has it, whoever held it before."""

    def decide(room: Room | None, command: Any, context: Context) -> tuple[Event, ...]:
        if isinstance(command, TakeRoom) and room is not None and room.purpose == "support":
            return (RoomTaken(at=context.now, operator=command.operator),)
        return ROOM.decide(room, command, context)

    def evolve(room: Room | None, event: Any) -> Room:
        if isinstance(event, RoomTaken) and room is not None and room.holder is not None:
            return with_fields(room, holder=event.operator, held_since=event.at)
        return ROOM.evolve(room, event)

    return with_room(decide=decide, evolve=evolve)


@in_worlds(LEGAL, scenario="storm", faults=(), kinds=ROOMS)
def opens_an_issue_a_message(_: Patches) -> Kinds:
    """Every message of a client opens an issue, whether one is open or not."""

    def decide(room: Room | None, command: Any, context: Context) -> tuple[Event, ...]:
        events = ROOM.decide(room, command, context)
        open_issue = room is not None and room.open_issue is not None
        if isinstance(command, PostMessage) and command.role == "client" and open_issue:
            return (IssueOpened(at=context.now, issue=command.issue_id), *events)
        return events

    def evolve(room: Room | None, event: Any) -> Room:
        if isinstance(event, IssueOpened) and room is not None and room.open_issue is not None:
            return with_fields(room, issues=room.issues + 1)
        return ROOM.evolve(room, event)

    return with_room(decide=decide, evolve=evolve)


@in_worlds(EARLY, scenario="storm", faults=(), kinds=ROOMS)
def is_deaf_to_holders(patches: Patches) -> None:
    """An operator whose connection is there loses its room unless it writes."""

    async def hear(self: RoomDesk, operator: str) -> None:
        await self._held(operator)

    patches.set(RoomDesk, "hear", hear)


@in_worlds(HOLE, scenario="storm", faults=(), kinds=ROOMS)
def tells_every_other_message(patches: Patches) -> None:
    """Who listens to a room hears of every other thing that happens in it, and of no hole."""
    publish = Announcements.publish

    def half(self: Announcements, topic: str, announcements: Sequence[Announcement]) -> None:
        told = [one for one in announcements if not topic.startswith("room/") or one.sequence % 2]
        if told:
            publish(self, topic, told)

    patches.set(Announcements, "publish", half)
    patches.set(Announcements, "lag", lambda self, topic: None)


@in_worlds(SEQUENCE, HOLE, scenario="storm", faults=(), kinds=ROOMS)
def loses_rows_of_messages(patches: Patches) -> None:
    """Some messages are in the journal and not among the rows that people read."""
    write = RoomTables._write_message

    def most(self: RoomTables, room: str, entry: Any) -> None:
        if entry.version % 5:
            write(self, room, entry)

    patches.set(RoomTables, "_write_message", most)


@in_worlds(CLAIMS, scenario="storm", faults=("crash",), kinds=ROOMS, seeds_most=24)
def keeps_the_key_of_a_closed_room(_: Patches) -> Kinds:
    """A room that is closed goes on being 'the same room' for whoever opens it."""

    def claims(room: Room) -> frozenset[Claim]:
        return ROOM.claims(with_fields(room, phase="active"))

    return with_room(claims=claims)


@in_worlds(ONE_ROOM, scenario="storm", faults=(), kinds=ROOMS)
def makes_a_room_each_time(patches: Patches) -> None:
    """Whoever opens a room gets a new one, whether it is there or not."""

    async def find(self: RoomDesk, realm: str, purpose: RoomPurpose, key: str) -> Room | None:
        return None

    patches.set(RoomDesk, "find", find)
    obstacle = MemoryDatabase._obstacle

    def blind(self: MemoryDatabase, turn: Turn) -> Outcome | None:
        found = obstacle(self, turn)
        return None if isinstance(found, ClaimTaken) else found

    patches.set(MemoryDatabase, "_obstacle", blind)


@in_worlds(TOLD, scenario="storm", faults=(), kinds=ROOMS, seeds_most=16)
def never_lets_go_of_a_member(patches: Patches) -> None:
    """Who left a room is still listed among its members."""
    write = RoomTables._write_member

    def keep(self: RoomTables, room: str, row: Any) -> None:
        if row.present:
            write(self, room, row)

    patches.set(RoomTables, "_write_member", keep)
