"""Rooms in lists, their members, and how far people have read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from switchboard.engine.instants import Instant


class ReadMarker(msgspec.Struct, frozen=True, kw_only=True):
    """How far ``reader`` has read a room. It never goes back."""

    room: str
    reader: str
    sequence: int
    number: int
    """So many messages of the room are read."""
    message: str
    """The id of the last one."""
    at: Instant


class Membership(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody belongs to a room."""

    room: str
    account: str
    id: str
    joined_at: Instant


class ListedRoom(msgspec.Struct, frozen=True, kw_only=True):
    """A room in somebody's list."""

    id: str
    summary: bytes
    """The encoded ``Room``."""
    marker: ReadMarker | None
    """Of the one whose list it is."""


class Rooms(Protocol):
    """Finds rooms and keeps read markers. Each method may raise StoreDown."""

    async def of_member(self, account: str, skip: int, limit: int) -> Sequence[ListedRoom]:
        """The rooms of a member, those with the latest activity first."""

    async def on_shelf(
        self, shelf: str, reader: str, skip: int, limit: int
    ) -> Sequence[ListedRoom]:
        """The rooms of a shelf, those with the latest activity first; the markers are ``reader``'s."""

    async def by_ids(self, ids: Sequence[str], reader: str) -> Sequence[ListedRoom]:
        """Those that exist, in the order of the ids; the markers are ``reader``'s."""

    async def by_serial(self, realm: str, serial: int) -> str | None:
        """The id of the room with that number."""

    async def members(self, rooms: Sequence[str], most: int) -> Mapping[str, Sequence[Membership]]:
        """room -> at most ``most`` of its members, in the order in which they joined; rooms without any are missing."""

    async def membership(self, room: str, account: str) -> Membership | None:
        """Whether somebody belongs to a room."""

    async def memberships(self, account: str, skip: int, limit: int) -> Sequence[Membership]:
        """All of somebody's, the latest activity first."""

    async def shared(self, account: str, others: Sequence[str]) -> frozenset[str]:
        """Those of the others who are a member of some room together with the account."""

    async def company(self, account: str, most: int) -> Sequence[str]:
        """At most ``most`` accounts that are a member of some room together with this one, by id, itself included."""

    async def markers(self, rooms: Sequence[str], readers: Sequence[str]) -> Sequence[ReadMarker]:
        """The markers of ``readers[i]`` in ``rooms[i]``, where there are any, in that order."""

    async def mark(self, marker: ReadMarker) -> ReadMarker:
        """Stores the marker unless a later one is there; returns the one that stands."""
