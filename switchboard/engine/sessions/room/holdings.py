"""What a room holds of the world: the claim on being the one with its key, places in lists, the summary.

That at most one operator holds a room needs no claim: the room is its own, and its state has one ``holder``.
"""

from __future__ import annotations

from typing import Any

from switchboard.engine.errors import Rejected, RoomExists
from switchboard.engine.sessions.kind import Claim, ListEntry
from switchboard.engine.sessions.room.commands import RoomPurpose
from switchboard.engine.sessions.room.state import Room

HELD_BY = "rooms-held"
"""Name of the list of the rooms that an operator holds; its key is the operator."""

ROOMS_OF = "rooms-of"
"""Name of the list of the rooms that were opened for a person, in the order of their making; its key is the person."""


def same_room(realm: str, purpose: RoomPurpose, key: str) -> Claim:
    """The claim of the active room with that key. Raises: nothing; the key is the opener's."""
    return Claim(f"room/{realm}/{purpose}", key)


def claims(room: Room) -> frozenset[Claim]:
    """'The same room again': at most one active room has a key."""
    if room.phase != "active":
        return frozenset()
    return frozenset({same_room(room.realm, room.purpose, room.key)})


def refusal(_command: Any, _claim: Claim, holder: str) -> Rejected:
    """What the caller hears when ``holder`` is that room already."""
    return RoomExists(holder)


def lists(room: Room) -> frozenset[ListEntry]:
    """``rooms-held`` of the operator who holds it, ``rooms-of`` each person that it was opened for."""
    entries = {ListEntry(ROOMS_OF, one.account) for one in room.people}
    if room.holder is not None:
        entries.add(ListEntry(HELD_BY, room.holder))
    return frozenset(entries)


def basis(room: Room) -> object:
    """What of a room its claims and lists depend on; realm, purpose, key and people are its for good."""
    return (room.phase, room.holder)


def summary(room: Room) -> Room:
    """The room itself: its state is bounded and small, and lists show most of it."""
    return room
