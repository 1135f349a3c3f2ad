"""What is asked of ``RoomDesk``: a room to be opened, a message to be stored."""

from __future__ import annotations

import hashlib
from typing import Literal, NamedTuple

import msgspec

from switchboard.engine.clock import Milliseconds
from switchboard.engine.runtime.letter import Key
from switchboard.engine.sessions.room import Role, Room, RoomPurpose
from switchboard.engine.workflows.messages import Message


class NewRoom(msgspec.Struct, frozen=True, kw_only=True):
    """What a room is to be. Two with the same realm, purpose and key are the same room while it is active."""

    realm: str
    purpose: RoomPurpose
    key: str
    """<= 200 characters; made of ids, or a digest (``key_of``) of what a stranger wrote."""
    people: tuple[str, ...] = ()
    """At most two accounts, the first members; the first is the client of a support room."""
    app: str = ""
    shelf: str | None = None
    """The list in which it stands; <= 300 characters, see ``key_of``."""
    details: str | None = None
    """A JSON object as text, the dialect's own business."""
    numbered: bool = False
    """Whether it gets a serial of its realm."""


class NewMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody writes: a text, a file, or attributes."""

    sender: str
    role: Role
    text: str | None = None
    file: str | None = None
    attributes: str | None = None
    """A JSON object as text, the dialect's own business, <= 16 KiB."""
    client_id: str | None = None
    """The client's own id of it: repeated by the same sender in the same room within 24 hours it is stored once."""
    numbered: bool = False
    """Whether it gets a serial of its realm."""
    id: str | None = None
    """A fresh id that it gets, for who must know it before it is stored; else one is made."""
    verified: bool = True
    via: str = ""
    echo_window: Milliseconds = 0
    """See ``PostMessage``: auto's clients of both sides save what they received."""


class Posted(NamedTuple):
    """A message that is committed, and the room after it (after the first time, if this was a repeat)."""

    room: Room
    message: Message
    repeated: bool = False
    """Whether it had been stored before: nobody is told of it again."""


def support(realm: str, app: str, client: str) -> NewRoom:
    """A client's support room: one a client and app."""
    return NewRoom(realm=realm, purpose="support", key=f"{app}/{client}", people=(client,), app=app)


def pair(realm: str, one: str, other: str, *, app: str = "", numbered: bool = False) -> NewRoom:
    """The room of two people, whoever opens it: ``one`` is remembered as who did."""
    first, second = sorted((one, other))
    return NewRoom(
        realm=realm,
        purpose="pair",
        key=f"{app}/{first}/{second}",
        people=(one, other),
        app=app,
        numbered=numbered,
    )


def chat(purpose: Literal["gig", "stream"], session: str) -> NewRoom:
    """The chat of a gig or stream. Its parties are the session's: they may change, and are asked there."""
    return NewRoom(realm="people", purpose=purpose, key=session)


def key_of(*parts: str) -> str:
    """A key or shelf of what strangers wrote, of any length: the same parts, the same key."""
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


def client_key(room: Room, new: NewMessage) -> Key | None:
    """A client's own id of a message as an idempotency key: the same id with another content is refused."""
    if new.client_id is None:
        return None
    content = msgspec.json.encode((new.text, new.file, new.attributes))
    key = f"{room.realm}/{new.sender}/message/{room.id}/{new.client_id}"
    return Key(key, hashlib.sha256(content).digest())
