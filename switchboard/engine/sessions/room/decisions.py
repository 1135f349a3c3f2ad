"""What a room answers to each command: the events of one step, none for a repeat, or a refusal.

Source: contracts/ally.md, 'The room and its issue'; contracts/dowell.md, delete_room. Who is a member is a row and not
state, so that whoever asks has looked (``workflows/rooms.py``). What the contracts leave open is decided here:

- A room that is inactive takes nothing more; closing it frees it and closes its issue.
- Freeing a free room, taking one that one holds, closing a closed issue, adding a tag that is there: repeats.
- Closing an issue that is not the room's last one: it has been closed before, so a repeat.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from switchboard.engine.errors import (
    Conflict,
    Invalid,
    NotAllowed,
    NotAllowedInPhase,
    NotFound,
    RoomHeld,
)
from switchboard.engine.sessions.kind import Command, Context, Event
from switchboard.engine.sessions.room.commands import (
    AddMember,
    AddTag,
    CloseIssue,
    CloseRoom,
    FreeRoom,
    HearHolder,
    OpenRoom,
    PostMessage,
    ReachDeadline,
    RemoveMember,
    RemoveTag,
    TakeRoom,
)
from switchboard.engine.sessions.room.events import (
    HolderHeard,
    HolderTimedOut,
    IssueClosed,
    MemberAdded,
    MemberRemoved,
    RoomClosed,
    RoomFreed,
    RoomOpened,
    RoomTaken,
    TagAdded,
    TagRemoved,
)
from switchboard.engine.sessions.room.posting import Events, post
from switchboard.engine.sessions.room.state import TAG_LENGTH_MOST, TAGS_MOST, Room

REPEAT: Events = ()


def decide(room: Room | None, command: Any, context: Context) -> Events:
    """The events that answer the command; none if it repeats a step that was taken.

    Raises:
        NotFound: the room does not exist. NotAllowed: not in a room of this purpose. RoomHeld: another operator holds
        it. NotAllowedInPhase: the room is inactive. Conflict: another room has this id. Invalid: an empty message, a
        tag too many.
    """
    if isinstance(command, OpenRoom):
        return _open(room, command, context)
    if room is None:
        raise NotFound("room")
    return DECISIONS[type(command)](room, command, context)


def _open(room: Room | None, command: OpenRoom, context: Context) -> Events:
    if room is not None:
        if (room.realm, room.purpose, room.key) == (command.realm, command.purpose, command.key):
            return REPEAT
        raise Conflict("another room has this id")
    assert len(command.people) <= 2, "the state is bounded: later members are added"
    return (
        RoomOpened(
            at=context.now,
            id=command.id,
            realm=command.realm,
            app=command.app,
            purpose=command.purpose,
            key=command.key,
            people=command.people,
            serial=command.serial,
            shelf=command.shelf,
            details=command.details,
            holder_timeout=command.holder_timeout,
        ),
    )


def _only_active(room: Room) -> None:
    if room.phase != "active":
        raise NotAllowedInPhase(room.phase)


def _only_support(room: Room) -> None:
    if room.purpose != "support":
        raise NotAllowed("only a support room has a holder and issues")


def _take(room: Room, command: TakeRoom, context: Context) -> Events:
    _only_support(room)
    _only_active(room)
    if room.holder is None:
        return (RoomTaken(at=context.now, operator=command.operator),)
    if room.holder != command.operator:
        raise RoomHeld(room.holder)
    return _heard(room, command.operator, context)


def _heard(room: Room, operator: str, context: Context) -> Events:
    return (HolderHeard(at=context.now),) if room.holder == operator else REPEAT


def _free(room: Room, command: FreeRoom, context: Context) -> Events:
    _only_support(room)
    if room.holder is None:
        return REPEAT
    if room.holder != command.operator and not command.admin:
        raise RoomHeld(room.holder)
    freed = RoomFreed(at=context.now, by=command.operator)
    if command.closes and room.open_issue is not None:
        return IssueClosed(at=context.now, by=command.operator), freed
    return (freed,)


def _hear(room: Room, command: HearHolder, context: Context) -> Events:
    return _heard(room, command.operator, context)


def _close_issue(room: Room, command: CloseIssue, context: Context) -> Events:
    _only_support(room)
    issue = room.open_issue
    if issue is None or issue.id != command.issue:
        if room.issue is None:
            raise NotFound("issue")
        return REPEAT
    if room.holder not in (None, command.operator) and not command.admin:
        raise RoomHeld(room.holder)
    return (IssueClosed(at=context.now, by=command.operator),)


def _add_tag(room: Room, command: AddTag, context: Context) -> Events:
    _only_active(room)
    tag = command.tag.strip()
    if not tag or len(tag) > TAG_LENGTH_MOST:
        raise Invalid({"tag": f"must have 1 to {TAG_LENGTH_MOST} characters"})
    if tag in room.tags:
        return REPEAT
    if len(room.tags) >= TAGS_MOST:
        raise Invalid({"tag": f"is one too many: a room has at most {TAGS_MOST}"})
    return (TagAdded(at=context.now, tag=tag),)


def _remove_tag(room: Room, command: RemoveTag, context: Context) -> Events:
    _only_active(room)
    tag = command.tag.strip()
    return (TagRemoved(at=context.now, tag=tag),) if tag in room.tags else REPEAT


def _add_member(room: Room, command: AddMember, context: Context) -> Events:
    _only_active(room)
    return (MemberAdded(at=context.now, member=command.member),)


def _remove_member(room: Room, command: RemoveMember, context: Context) -> Events:
    _only_active(room)
    if room.opened_for(command.account):
        raise Conflict("the room was opened for this member")
    return (MemberRemoved(at=context.now, account=command.account),)


def _close(room: Room, _command: CloseRoom, context: Context) -> Events:
    return end(room, context)


def end(room: Room, context: Context) -> Events:
    """What makes a room inactive for good, its holder free and its issue closed; nothing if it is."""
    if room.phase != "active":
        return REPEAT
    events: Events = ()
    if room.open_issue is not None:
        events += (IssueClosed(at=context.now, by=context.by),)
    if room.holder is not None:
        events += (RoomFreed(at=context.now, by=context.by),)
    return (*events, RoomClosed(at=context.now, by=context.by))


def _reach_deadline(room: Room, command: ReachDeadline, context: Context) -> Events:
    if room.holder is None or context.now < room.holder_heard_at + room.holder_timeout:
        return REPEAT
    if command.due != room.holder_heard_at + room.holder_timeout:
        return REPEAT
    return (HolderTimedOut(at=context.now, operator=room.holder),)


DECISIONS: Mapping[type[Command], Callable[[Room, Any, Context], tuple[Event, ...]]] = {
    PostMessage: post,
    TakeRoom: _take,
    FreeRoom: _free,
    HearHolder: _hear,
    CloseIssue: _close_issue,
    AddTag: _add_tag,
    RemoveTag: _remove_tag,
    AddMember: _add_member,
    RemoveMember: _remove_member,
    CloseRoom: _close,
    ReachDeadline: _reach_deadline,
}
"""Every command that an existing room knows, beside a repeated ``OpenRoom``."""
