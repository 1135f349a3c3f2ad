"""What may be asked of a room."""

from __future__ import annotations

from typing import Literal

import msgspec

from switchboard.engine.instants import Instant, Milliseconds
from switchboard.engine.sessions.kind import Command

RoomPurpose = Literal["support", "pair", "widget", "gig", "stream"]
"""``support``: a client and the desk of an app. ``pair``: two people. ``widget``: a visitor of a page and the staff.
``gig``, ``stream``: the chat of such a session. Only a support room has a holder and issues."""

Role = Literal["client", "staff", "party"]
"""As whom somebody writes: the one who is served, one of the desk or staff, or one of equals."""

HOLDER_TIMEOUT: Milliseconds = 15 * 60_000
"""contracts/ally.md: a holder who neither writes nor is connected for so long loses the room."""


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who belongs to a room. ``id`` names the membership itself."""

    account: str
    id: str


class OpenRoom(Command, frozen=True, kw_only=True):
    """Makes a room, unless an active one has the same ``key``: that one's id is then in the refusal."""

    id: str
    realm: str
    app: str = ""
    """Within the realm, whose room it is: an app of ally, an organization of dowell; empty if all is one."""
    purpose: RoomPurpose
    key: str
    """What makes it the same room again, unique among the active rooms of its realm and purpose; <= 200 characters."""
    people: tuple[Member, ...] = ()
    """Whom it is for: its first members, at most two; the first is the client of a support room."""
    serial: int | None = None
    """Its number where rooms have one beside their ids."""
    shelf: str | None = None
    """The list in which it stands, ordered by the last activity; <= 300 characters."""
    details: str | None = None
    """A JSON object as text, the opener's own business, <= 16 KiB."""
    holder_timeout: Milliseconds = HOLDER_TIMEOUT


class PostMessage(Command, frozen=True, kw_only=True):
    """Somebody writes. At least one of ``text``, ``file`` and ``attributes`` must be there."""

    id: str
    """The message's."""
    sender: str
    role: Role
    text: str | None = None
    file: str | None = None
    attributes: str | None = None
    """A JSON object as text, the sender's own business, <= 16 KiB."""
    client_id: str | None = None
    serial: int | None = None
    """Its number where messages have one beside their ids."""
    verified: bool = True
    """Whether the sender itself handed it in."""
    issue_id: str = ""
    """The id of the issue that this message opens, if it opens one; needed in support rooms."""
    via: str = ""
    """Who handed it in, if that need not be the sender."""
    echo_window: Milliseconds = 0
    """The same sender and text within this time through another ``via`` is the same message again; 0: never."""


class TakeRoom(Command, frozen=True, kw_only=True):
    """An operator holds the room from now on."""

    operator: str


class FreeRoom(Command, frozen=True, kw_only=True):
    """The room is held no more; with ``closes`` its open issue is closed too."""

    operator: str
    admin: bool = False
    closes: bool = True


class HearHolder(Command, frozen=True, kw_only=True):
    """The operator is connected: if it holds the room it goes on holding it. Volatile."""

    operator: str


class CloseIssue(Command, frozen=True, kw_only=True):
    """The issue is done; the room stays held."""

    issue: str
    operator: str
    admin: bool = False


class AddTag(Command, frozen=True, kw_only=True):
    """The tag joins the room and its open issue."""

    tag: str


class RemoveTag(Command, frozen=True, kw_only=True):
    """The tag leaves the room and its open issue."""

    tag: str


class AddMember(Command, frozen=True, kw_only=True):
    """Somebody belongs to the room from now on; repeated: nothing changes but the journal."""

    member: Member


class RemoveMember(Command, frozen=True, kw_only=True):
    """Somebody belongs to the room no more."""

    account: str


class CloseRoom(Command, frozen=True, kw_only=True):
    """The room turns inactive for good: readable, and without further messages."""


class ReachDeadline(Command, frozen=True, kw_only=True):
    """The holder's time is over; stale ones do nothing."""

    due: Instant
