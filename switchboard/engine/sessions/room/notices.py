"""Whom a room's event concerns beside those who listen to the room itself (its topic has every event).

Source: contracts/ally.md ('the desk is told') and contracts/realtime.md.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from switchboard.engine.sessions.kind import Notice
from switchboard.engine.sessions.room.events import (
    HolderTimedOut,
    IssueAnswered,
    IssueClosed,
    IssueOpened,
    MessagePosted,
    RoomFreed,
    RoomOpened,
    RoomTaken,
)
from switchboard.engine.sessions.room.state import Issue, Room


class RoomNotice(msgspec.Struct, frozen=True, kw_only=True):
    """Something has happened in a room. A message is named and not repeated: its text is a row, which may be erased."""

    room: str
    what: Literal["opened", "message", "holder", "issue"]
    sequence: int | None = None
    """Of the message."""
    message: str | None = None
    sender: str | None = None
    holder: str | None = None
    issue: Issue | None = None


def desk(app: str) -> str:
    """The topic of an app's desk: what all its operators are told."""
    return f"desk/{app}"


def chat_of(session: str) -> str:
    """The topic of a gig's or stream's chat, which can be listened to before anybody has written."""
    return f"chat/{session}"


def notices(_before: Room | None, event: Any, after: Room) -> tuple[Notice, ...]:
    """Who hears of it: the people whom the room was opened for, the desk of a support room, a session's parties."""
    told = _notice(event, after)
    if told is None:
        return ()
    return tuple(Notice(topic, "room", told) for topic in topics_of(after))


def topics_of(room: Room) -> tuple[str, ...]:
    """Where it is told what happens in the room, beside its own topic."""
    topics = [f"account/{one.account}" for one in room.people if room.purpose in PERSONAL]
    if room.purpose == "support":
        topics.append(desk(room.app))
    elif room.purpose in ("gig", "stream"):
        topics.append(chat_of(room.key))
    return tuple(topics)


PERSONAL = frozenset({"support", "pair"})
"""The purposes whose people listen to their own topics: a widget's visitor has none, a gig's parties hear its chat."""


def _notice(event: Any, room: Room) -> RoomNotice | None:
    match event:
        case RoomOpened():
            return RoomNotice(room=room.id, what="opened")
        case MessagePosted():
            return RoomNotice(
                room=room.id,
                what="message",
                sequence=event.sequence,
                message=event.id,
                sender=event.sender,
            )
        case RoomTaken() | RoomFreed() | HolderTimedOut():
            return RoomNotice(room=room.id, what="holder", holder=room.holder)
        case IssueOpened() | IssueAnswered() | IssueClosed():
            return RoomNotice(room=room.id, what="issue", issue=room.issue)
        case _:
            return None
