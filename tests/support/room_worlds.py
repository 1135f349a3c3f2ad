"""An engine of rooms over the memory store, and what dialects use of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from engines import World

from switchboard.engine.engine import Engine
from switchboard.engine.sessions.room import ROOM, Room
from switchboard.engine.workflows.issues import IssueDesk
from switchboard.engine.workflows.messages import Message, MessageReader
from switchboard.engine.workflows.recent_messages import RecentMessages
from switchboard.engine.workflows.room_lists import RoomLists
from switchboard.engine.workflows.room_requests import NewMessage, support
from switchboard.engine.workflows.rooms import RoomDesk
from switchboard.engine.workflows.serial_numbers import SerialNumbers

APP = "sensetest"


@dataclass(frozen=True)
class RoomWorld:
    """The four objects that a dialect has, and the engine behind them."""

    world: World
    engine: Engine
    desk: RoomDesk
    messages: MessageReader
    lists: RoomLists
    issues: IssueDesk

    async def support(self, client: str, app: str = APP) -> Room:
        """A client's support room."""
        room, _ = await self.desk.open(support("ally", app, client), by=client)
        return room

    async def ask(self, room: Room, text: str) -> Message:
        """The client of a support room writes."""
        assert room.client is not None
        new = NewMessage(sender=room.client, role="client", text=text)
        return (await self.desk.post(room, new)).message

    async def answer(self, room: Room, operator: str, text: str) -> Message:
        """An operator writes."""
        new = NewMessage(sender=operator, role="staff", text=text)
        return (await self.desk.post(room, new)).message

    async def now(self, room: Room) -> Room:
        """The room as it is."""
        return await self.desk.get(room.id)


@asynccontextmanager
async def room_world(world: World | None = None) -> AsyncIterator[RoomWorld]:
    """A running engine; with the same ``world`` again it is the one after a restart."""
    world = World((ROOM,)) if world is None else world
    async with world.engine() as engine:
        messages = MessageReader(engine.store.messages, RecentMessages(engine))
        serials = SerialNumbers(engine.store.serials)
        yield RoomWorld(
            world=world,
            engine=engine,
            desk=RoomDesk(engine, messages, serials),
            messages=messages,
            lists=RoomLists(engine.store.rooms, engine.store.sessions, messages),
            issues=IssueDesk(engine, messages),
        )
