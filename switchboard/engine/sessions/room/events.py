"""What can have happened to a room. Each is journaled under its class name in the format given in ``EVENTS``.

A shipped class is never changed (see ``kind.Event``): tests/golden has the bytes of each.
"""

from __future__ import annotations

from collections.abc import Mapping

from switchboard.engine.instants import Instant, Milliseconds
from switchboard.engine.sessions.kind import Event
from switchboard.engine.sessions.room.commands import Member, Role, RoomPurpose


class RoomOpened(Event, frozen=True, kw_only=True):
    """The room was made, for ``people``."""

    id: str
    realm: str
    app: str
    purpose: RoomPurpose
    key: str
    people: tuple[Member, ...]
    serial: int | None
    shelf: str | None
    details: str | None
    holder_timeout: Milliseconds


class MessagePosted(Event, frozen=True, kw_only=True):
    """Somebody wrote. Kept as a row of the messages, which is its entry in the journal."""

    id: str
    sequence: int
    """The entry's version."""
    number: int
    """Counts the room's messages from 1."""
    sender: str
    role: Role
    text: str | None
    file: str | None
    attributes: str | None
    client_id: str | None
    serial: int | None
    verified: bool
    issue: str | None
    """The open issue that it belongs to."""
    opens: bool
    """Whether it opened that issue."""
    via: str
    echoes_until: Instant | None
    """Until when the same text may come again through another's hands; None: it does not."""


class RoomTaken(Event, frozen=True, kw_only=True):
    """An operator holds the room."""

    operator: str


class RoomFreed(Event, frozen=True, kw_only=True):
    """The room is held no more, as ``by`` wished."""

    by: str


class HolderTimedOut(Event, frozen=True, kw_only=True):
    """The holder neither wrote nor was connected for its time; the issue stays open."""

    operator: str


class HolderHeard(Event, frozen=True, kw_only=True):
    """The holder is connected. Volatile: never journaled."""


class IssueOpened(Event, frozen=True, kw_only=True):
    """A client asked something new; the issue takes the room's tags."""

    issue: str


class IssueAnswered(Event, frozen=True, kw_only=True):
    """The desk wrote to the open issue for the first time."""


class IssueClosed(Event, frozen=True, kw_only=True):
    """The issue is done, says ``by``."""

    by: str


class TagAdded(Event, frozen=True, kw_only=True):
    """The tag joined the room and its open issue."""

    tag: str


class TagRemoved(Event, frozen=True, kw_only=True):
    """The tag left the room and its open issue."""

    tag: str


class MemberAdded(Event, frozen=True, kw_only=True):
    """Somebody belongs to the room."""

    member: Member


class MemberRemoved(Event, frozen=True, kw_only=True):
    """Somebody belongs to the room no more."""

    account: str


class RoomClosed(Event, frozen=True, kw_only=True):
    """The room takes no further message, as ``by`` wished."""

    by: str


EVENTS: Mapping[str, tuple[int, type[Event]]] = {
    "RoomOpened": (1, RoomOpened),
    "MessagePosted": (1, MessagePosted),
    "RoomTaken": (1, RoomTaken),
    "RoomFreed": (1, RoomFreed),
    "HolderTimedOut": (1, HolderTimedOut),
    "IssueOpened": (1, IssueOpened),
    "IssueAnswered": (1, IssueAnswered),
    "IssueClosed": (1, IssueClosed),
    "TagAdded": (1, TagAdded),
    "TagRemoved": (1, TagRemoved),
    "MemberAdded": (1, MemberAdded),
    "MemberRemoved": (1, MemberRemoved),
    "RoomClosed": (1, RoomClosed),
}
"""Journaled name -> (format, class) of everything that is durable."""
