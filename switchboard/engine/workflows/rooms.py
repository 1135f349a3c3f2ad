"""Rooms as dialects use them: one interface for support rooms, conversations, widget rooms and the chats of sessions.

A dialect needs four objects, all of them in ``Services``:

- ``rooms`` (``RoomDesk``, here): everything that changes a room, and who may be in it;
- ``messages`` (``workflows/messages.py``): reading what was said;
- ``room_lists`` (``workflows/room_lists.py``): rooms with unread counts, last messages and members;
- ``issues`` (``workflows/issues.py``): the queue, statistics, answers from history.

How the five of them use it (what is asked for stands in ``workflows/room_requests.py``)::

    # company: the conversation of two people, numbered; the same one again whoever asks
    room, made = await rooms.open(pair("company", me, other, numbered=True), by=me)
    posted = await rooms.post(room, NewMessage(sender=me, role="party", text=text, numbered=True), key=key)

    # ally: a client's support room, made with its registration
    room, _ = await rooms.open(support("ally", app, client), by=client)
    posted = await rooms.post(room, NewMessage(sender=client, role="client", text=text, client_id=...))
    room = await rooms.take(room.id, operator)           # RoomHeld(holder): 409
    room = await rooms.free(room.id, operator, admin=False, closes=True)

    # dropin, auto: the chat of a gig or stream, made with its first message; who may write is the session's to say
    room, _ = await rooms.open(chat("gig", gig.id), by=me)

The engine decides nothing by role names of a dialect: ``role`` says as whom somebody writes ('client', 'staff' or
'party'). Whether the caller may do so is the dialect's to check, with ``admits`` for members. Everything returned is
committed. What a room does is told on its topic ``room/<id>`` (each event, numbered by the room's version, messages
whole), and as a ``RoomNotice`` on ``account/<id>`` of the people of a support room or pair, on ``desk/<app>``, and on
``chat/<session>`` of a gig or stream.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import msgspec

from switchboard.engine.clock import Milliseconds
from switchboard.engine.engine import Engine
from switchboard.engine.errors import NotAllowed, NotFound, RoomExists, Unavailable
from switchboard.engine.ids import is_id
from switchboard.engine.queries.rooms import ReadMarker
from switchboard.engine.runtime.letter import Key
from switchboard.engine.sessions.kind import Address, Command
from switchboard.engine.sessions.room import (
    HELD_BY,
    HOLDER_TIMEOUT,
    AddMember,
    AddTag,
    CloseRoom,
    FreeRoom,
    Head,
    HearHolder,
    Member,
    OpenRoom,
    PostMessage,
    RemoveMember,
    RemoveTag,
    Room,
    RoomPurpose,
    TakeRoom,
    echo_of,
    same_room,
)
from switchboard.engine.workflows.messages import Message, MessageReader
from switchboard.engine.workflows.postings import Posting
from switchboard.engine.workflows.room_requests import NewMessage, NewRoom, Posted
from switchboard.engine.workflows.serial_numbers import SerialNumbers

BY_DESK = "system:desk"

OPENINGS_MOST = 5
"""The room that was in the way may be closed before it is read; so often in a row only if somebody means it."""

NUMBERED_MOST = 20_000
"""Numbers of rooms kept: 0.2 kB each."""

HELD_MOST = 1000
"""Rooms of one operator that are freed or kept at once: more than anybody could answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RoomSettings:
    """What a deployment may say about rooms."""

    holder_timeout: Milliseconds = HOLDER_TIMEOUT


class RoomDesk:
    """Opens rooms and gives them commands. Every method may raise Unavailable; nothing has changed then, but for
    CommitUnknown."""

    def __init__(
        self,
        engine: Engine,
        messages: MessageReader,
        serials: SerialNumbers,
        settings: RoomSettings | None = None,
    ) -> None:
        self._engine = engine
        self._rooms = engine.store.rooms
        self._messages = messages
        self._serials = serials
        self._settings = settings or RoomSettings()
        self._numbered: OrderedDict[tuple[str, int], str] = OrderedDict()
        """(realm, number) -> id of rooms that were asked for by their numbers, the first of them first."""

    @property
    def holder_timeout(self) -> Milliseconds:
        """After so long without a sign of its holder a room that is opened now is free again."""
        return self._settings.holder_timeout

    # -- finding ------------------------------------------------------------------------------------------------

    async def get(self, id: str) -> Room:
        """That room, active or not. Raises: NotFound, for a malformed id too."""
        room = await self._engine.read(Address("room", id)) if is_id(id) else None
        if not isinstance(room, Room):
            raise NotFound("room")
        return room

    async def by_serial(self, realm: str, serial: int) -> Room:
        """The room with that number of its realm. Raises: NotFound."""
        id = self._numbered.get((realm, serial))
        if id is None:
            id = await self._rooms.by_serial(realm, serial)
            if id is None:
                raise NotFound("room")
            # A room keeps its number for good, and no other gets it.
            self._numbered[realm, serial] = id
            if len(self._numbered) > NUMBERED_MOST:
                self._numbered.popitem(last=False)
        return await self.get(id)

    async def find(self, realm: str, purpose: RoomPurpose, key: str) -> Room | None:
        """The active room with that key."""
        claim = same_room(realm, purpose, key)
        held = await self._engine.store.sessions.claims([claim.scope], [claim.key])
        return await self.get(held[claim]) if claim in held else None

    async def admits(self, room: Room, account: str) -> bool:
        """Whether the account is a member of the room."""
        for one in room.people:
            if one.account == account:
                return True
        return await self._rooms.membership(room.id, account) is not None

    async def only_member(self, room: Room, account: str) -> None:
        """Raises: NotAllowed, for everybody but the room's members."""
        if not await self.admits(room, account):
            raise NotAllowed("you are no member of the room")

    # -- opening and closing ------------------------------------------------------------------------------------

    async def open(
        self, new: NewRoom, *, by: str, caused_by: str | None = None
    ) -> tuple[Room, bool]:
        """The active room with that key, and whether it was made now. Two at once make one room.

        Raises: RoomExists, if others open and close it all the time.
        """
        for left in reversed(range(OPENINGS_MOST)):
            found = await self.find(new.realm, new.purpose, new.key)
            if found is not None and found.phase == "active":
                return found, False
            try:
                return await self._make(new, by, caused_by), True
            except RoomExists:
                # Somebody was quicker: now it is found.
                if not left:
                    raise
        raise AssertionError("the last try returns or raises")

    async def _make(self, new: NewRoom, by: str, caused_by: str | None) -> Room:
        serial = await self._serials.one(f"{new.realm}/room") if new.numbered else None
        id = self._id()
        command = OpenRoom(
            id=id,
            realm=new.realm,
            app=new.app,
            purpose=new.purpose,
            key=new.key,
            people=tuple(Member(account=one, id=self._id()) for one in new.people),
            serial=serial,
            shelf=new.shelf,
            details=new.details,
            holder_timeout=self._settings.holder_timeout,
        )
        return await self._ask(id, command, by, caused_by=caused_by, fresh=True)

    async def close(self, room: str, *, by: str, caused_by: str | None = None) -> Room:
        """The room turns inactive for good; repeated: the same room. Raises: NotFound."""
        return await self._ask(room, CloseRoom(), by, caused_by=caused_by)

    # -- writing and reading ------------------------------------------------------------------------------------

    async def post(
        self, room: Room, new: NewMessage, *, key: Key | None = None, caused_by: str | None = None
    ) -> Posted:
        """Stores a message, once.

        Args:
            room: as it was found, for who may write was looked up in it; it may have changed since.
            key: the request's own idempotency key; without one ``new.client_id`` serves as such.

        Raises: NotFound; NotAllowedInPhase: the room is inactive; Invalid: nothing in it; KeyReused.
        """
        posting = await self.begin_post(room, new, key=key, caused_by=caused_by)
        return await posting.stored()

    def backlog(self, room: str) -> int:
        """How many commands wait for the room: a turn's worth (``Capacity.turn``) is as much as the next commit takes;
        whoever can wait should do so before its mailbox is full for everybody."""
        return self._engine.backlog(Address("room", room))

    async def begin_post(
        self, room: Room, new: NewMessage, *, key: Key | None = None, caused_by: str | None = None
    ) -> Posting:
        """Hands a message to its room, behind those that were handed to it before; ``post`` waits for the end of it."""
        serial = None
        if new.numbered:
            serial = await self._serials.one_of_many(f"{room.realm}/message")
        command = PostMessage(
            id=new.id or self._id(),
            sender=new.sender,
            role=new.role,
            text=new.text,
            file=new.file,
            attributes=new.attributes,
            client_id=new.client_id,
            serial=serial,
            verified=new.verified,
            issue_id=self._id(),
            via=new.via,
            echo_window=new.echo_window,
        )
        key = key or _client_key(room, new)
        address = Address("room", room.id)
        letter = self._engine.post(address, command, by=new.sender, key=key, caused_by=caused_by)
        return Posting(self, letter, command)

    async def stored(self, room: Room, command: PostMessage) -> Message:
        """The message that the command became, or repeats. (An echo is recognised whatever time it is by now: 0.)"""
        head = room.last_message
        assert head is not None, "a room that took a message has one"
        if head.id == command.id:
            return _message(room.id, head, command)
        return await self._messages.of_head(room.id, echo_of(room, command, 0) or head)

    async def mark_read(self, reader: str, message: Message) -> ReadMarker:
        """The reader has read the room up to that message; the marker that stands, which may be a later one."""
        return await self._rooms.mark(
            ReadMarker(
                room=message.room,
                reader=reader,
                sequence=message.sequence,
                number=message.number,
                message=message.id,
                at=self._engine.clock.now(),
            )
        )

    async def mark_all_read(self, reader: str, room: Room) -> None:
        """The reader has read all that the room has."""
        if room.last_message is not None:
            await self.mark_read(reader, await self._messages.of_head(room.id, room.last_message))

    # -- the desk -----------------------------------------------------------------------------------------------

    async def take(self, room: str, operator: str, *, caused_by: str | None = None) -> Room:
        """The operator holds the room. Raises: RoomHeld, NotFound, NotAllowed, NotAllowedInPhase."""
        return await self._ask(room, TakeRoom(operator=operator), operator, caused_by=caused_by)

    async def free(
        self,
        room: str,
        operator: str,
        *,
        admin: bool = False,
        closes: bool = True,
        caused_by: str | None = None,
    ) -> Room:
        """Nobody holds the room, and its open issue is closed unless it is handed over. Raises: RoomHeld, NotFound."""
        command = FreeRoom(operator=operator, admin=admin, closes=closes)
        return await self._ask(room, command, operator, caused_by=caused_by)

    async def hear(self, operator: str) -> None:
        """The operator is connected: goes on holding its rooms. Volatile; to be called now and then, at least three
        times in a ``holder_timeout``.

        Raises: Unavailable, once each room was tried: one that is in trouble must not cost the operator the others.
        """
        failed = None
        for id in await self._held(operator):
            try:
                await self._ask(id, HearHolder(operator=operator), operator)
            except Unavailable as error:
                failed = error
        if failed is not None:
            raise failed

    async def free_all(self, operator: str, *, caused_by: str | None = None) -> None:
        """The operator is no more: its rooms are free, their issues stay open."""
        for id in await self._held(operator):
            command = FreeRoom(operator=operator, closes=False)
            await self._ask(id, command, BY_DESK, caused_by=caused_by)

    async def _held(self, operator: str) -> list[str]:
        sessions = self._engine.store.sessions
        held = await sessions.listed(HELD_BY, operator, None, 0, HELD_MOST)
        return [header.address.id for header in held]

    async def add_tag(self, room: str, tag: str, *, by: str, caused_by: str | None = None) -> Room:
        """The tag joins the room and its open issue. Raises: Invalid, NotFound, NotAllowedInPhase."""
        return await self._ask(room, AddTag(tag=tag), by, caused_by=caused_by)

    async def remove_tag(
        self, room: str, tag: str, *, by: str, caused_by: str | None = None
    ) -> Room:
        """The tag leaves the room and its open issue. Raises: NotFound, NotAllowedInPhase."""
        return await self._ask(room, RemoveTag(tag=tag), by, caused_by=caused_by)

    # -- members ------------------------------------------------------------------------------------------------

    async def add_member(
        self, room: str, account: str, *, by: str, caused_by: str | None = None
    ) -> Room:
        """The account belongs to the room. Raises: NotFound, NotAllowedInPhase."""
        found = await self.get(room)
        if await self.admits(found, account):
            return found
        member = Member(account=account, id=self._id())
        return await self._ask(room, AddMember(member=member), by, caused_by=caused_by)

    async def remove_member(
        self, room: str, account: str, *, by: str, caused_by: str | None = None
    ) -> Room:
        """The account belongs to the room no more. Raises: NotFound, NotAllowedInPhase, Conflict."""
        found = await self.get(room)
        if not await self.admits(found, account):
            return found
        return await self._ask(room, RemoveMember(account=account), by, caused_by=caused_by)

    # -- asking -------------------------------------------------------------------------------------------------

    def _id(self) -> str:
        return self._engine.ids.new(self._engine.clock.now())

    async def _ask(self, room: str, command: Command, by: str, **how: Any) -> Room:
        if not is_id(room):
            raise NotFound("room")
        state = await self._engine.ask(Address("room", room), command, by=by, **how)
        assert isinstance(state, Room)
        return state


def _client_key(room: Room, new: NewMessage) -> Key | None:
    """A client's own id of a message as an idempotency key: the same id with another content is refused."""
    if new.client_id is None:
        return None
    content = msgspec.json.encode((new.text, new.file, new.attributes))
    key = f"{room.realm}/{new.sender}/message/{room.id}/{new.client_id}"
    return Key(key, hashlib.sha256(content).digest())


def _message(room: str, head: Head, command: PostMessage) -> Message:
    """What was stored just now, without reading it back."""
    return Message(
        room=room,
        id=head.id,
        sequence=head.sequence,
        number=head.number,
        serial=head.serial,
        at=head.at,
        sender=head.sender,
        role=command.role,
        text=command.text,
        file=command.file,
        attributes=command.attributes,
        client_id=command.client_id,
        verified=command.verified,
        issue=head.issue,
    )
