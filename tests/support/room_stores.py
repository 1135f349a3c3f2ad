"""Writes rooms to a store as actors do, without actors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from session_stores import NOW, commit

from switchboard.engine.ports import Committed, Outcome, Sessions, Turn
from switchboard.engine.queries.messages import StoredMessage
from switchboard.engine.runtime.draft import Draft
from switchboard.engine.runtime.letter import Letter
from switchboard.engine.sessions import Codec
from switchboard.engine.sessions.kind import Address, Command
from switchboard.engine.sessions.room import (
    ROOM,
    Member,
    MessagePosted,
    OpenRoom,
    PostMessage,
    Role,
    Room,
    RoomPurpose,
)
from switchboard.engine.storing import Store

CODEC: Codec[Room] = Codec(ROOM)
APP = "sensetest"


class Writer:
    """One room of a store: each call is a turn of its own, at the instant ``now``."""

    def __init__(self, sessions: Sessions, id: str) -> None:
        self.sessions = sessions
        self.id = id
        self.state: Room | None = None
        self.version = 0
        self.now = NOW

    @property
    def room(self) -> Room:
        """The room, which exists."""
        assert self.state is not None
        return self.state

    def turn(self, *commands: Command, by: str = "somebody", snapshot_every: int = 64) -> Turn:
        """The turn that those commands make; nothing is written."""
        return self._draft(commands, by).turn(self.version, 0, snapshot_every)

    def _draft(self, commands: Sequence[Command], by: str) -> Draft:
        draft = Draft(
            ROOM,
            CODEC,
            Address("room", self.id),
            self.state,
            self.version,
            now=self.now,
            clock_now=self.now,
            turn_id=f"{self.id}/{self.version}",
            code_version="test",
            obstacles={},
        )
        for command in commands:
            draft.decide(Letter(command, by=by))
            refusal = draft.answers[-1][2]
            if refusal is not None:
                raise refusal
        return draft

    async def do(self, *commands: Command, **how: Any) -> Outcome:
        """Decides and commits them in one turn."""
        draft = self._draft(commands, how.pop("by", "somebody"))
        outcome = await commit(
            self.sessions, draft.turn(self.version, 0, **{"snapshot_every": 64} | how)
        )
        if isinstance(outcome, Committed):
            self.state, self.version = draft.state, draft.version
        return outcome

    async def open(
        self, *people: str, purpose: RoomPurpose = "support", at: int = NOW, **more: Any
    ) -> Room:
        """Makes the room."""
        self.now = at
        fields: dict[str, Any] = {"realm": "ally", "app": APP, "key": self.id} | more
        members = tuple(Member(account=one, id=f"{self.id}-{one}") for one in people)
        await self.do(OpenRoom(id=self.id, purpose=purpose, people=members, **fields))
        return self.room

    async def say(
        self, sender: str, text: str, *, role: Role = "client", at: int | None = None, **more: Any
    ) -> str:
        """Somebody writes; the message's id."""
        self.now = self.now + 1 if at is None else at
        id = f"{self.id}-message-{self.room.messages + 1}"
        await self.do(
            PostMessage(
                id=id,
                sender=sender,
                role=role,
                text=text,
                issue_id=f"{self.id}-issue-{self.room.issues + 1}",
                **more,
            )
        )
        return id


def message_of(stored: StoredMessage) -> MessagePosted:
    """The event behind a stored message."""
    event = CODEC.decode_event(stored.name, stored.format, stored.body)
    assert isinstance(event, MessagePosted)
    assert event.sequence == stored.sequence
    return event


def texts(found: Sequence[StoredMessage]) -> list[str | None]:
    """What they say."""
    return [message_of(one).text for one in found]


def room_of(summary: bytes) -> Room:
    """The room behind a list's summary."""
    return msgspec.json.decode(summary, type=Room)


def writers(store: Store, *ids: str) -> list[Writer]:
    """A writer for each of those rooms."""
    return [Writer(store.sessions, id) for id in ids]
