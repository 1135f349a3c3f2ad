"""What a room answers to a message.

Source: contracts/ally.md, 'The room and its issue'; contracts/auto.md, POST /chat/:streamId (the echo).
"""

from __future__ import annotations

from switchboard.engine.errors import Invalid, NotAllowedInPhase
from switchboard.engine.sessions.kind import Context, Event
from switchboard.engine.sessions.room.commands import PostMessage
from switchboard.engine.sessions.room.events import (
    IssueAnswered,
    IssueOpened,
    MessagePosted,
    RoomTaken,
)
from switchboard.engine.sessions.room.machine import digest_of
from switchboard.engine.sessions.room.state import Head, Room

Events = tuple[Event, ...]


def post(room: Room, command: PostMessage, context: Context) -> Events:
    """The message, after what it brings about: an issue opened or answered, the room taken.

    Raises: NotAllowedInPhase, Invalid.
    """
    if room.phase != "active":
        raise NotAllowedInPhase(room.phase)
    if not (command.text or command.file or command.attributes):
        raise Invalid({"message": "or file is required"})
    if echo_of(room, command, context.now) is not None:
        return ()
    before: Events = ()
    issue = None if room.open_issue is None else room.open_issue.id
    opens = False
    if room.purpose == "support" and command.role == "client" and issue is None:
        assert command.issue_id, "whoever asks has made an id"
        issue, opens = command.issue_id, True
        before = (IssueOpened(at=context.now, issue=issue),)
    elif room.purpose == "support" and command.role == "staff":
        before = _of_the_desk(room, command.sender, context)
    return (*before, _message(room, command, context, issue, opens, len(before)))


def _of_the_desk(room: Room, operator: str, context: Context) -> Events:
    """An operator who writes takes a free room and answers the open issue; in a room of another it does neither."""
    if room.holder not in (None, operator):
        return ()
    events: Events = ()
    if room.holder is None:
        events += (RoomTaken(at=context.now, operator=operator),)
    if room.asking == "open":
        events += (IssueAnswered(at=context.now),)
    return events


def _message(
    room: Room,
    command: PostMessage,
    context: Context,
    issue: str | None,
    opens: bool,
    place: int,
) -> MessagePosted:
    return MessagePosted(
        at=context.now,
        id=command.id,
        sequence=context.next_version + place,
        number=room.messages + 1,
        sender=command.sender,
        role=command.role,
        text=command.text,
        file=command.file,
        attributes=command.attributes,
        client_id=command.client_id,
        serial=command.serial,
        verified=command.verified,
        issue=issue,
        opens=opens,
        via=command.via,
        echoes_until=context.now + command.echo_window if command.echo_window else None,
    )


def echo_of(room: Room, command: PostMessage, now: int) -> Head | None:
    """The message that this one says again through another's hands, if there is one."""
    if not command.echo_window:
        return None
    digest = digest_of(command.sender, command.text)
    for recent in reversed(room.recent):
        fresh = now <= recent.head.at + command.echo_window
        if recent.digest == digest and recent.via != command.via and fresh:
            return recent.head
    return None
