"""Where what a topic announced can be read again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from switchboard.engine.ports import Sessions, Span
from switchboard.engine.queries.messages import Messages
from switchboard.engine.runtime.announcements import Announcement
from switchboard.engine.sessions.kind import Address


class Source(Protocol):
    """The store's copy of one topic."""

    gapless: bool
    """Whether every number is one of its announcements, so that a number left out is one that was lost."""

    async def span(self) -> Span:
        """What can be read. Raises: StoreDown."""

    async def after(self, sequence: int, limit: int) -> Sequence[Announcement]:
        """The first ones after that number, ascending. Raises: StoreDown."""


class NoticeSource:
    """A topic of notices, which are kept for 24 hours."""

    __slots__ = ("_sessions", "_topic")

    gapless = True

    def __init__(self, topic: str, sessions: Sessions) -> None:
        self._topic = topic
        self._sessions = sessions

    async def span(self) -> Span:
        """See ``Source``."""
        return await self._sessions.span(self._topic)

    async def after(self, sequence: int, limit: int) -> Sequence[Announcement]:
        """See ``Source``."""
        found = await self._sessions.notices(self._topic, sequence, limit)
        return [Announcement(one.topic, one.sequence, one.name, one.body) for one in found]


class RoomSource:
    """A room's own topic, of which the messages are kept for good; of its other events a listener needs none again."""

    gapless = False

    def __init__(self, room: str, sessions: Sessions, messages: Messages) -> None:
        self._room = room
        self._sessions = sessions
        self._messages = messages

    async def span(self) -> Span:
        """See ``Source``: a room's numbers are its versions."""
        header = await self._sessions.header(Address("room", self._room))
        return Span(0 if header is None else header.version, 1)

    async def after(self, sequence: int, limit: int) -> Sequence[Announcement]:
        """See ``Source``."""
        found = await self._messages.after(self._room, sequence, limit)
        return [
            Announcement(
                f"room/{self._room}",
                msgspec.json.decode(one.body, type=Numbered).sequence,
                one.name,
                one.body,
            )
            for one in found
        ]


class Numbered(msgspec.Struct, frozen=True):
    """What every message's journal entry has."""

    sequence: int
