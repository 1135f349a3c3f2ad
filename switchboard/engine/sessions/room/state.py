"""A room's state: the fold of its journal. It is bounded: members and messages are rows, not state.

Each of a room's parts has its own phase: ``phase`` is whether it takes messages, ``holding`` whether somebody of the
desk holds it, ``asking`` how far its issue is.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from switchboard.engine.instants import Instant, Milliseconds
from switchboard.engine.sessions.room.commands import Member, RoomPurpose

RoomPhase = Literal["active", "inactive"]
Holding = Literal["free", "held"]
IssuePhase = Literal["none", "open", "answered", "closed"]

TAGS_MOST = 50
"""Of a room: tags are words that people choose among, and all of them travel with every list."""

TAG_LENGTH_MOST = 100
"""Characters: longer than any word of any language."""

RECENT_MOST = 16
"""Messages remembered for their echoes: two people who type write fewer within the window of ten seconds."""


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """A message without its content."""

    id: str
    sequence: int
    """Its version in the room's journal."""
    number: int
    """Counts the room's messages from 1 without a gap."""
    sender: str
    at: Instant
    issue: str | None = None
    serial: int | None = None


class Issue(msgspec.Struct, frozen=True, kw_only=True):
    """A support request: from a client's message to its closing."""

    id: str
    opened_at: Instant
    answered_at: Instant | None = None
    """The first message of the desk that counted."""
    closed_at: Instant | None = None
    closed_by: str | None = None
    tags: tuple[str, ...] = ()
    first_message: Head | None = None
    last_message: Head | None = None


class Recent(msgspec.Struct, frozen=True, kw_only=True):
    """A message whose echo may still come."""

    head: Head
    via: str
    digest: str
    """Of sender and text."""


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """A room with its parts."""

    id: str
    phase: RoomPhase
    holding: Holding
    asking: IssuePhase
    realm: str
    app: str
    purpose: RoomPurpose
    key: str
    people: tuple[Member, ...] = ()
    """Whom it was opened for, at most two; later members are rows alone."""
    serial: int | None = None
    shelf: str | None = None
    details: str | None = None
    holder: str | None = None
    held_since: Instant | None = None
    holder_heard_at: Instant = 0
    holder_timeout: Milliseconds
    issue: Issue | None = None
    """The last one."""
    issues: int = 0
    """How many there have been."""
    tags: tuple[str, ...] = ()
    messages: int = 0
    first_message: Head | None = None
    last_message: Head | None = None
    recent: tuple[Recent, ...] = ()
    created_at: Instant
    updated_at: Instant
    active_at: Instant
    """The last message, or the opening."""

    @property
    def client(self) -> str | None:
        """Whom a support or widget room serves."""
        return self.people[0].account if self.people else None

    def opened_for(self, account: str) -> bool:
        """Whether the account is among ``people``, who are members for good."""
        return any(one.account == account for one in self.people)

    @property
    def open_issue(self) -> Issue | None:
        """The issue that messages belong to now."""
        return self.issue if self.asking in ("open", "answered") else None
