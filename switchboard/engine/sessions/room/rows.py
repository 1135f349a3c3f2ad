"""The rows that a room's commit writes beside its journal: what lists and searches are read from."""

from __future__ import annotations

from typing import Any, Final

from switchboard.engine.instants import Instant, Milliseconds
from switchboard.engine.sessions.kind import Event, MessageColumns, Projection
from switchboard.engine.sessions.room.commands import Member
from switchboard.engine.sessions.room.events import (
    IssueAnswered,
    IssueClosed,
    IssueOpened,
    MemberAdded,
    MemberRemoved,
    MessagePosted,
    RoomOpened,
    TagAdded,
    TagRemoved,
)
from switchboard.engine.sessions.room.state import Room

LISTED_EVERY: Final[Milliseconds] = 10_000
"""A room's row, and those of all its members, are written for the first message in each such span. The lists look at
the last messages of the rooms that this leaves open."""


class RoomRow(Projection, frozen=True, kw_only=True):
    """Where a room stands in lists, but for its messages of less than ``LISTED_EVERY`` after ``active_at``."""

    realm: str
    serial: int | None
    shelf: str | None
    active_at: Instant
    messages: int


class MemberRow(Projection, frozen=True, kw_only=True):
    """Somebody is a member, or is one no more."""

    account: str
    id: str
    at: Instant
    present: bool


class IssueRow(Projection, frozen=True, kw_only=True):
    """An issue as lists, the queue and the statistics see it."""

    id: str
    app: str
    client: str
    opened_at: Instant
    answered_at: Instant | None
    closed_at: Instant | None
    closed_by: str | None
    tags: tuple[str, ...]
    first_sequence: int | None
    last_sequence: int | None
    """Not kept up while the issue is open: until then the room's last message is its own."""


class QuestionRow(Projection, frozen=True, kw_only=True):
    """The text with which an issue was opened: to be found by similar ones."""

    issue: str
    app: str
    text: str


class TagRow(Projection, frozen=True, kw_only=True):
    """An app knows this tag from now on."""

    app: str
    tag: str


def message(event: Event) -> MessageColumns | None:
    """What of a message stands in columns of its own; None: the event is no message."""
    if not isinstance(event, MessagePosted):
        return None
    return MessageColumns(
        id=event.id, number=event.number, sender=event.sender, serial=event.serial
    )


def projections(before: Room | None, event: Any, after: Room) -> tuple[Projection, ...]:
    """The rows that change with ``event``."""
    rows: list[Projection] = []
    if isinstance(event, RoomOpened) or (
        isinstance(event, MessagePosted) and _begins_span(before, after)
    ):
        rows.append(_room(after))
    if isinstance(event, RoomOpened):
        rows += [_member(member, event.at) for member in event.people]
    elif isinstance(event, MemberAdded):
        rows.append(_member(event.member, event.at))
    elif isinstance(event, MemberRemoved):
        rows.append(_gone(event.account, event.at))
    elif isinstance(event, TagAdded):
        rows.append(TagRow(place=f"tag/{event.tag}", app=after.app, tag=event.tag))
    if isinstance(event, ISSUE_EVENTS) and _changes_issue(before, event, after):
        rows.append(_issue(after))
    if isinstance(event, MessagePosted) and event.opens and event.issue and event.text:
        place = f"question/{event.issue}"
        rows.append(QuestionRow(place=place, issue=event.issue, app=after.app, text=event.text))
    return tuple(rows)


ISSUE_EVENTS = (IssueOpened, IssueAnswered, IssueClosed, MessagePosted, TagAdded, TagRemoved)
"""The events that may change an issue."""


def _begins_span(before: Room | None, after: Room) -> bool:
    return before is None or before.active_at // LISTED_EVERY != after.active_at // LISTED_EVERY


def _room(room: Room) -> RoomRow:
    return RoomRow(
        place="room",
        realm=room.realm,
        serial=room.serial,
        shelf=room.shelf,
        active_at=room.active_at,
        messages=room.messages,
    )


def _member(member: Member, at: Instant) -> MemberRow:
    return MemberRow(
        place=f"member/{member.account}", account=member.account, id=member.id, at=at, present=True
    )


def _gone(account: str, at: Instant) -> MemberRow:
    return MemberRow(place=f"member/{account}", account=account, id="", at=at, present=False)


def _changes_issue(before: Room | None, event: Event, after: Room) -> bool:
    """Whether more of the issue changed than its last message: as long as it is open, that is the room's."""
    if before is None or before.issue is None or after.issue is None:
        return before is None or before.issue is not after.issue
    if isinstance(event, MessagePosted):
        return before.issue.first_message is not after.issue.first_message
    return before.issue != after.issue


def _issue(room: Room) -> IssueRow:
    issue = room.issue
    assert issue is not None, "an issue changed"
    first, last = issue.first_message, issue.last_message
    return IssueRow(
        place=f"issue/{issue.id}",
        id=issue.id,
        app=room.app,
        client=room.client or "",
        opened_at=issue.opened_at,
        answered_at=issue.answered_at,
        closed_at=issue.closed_at,
        closed_by=issue.closed_by,
        tags=issue.tags,
        first_sequence=None if first is None else first.sequence,
        last_sequence=None if last is None else last.sequence,
    )
