"""The room's state machine: one literal table a part, the fold of its events, its timer.

Source: contracts/ally.md, 'The room and its issue'; contracts/dowell.md, delete_room. Who may do what, and with which
events it is answered, is in ``decisions.py``; the diagrams in docs/sessions.md are generated from the tables.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from msgspec.structs import replace

from switchboard.engine.instants import Instant
from switchboard.engine.sessions.kind import Deadline, Event
from switchboard.engine.sessions.room.commands import ReachDeadline
from switchboard.engine.sessions.room.events import (
    HolderHeard,
    HolderTimedOut,
    IssueAnswered,
    IssueClosed,
    IssueOpened,
    MemberAdded,
    MemberRemoved,
    MessagePosted,
    RoomClosed,
    RoomFreed,
    RoomOpened,
    RoomTaken,
    TagAdded,
    TagRemoved,
)
from switchboard.engine.sessions.room.state import (
    RECENT_MOST,
    Head,
    Holding,
    Issue,
    IssuePhase,
    Recent,
    Room,
    RoomPhase,
)
from switchboard.engine.sessions.transitions import Transitions, next_phase

STANDING: Transitions[RoomPhase] = {
    None: {RoomOpened: "active"},
    "active": {
        MessagePosted: "active",
        TagAdded: "active",
        TagRemoved: "active",
        MemberAdded: "active",
        MemberRemoved: "active",
        RoomClosed: "inactive",
    },
    "inactive": {},
}
"""Whether the room takes messages."""

HOLDING: Transitions[Holding] = {
    None: {RoomOpened: "free"},
    "free": {RoomTaken: "held"},
    "held": {RoomFreed: "free", HolderTimedOut: "free", HolderHeard: "held"},
}
"""Whether an operator holds the room."""

ASKING: Transitions[IssuePhase] = {
    None: {RoomOpened: "none"},
    "none": {IssueOpened: "open"},
    "open": {IssueAnswered: "answered", IssueClosed: "closed"},
    "answered": {IssueClosed: "closed"},
    "closed": {IssueOpened: "open"},
}
"""How far the room's issue is."""

PARTS: Mapping[str, Transitions[Any]] = {"phase": STANDING, "holding": HOLDING, "asking": ASKING}
"""Field of ``Room`` -> its table. An event that a table does not place anywhere is none of that part's business."""

P = TypeVar("P", bound=str)


def evolve(room: Room | None, event: Any) -> Room:
    """The room after ``event``; reads nothing else. Raises: ImpossibleTransition."""
    if room is None:
        return _opened(event, next_phase(STANDING, None, event))
    phases = {
        part: next_phase(PARTS[part], getattr(room, part), event) for part in PLACED[type(event)]
    }
    changes = FOLDS[type(event)](room, event)
    if type(event) is HolderHeard:
        return replace(room, **phases, **changes)
    return replace(room, updated_at=event.at, **phases, **changes)


def _opened(event: RoomOpened, phase: RoomPhase) -> Room:
    return Room(
        id=event.id,
        phase=phase,
        holding=next_phase(HOLDING, None, event),
        asking=next_phase(ASKING, None, event),
        realm=event.realm,
        app=event.app,
        purpose=event.purpose,
        key=event.key,
        people=event.people,
        serial=event.serial,
        shelf=event.shelf,
        details=event.details,
        holder_timeout=event.holder_timeout,
        created_at=event.at,
        updated_at=event.at,
        active_at=event.at,
    )


Changes = dict[str, Any]
"""Field of ``Room`` -> its new value."""


def digest_of(sender: str, text: str | None) -> str:
    """What makes a message an echo of another."""
    return hashlib.sha256(f"{sender}\n{text}".encode()).hexdigest()


def _posted(room: Room, event: MessagePosted) -> Changes:
    head = Head(
        id=event.id,
        sequence=event.sequence,
        number=event.number,
        sender=event.sender,
        at=event.at,
        issue=event.issue,
        serial=event.serial,
    )
    changes: Changes = {
        "messages": event.number,
        "first_message": room.first_message or head,
        "last_message": head,
        "active_at": event.at,
    }
    if room.issue is not None and event.issue == room.issue.id:
        first = room.issue.first_message or head
        changes["issue"] = replace(room.issue, first_message=first, last_message=head)
    if event.sender == room.holder:
        changes["holder_heard_at"] = event.at
    if event.echoes_until is not None:
        recent = Recent(head=head, via=event.via, digest=digest_of(event.sender, event.text))
        changes["recent"] = (*room.recent[1 - RECENT_MOST :], recent)
    return changes


def _free(_room: Room, _event: Event) -> Changes:
    return {"holder": None, "held_since": None}


def _issue_opened(room: Room, event: IssueOpened) -> Changes:
    issue = Issue(id=event.issue, opened_at=event.at, tags=room.tags)
    return {"issue": issue, "issues": room.issues + 1}


def _of_issue(room: Room, **changes: Any) -> Changes:
    assert room.issue is not None, "the table has let this event pass"
    return {"issue": replace(room.issue, **changes)}


def _tagged(room: Room, event: TagAdded) -> Changes:
    changes: Changes = {"tags": (*room.tags, event.tag)}
    issue = room.open_issue
    if issue is not None and event.tag not in issue.tags:
        changes |= _of_issue(room, tags=(*issue.tags, event.tag))
    return changes


def _untagged(room: Room, event: TagRemoved) -> Changes:
    changes: Changes = {"tags": tuple(tag for tag in room.tags if tag != event.tag)}
    issue = room.open_issue
    if issue is not None:
        changes |= _of_issue(room, tags=tuple(tag for tag in issue.tags if tag != event.tag))
    return changes


FOLDS: Mapping[type[Event], Callable[[Room, Any], Changes]] = {
    MessagePosted: _posted,
    RoomTaken: lambda _, event: {
        "holder": event.operator,
        "held_since": event.at,
        "holder_heard_at": event.at,
    },
    RoomFreed: _free,
    HolderTimedOut: _free,
    HolderHeard: lambda room, event: {"holder_heard_at": max(room.holder_heard_at, event.at)},
    IssueOpened: _issue_opened,
    IssueAnswered: lambda room, event: _of_issue(room, answered_at=event.at),
    IssueClosed: lambda room, event: _of_issue(room, closed_at=event.at, closed_by=event.by),
    TagAdded: _tagged,
    TagRemoved: _untagged,
    # Members are rows; the state stays bounded.
    MemberAdded: lambda _room, _event: {},
    MemberRemoved: lambda _room, _event: {},
    RoomClosed: lambda _room, _event: {"recent": ()},
}
"""What each event changes beside the phases and ``updated_at``; a test holds it against the tables."""


EVENTS: tuple[type[Event], ...] = (RoomOpened, *FOLDS)

PLACED: Mapping[type[Event], tuple[str, ...]] = {
    event: tuple(
        part for part, table in PARTS.items() if any(event in row for row in table.values())
    )
    for event in EVENTS
}
"""Which parts an event is the business of."""


def deadline(room: Room) -> Deadline | None:
    """When the holder loses the room unless it is heard; a function of the state."""
    if room.holding != "held":
        return None
    due: Instant = room.holder_heard_at + room.holder_timeout
    return Deadline(due, ReachDeadline(due=due))


def revive(room: Room, ready_at: Instant) -> Room:
    """The holder's time counts from 'engine ready': nobody could be heard while it was down."""
    if room.holding != "held" or room.holder_heard_at >= ready_at:
        return room
    return replace(room, holder_heard_at=ready_at)
