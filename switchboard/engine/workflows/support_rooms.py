"""Who may see and do what in a support app's rooms, messages and issues.

Source: contracts/ally.md. What is another app's is not there for anybody.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias

from switchboard.engine.errors import Invalid, NotAllowed, NotFound
from switchboard.engine.queries.issues import IssueRecord
from switchboard.engine.queries.rooms import ReadMarker, Rooms
from switchboard.engine.records import Account
from switchboard.engine.runtime.letter import Key
from switchboard.engine.sessions.room import Role, Room
from switchboard.engine.workflows.issues import IssueDesk
from switchboard.engine.workflows.messages import Message, MessageReader
from switchboard.engine.workflows.postings import Posting
from switchboard.engine.workflows.room_requests import NewMessage, Posted, pair
from switchboard.engine.workflows.rooms import RoomDesk
from switchboard.engine.workflows.support_people import REALM, app_of, is_staff, only_staff

COMPANY_MOST = 1000
"""People with whom a client shares a room, all of whom a list may show."""

WhenRead: TypeAlias = Callable[[Room, ReadMarker, Any], Awaitable[None]]
"""Called with the room, how far somebody has read it now, and whoever it was that said so (see ``read``)."""


class SupportRooms:
    """Each method may raise Unavailable."""

    def __init__(
        self, desk: RoomDesk, rooms: Rooms, messages: MessageReader, issues: IssueDesk
    ) -> None:
        self._desk = desk
        self._rooms = rooms
        self._messages = messages
        self._issues = issues
        self._when_read: list[WhenRead] = []

    # -- rooms --------------------------------------------------------------------------------------------------

    async def of_app(self, account: Account, id: str) -> Room:
        """The room, if it is one of the account's app. Raises: NotFound."""
        room = await self._desk.get(id)
        if not _is_of_app(room, account):
            raise NotFound("room")
        return room

    async def seen(self, account: Account, id: str) -> Room:
        """The room, for its members and the desk. Raises: NotFound, NotAllowed."""
        room = await self.of_app(account, id)
        if not is_staff(account):
            await self._desk.only_member(room, account.id)
        return room

    async def between(self, account: Account, other: Account) -> Room:
        """The room of the two, found or made. Raises: NotAllowed with oneself."""
        if other.id == account.id:
            raise NotAllowed("a room needs two")
        new = pair(REALM, account.id, other.id, app=app_of(account))
        room, _ = await self._desk.open(new, by=account.id)
        return room

    async def take(self, operator: Account, id: str, *, caused_by: str | None = None) -> Room:
        """The operator holds the room. Raises: RoomHeld, NotFound, NotAllowed, NotAllowedInPhase."""
        only_staff(operator)
        await self.of_app(operator, id)
        return await self._desk.take(id, operator.id, caused_by=caused_by)

    async def free(
        self, operator: Account, id: str, *, closes: bool, caused_by: str | None = None
    ) -> Room:
        """Nobody holds the room; see ``RoomDesk.free``. Raises: RoomHeld, NotFound, NotAllowed."""
        only_staff(operator)
        await self.of_app(operator, id)
        return await self._desk.free(
            id, operator.id, admin=operator.admin, closes=closes, caused_by=caused_by
        )

    # -- messages -----------------------------------------------------------------------------------------------

    async def post(
        self,
        sender: Account,
        id: str,
        *,
        text: str | None,
        file: str | None = None,
        client_id: str | None = None,
        key: Key | None = None,
        caused_by: str | None = None,
    ) -> Posted:
        """Stores what a member, or somebody of the desk, writes.

        Raises: NotFound, NotAllowed, NotAllowedInPhase, Invalid, KeyReused.
        """
        posting = await self.begin_post(
            sender, id, text=text, file=file, client_id=client_id, key=key, caused_by=caused_by
        )
        return await posting.stored()

    async def begin_post(
        self,
        sender: Account,
        id: str,
        *,
        text: str | None,
        file: str | None = None,
        client_id: str | None = None,
        key: Key | None = None,
        caused_by: str | None = None,
    ) -> Posting:
        """Hands it to the room, behind those that were handed to it before; ``post`` waits for the end of it."""
        room = await self.of_app(sender, id)
        message = NewMessage(
            sender=sender.id,
            role=await self._role(sender, room),
            text=text,
            file=file,
            client_id=client_id,
        )
        return await self._desk.begin_post(room, message, key=key, caused_by=caused_by)

    def hand_in(
        self,
        sender: Account,
        id: str,
        *,
        text: str | None,
        file: str | None = None,
        client_id: str | None = None,
        caused_by: str | None = None,
        deadline: float | None = None,
    ) -> Posting | None:
        """``begin_post`` without waiting. None: for that something has to be looked up, or it would be refused;
        nothing was done then.

        Args:
            deadline: see ``Engine.post``.
        """
        room = self._desk.here(id)
        if room is None or not _is_of_app(room, sender):
            return None
        role = _role_at_hand(room, sender)
        if role is None:
            return None
        message = NewMessage(sender=sender.id, role=role, text=text, file=file, client_id=client_id)
        return self._desk.hand_in(room, message, caused_by=caused_by, deadline=deadline)

    async def _role(self, sender: Account, room: Room) -> Role:
        """As whom somebody writes. Raises: NotAllowed."""
        role = _role_at_hand(room, sender)
        if role is None:
            await self._desk.only_member(room, sender.id)
            role = _role_of_member(room)
        return role

    async def message(self, reader: Account, id: str) -> Message:
        """That message, for the members of its room and the desk. Raises: NotFound, NotAllowed."""
        message = await self._messages.get(id)
        if message is None:
            raise NotFound("message")
        try:
            await self.seen(reader, message.room)
        except NotFound:
            raise NotFound("message") from None
        return message

    async def messages(self, reader: Account, ids: Sequence[str]) -> list[Message]:
        """Those of them that the reader may see."""
        found = await self._messages.by_ids(ids)
        seen: dict[str, bool] = {}
        for room in dict.fromkeys(message.room for message in found):
            try:
                await self.seen(reader, room)
            except (NotFound, NotAllowed):
                seen[room] = False
            else:
                seen[room] = True
        return [message for message in found if seen[message.room]]

    def when_read(self, callback: WhenRead) -> None:
        """``callback`` is called after every marker that was set, and must neither fail nor wait for long. Volatile:
        a marker is a row, of which no topic tells."""
        self._when_read.append(callback)

    async def read(
        self, reader: Account, id: str, *, room: str | None = None, origin: Any = None
    ) -> None:
        """The reader, a member or the desk in a support room, has read up to that message.

        Args:
            room: the one that the message must be in, if said.
            origin: what it was said on, and so need not be told there.

        Raises: NotFound, NotAllowed; Invalid: another room's.
        """
        message = await self.message(reader, id)
        if room not in (None, message.room):
            raise Invalid({"message": "is no message of this room"})
        found = await self._desk.get(message.room)
        if not (found.purpose == "support" and is_staff(reader)):
            await self._desk.only_member(found, reader.id)
        marker = await self._desk.mark_read(reader.id, message)
        if marker.message == message.id:
            for callback in self._when_read:
                await callback(found, marker, origin)

    # -- issues -------------------------------------------------------------------------------------------------

    async def issue(self, reader: Account, id: str) -> IssueRecord:
        """The issue, for the desk and its client. Raises: NotFound, NotAllowed."""
        record = await self._issues.get(id)
        if record.app != app_of(reader):
            raise NotFound("issue")
        if not is_staff(reader) and record.client != reader.id:
            raise NotAllowed("it is another client's")
        return record

    # -- who is seen --------------------------------------------------------------------------------------------

    async def company(self, account: Account) -> Sequence[str]:
        """The accounts that share a room with this one, itself included."""
        return await self._rooms.company(account.id, COMPANY_MOST)


def _is_of_app(room: Room, account: Account) -> bool:
    return room.realm == REALM and room.app == app_of(account)


def _role_at_hand(room: Room, sender: Account) -> Role | None:
    """As whom somebody writes, as far as the room's state says so; None: members are to be looked up."""
    if room.purpose == "support" and is_staff(sender):
        return "staff"
    return _role_of_member(room) if room.opened_for(sender.id) else None


def _role_of_member(room: Room) -> Role:
    return "client" if room.purpose == "support" else "party"
