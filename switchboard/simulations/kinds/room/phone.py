"""What people of rooms can ask: everything goes through the desk, as the dialects do it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

import trio

from switchboard.engine.engine import Engine
from switchboard.engine.queries.rooms import ReadMarker
from switchboard.engine.sessions import Address, Command
from switchboard.engine.sessions.room import (
    ROOM,
    AddMember,
    AddTag,
    CloseRoom,
    FreeRoom,
    HearHolder,
    Member,
    OpenRoom,
    PostMessage,
    RemoveMember,
    RemoveTag,
    Role,
    Room,
    TakeRoom,
)
from switchboard.engine.workflows.messages import Message, MessageReader
from switchboard.engine.workflows.recent_messages import RecentMessages
from switchboard.engine.workflows.room_requests import NewMessage, NewRoom
from switchboard.engine.workflows.rooms import RoomDesk, RoomSettings
from switchboard.engine.workflows.serial_numbers import SerialNumbers
from switchboard.simulations.calls import Answer, Life, Phone, Request
from switchboard.simulations.checkers.names import EFFECT, MARKERS
from switchboard.simulations.trace import Violation

if TYPE_CHECKING:
    from switchboard.simulations.world import World

WORDS = ("hello", "where?", "yes", "no", "thanks")


class Desk:
    """An engine's rooms."""

    def __init__(self, engine: Engine, holder_timeout: int) -> None:
        store = engine.store
        self.messages = MessageReader(store.messages, RecentMessages(engine))
        settings = RoomSettings(holder_timeout=holder_timeout)
        self.rooms = RoomDesk(engine, self.messages, SerialNumbers(store.serials), settings)

    async def open(self) -> None:
        """See ``Workflow``: it remembers nothing."""


def desk(life: Life) -> Desk:
    """That engine's."""
    return cast(Desk, life.workflows[ROOM.name])


def address(room: str) -> Address:
    """The room's session."""
    return Address(ROOM.name, room)


def rooms_known(world: World) -> Sequence[Address]:
    """Every room that was ever opened, in their order."""
    return [one.address for one in world.judge.shadows.all() if one.address.kind == ROOM.name]


class RoomPhone(Phone):
    """One person's connection."""

    async def open(self, new: NewRoom) -> Answer:
        """The active room with that key, made if there is none."""
        command = OpenRoom(id="", realm=new.realm, purpose=new.purpose, key=new.key)

        async def operation(life: Life, caused_by: str) -> Any:
            room, _ = await desk(life).rooms.open(new, by=self.account, caused_by=caused_by)
            return room

        return await self.persist(
            Request(
                address=address(""),
                command=command,
                operation=operation,
                found=lambda room: address(room.id),
            )
        )

    async def look_at(self, room: str) -> Room | None:
        """The room as it is; None if the engine does not say."""
        state = await self.look(address(room))
        return state if isinstance(state, Room) else None

    # -- writing and reading ------------------------------------------------------------------------------------

    async def post(self, room: Room, role: Role, *, numbered: bool = False) -> Answer:
        """Says something; a client with ids of its own repeats it under the same one, and it is stored once."""
        number = f"{self._chance.getrandbits(64):016x}"
        new = NewMessage(
            sender=self.account,
            role=role,
            text=f"{self._chance.choice(WORDS)} {number}",
            client_id=number if self._keyed else None,
            numbered=numbered,
        )
        command = PostMessage(id=number, sender=self.account, role=role, text=new.text)

        async def operation(life: Life, caused_by: str) -> Any:
            posted = await desk(life).rooms.post(room, new, caused_by=caused_by)
            said = posted.message
            if (said.text, said.sender, said.room) != (new.text, self.account, room.id):
                seen = f"{new.text!r} was answered with {said!r}"
                self.world.judge.fail(Violation(EFFECT, seen, [address(room.id)]))
            return posted.room

        return await self._ask(room.id, command, operation, keyed=self._keyed)

    async def mark(self, message: Message) -> None:
        """Says once how far it has read."""

        async def operation(life: Life, _caused_by: str) -> Any:
            stands: ReadMarker = await desk(life).rooms.mark_read(self.account, message)
            if stands.sequence < message.sequence:
                seen = f"{self.account} read {message.sequence} and is at {stands.sequence}"
                self.world.judge.fail(Violation(MARKERS, seen, [address(message.room)]))

        await self.once(
            Request(address=address(message.room), command=None, operation=operation, judged=False)
        )

    # -- the desk -----------------------------------------------------------------------------------------------

    async def take(self, room: str) -> Answer:
        """Holds the room from now on."""

        async def operation(life: Life, caused_by: str) -> Any:
            return await desk(life).rooms.take(room, self.account, caused_by=caused_by)

        return await self._ask(room, TakeRoom(operator=self.account), operation)

    async def free(self, room: str, *, closes: bool) -> Answer:
        """Holds it no more."""

        async def operation(life: Life, caused_by: str) -> Any:
            rooms = desk(life).rooms
            return await rooms.free(room, self.account, closes=closes, caused_by=caused_by)

        return await self._ask(room, FreeRoom(operator=self.account), operation)

    async def hear(self, holds: str | None) -> None:
        """Its connection is there, said once. ``holds``: what it knows to hold."""
        began = trio.current_time()

        async def operation(life: Life, _caused_by: str) -> Any:
            await desk(life).rooms.hear(self.account)
            # A sign that was given to an engine that was taken over is no promise of the one that runs.
            if holds is not None and not life.retired and not life.frozen:
                self.world.judge.timers.sign(address(holds), self.account, began)

        await self.once(
            Request(
                address=address(holds or ""),
                command=HearHolder(operator=self.account),
                operation=operation,
                judged=False,
            )
        )

    async def tag(self, room: str, tag: str, *, adds: bool) -> Answer:
        """Adds or removes a tag."""

        async def operation(life: Life, caused_by: str) -> Any:
            rooms = desk(life).rooms
            change = rooms.add_tag if adds else rooms.remove_tag
            return await change(room, tag, by=self.account, caused_by=caused_by)

        command: Command = AddTag(tag=tag) if adds else RemoveTag(tag=tag)
        return await self._ask(room, command, operation)

    async def close(self, room: str) -> Answer:
        """Makes it inactive for good."""

        async def operation(life: Life, caused_by: str) -> Any:
            return await desk(life).rooms.close(room, by=self.account, caused_by=caused_by)

        return await self._ask(room, CloseRoom(), operation)

    async def member(self, room: str, account: str, *, joins: bool) -> Answer:
        """Lets somebody in or out."""

        async def operation(life: Life, caused_by: str) -> Any:
            rooms = desk(life).rooms
            change = rooms.add_member if joins else rooms.remove_member
            return await change(room, account, by=self.account, caused_by=caused_by)

        command: Command = RemoveMember(account=account)
        if joins:
            command = AddMember(member=Member(account=account, id=""))
        return await self._ask(room, command, operation)

    async def _ask(
        self,
        room: str,
        command: Command,
        operation: Callable[[Life, str], Awaitable[Any]],
        *,
        keyed: bool = False,
    ) -> Answer:
        return await self.persist(
            Request(address=address(room), command=command, operation=operation, keyed=keyed)
        )
