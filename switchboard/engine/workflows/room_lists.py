"""Rooms in lists, each with what a list shows of it: unread count, read marker, first and last message, members.

Each list costs a few queries however long it is: one for the page, one for all its messages, one for its members.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from switchboard.engine.ports import Header, Sessions
from switchboard.engine.queries.messages import Place
from switchboard.engine.queries.rooms import ListedRoom, Membership, ReadMarker, Rooms
from switchboard.engine.sessions.room import HELD_BY, ROOMS_OF, Head, Room
from switchboard.engine.workflows.messages import Message, MessageReader, place_of

MEMBERS_MOST = 100
"""Shown of a room: contracts/README.md's page."""

DECODER = msgspec.json.Decoder(Room)


class RoomView(msgspec.Struct, frozen=True, kw_only=True):
    """A room as one reader's list shows it."""

    room: Room
    marker: ReadMarker | None
    """How far the reader has read."""
    first_message: Message | None
    last_message: Message | None
    issue_first_message: Message | None
    issue_last_message: Message | None
    """Of the room's last issue."""

    @property
    def unread(self) -> int:
        """Messages after the marker. (Whoever writes has read what came before.)"""
        return self.room.messages - (0 if self.marker is None else self.marker.number)


class RoomLists:
    """Reads from the store; each method may raise StoreDown. Pages are counted from 0."""

    def __init__(self, rooms: Rooms, sessions: Sessions, messages: MessageReader) -> None:
        self._rooms = rooms
        self._sessions = sessions
        self._messages = messages

    async def of_member(self, account: str, skip: int, limit: int) -> list[RoomView]:
        """The rooms that the account is a member of, the latest activity first."""
        return await self._views(await self._rooms.of_member(account, skip, limit))

    async def on_shelf(self, shelf: str, reader: str, skip: int, limit: int) -> list[RoomView]:
        """The rooms of a shelf (``NewRoom.shelf``), the latest activity first; unread is ``reader``'s."""
        return await self._views(await self._rooms.on_shelf(shelf, reader, skip, limit))

    async def opened_for(self, account: str, skip: int, limit: int) -> list[RoomView]:
        """The rooms that were opened for the account, the newest first: an order that messages do not change."""
        return await self._headed(ROOMS_OF, account, skip, limit)

    async def held_by(self, operator: str, skip: int, limit: int) -> list[RoomView]:
        """The rooms that an operator holds, the newest first."""
        return await self._headed(HELD_BY, operator, skip, limit)

    async def view(self, room: Room, reader: str) -> RoomView:
        """One room as the reader's list would show it, from the state in hand."""
        markers = await self._rooms.markers([room.id], [reader])
        (view,) = await self._with_messages([(room, markers[0] if markers else None)])
        return view

    async def markers(self, room: str, readers: Sequence[str]) -> Mapping[str, ReadMarker]:
        """reader -> how far it has read that room; who has read nothing is missing."""
        found = await self._rooms.markers([room] * len(readers), readers)
        return {marker.reader: marker for marker in found}

    async def members(self, rooms: Sequence[str]) -> Mapping[str, Sequence[Membership]]:
        """room -> its first ``MEMBERS_MOST`` members, in the order in which they joined; none: missing."""
        return await self._rooms.members(rooms, MEMBERS_MOST)

    async def memberships(
        self, account: str, skip: int, limit: int
    ) -> list[tuple[Membership, ReadMarker | None]]:
        """The account's memberships with its read markers, the latest activity first."""
        found = await self._rooms.memberships(account, skip, limit)
        rooms = [one.room for one in found]
        markers = await self._rooms.markers(rooms, [account] * len(rooms))
        by_room = {marker.room: marker for marker in markers}
        return [(one, by_room.get(one.room)) for one in found]

    async def _headed(self, name: str, key: str, skip: int, limit: int) -> list[RoomView]:
        headers = await self._sessions.listed(name, key, None, skip, limit)
        ids = [header.address.id for header in headers]
        markers = await self._rooms.markers(ids, [key] * len(ids))
        by_room = {marker.room: marker for marker in markers}
        rooms = [room for room in map(_room, headers) if room is not None]
        return await self._with_messages([(room, by_room.get(room.id)) for room in rooms])

    async def _views(self, listed: Sequence[ListedRoom]) -> list[RoomView]:
        return await self._with_messages(
            [(DECODER.decode(one.summary), one.marker) for one in listed]
        )

    async def _with_messages(
        self, rooms: Sequence[tuple[Room, ReadMarker | None]]
    ) -> list[RoomView]:
        places: list[Place] = []
        for room, _ in rooms:
            for head in _heads(room):
                places += place_of(room.id, head)
        found = await self._messages.at(places)
        return [_view(room, marker, found) for room, marker in rooms]


def _heads(room: Room) -> tuple[Head | None, ...]:
    """Of the first and last message of the room, and of its issue."""
    issue = room.issue
    of_issue = (None, None) if issue is None else (issue.first_message, issue.last_message)
    return (room.first_message, room.last_message, *of_issue)


def _room(header: Header) -> Room | None:
    return None if header.summary is None else DECODER.decode(header.summary)


def _view(room: Room, marker: ReadMarker | None, found: Mapping[Place, Message]) -> RoomView:
    first, last, issue_first, issue_last = (
        None if head is None else found.get(Place(room.id, head.sequence)) for head in _heads(room)
    )
    return RoomView(
        room=room,
        marker=marker,
        first_message=first,
        last_message=last,
        issue_first_message=issue_first,
        issue_last_message=issue_last,
    )
