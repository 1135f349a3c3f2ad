"""Messages as dialects show them: ``MessageReader`` finds and decodes what rooms were told.

Who may read a room is asked before (``RoomDesk.admits``); nothing here looks at the caller. Every list is ascending.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from switchboard.engine.instants import Instant
from switchboard.engine.ports import JournalEntry
from switchboard.engine.queries.messages import Messages, Place, StoredMessage
from switchboard.engine.sessions.codec import Codec
from switchboard.engine.sessions.room import ROOM, Head, MessagePosted, Role, Room
from switchboard.engine.workflows.recent_messages import RecentMessages, stored_message


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message with all that was said."""

    room: str
    id: str
    sequence: int
    """Its version in the room's journal: ascending, with gaps where other things happened in the room."""
    number: int
    """Counts the room's messages from 1 without a gap."""
    serial: int | None
    """The number that a realm shows instead of the id."""
    at: Instant
    sender: str
    role: Role
    text: str | None
    file: str | None
    attributes: str | None
    """A JSON object as text, the dialect's own business."""
    client_id: str | None
    verified: bool
    """Whether the sender itself handed it in."""
    issue: str | None
    """The issue that was open then."""


class MessageReader:
    """Reads from the store, and what was committed a moment ago from memory; each method may raise StoreDown."""

    def __init__(self, messages: Messages, recent: RecentMessages | None = None) -> None:
        self._messages = messages
        self._recent = recent
        self._codec: Codec[Room] = Codec(ROOM)

    async def page(self, room: str, start: int | None, limit: int) -> list[Message]:
        """A page counted from the oldest message; without a start the newest ones."""
        if start is None:
            return await self.before(room, None, limit)
        return self._decoded(await self._messages.page(room, start, limit))

    async def before(self, room: str, sequence: int | None, limit: int) -> list[Message]:
        """The last ones before that sequence, or of all."""
        return self._decoded(await self._messages.before(room, sequence, limit))

    async def after(self, room: str, sequence: int, limit: int) -> list[Message]:
        """The first ones after that sequence."""
        return self._decoded(await self._messages.after(room, sequence, limit))

    async def following(self, places: Sequence[Place], limit: int) -> list[Message]:
        """``after`` for several places at once."""
        return self._decoded(await self._messages.following(places, limit))

    async def by_ids(self, ids: Sequence[str]) -> list[Message]:
        """Those that exist, in the order of the ids, whichever room they are in."""
        recent = [] if self._recent is None else [self._recent.by_id(id) for id in ids]
        found = {one.id: one for one in self._decoded([one for one in recent if one is not None])}
        wanted = [id for id in ids if id not in found]
        if wanted:
            found |= {one.id: one for one in self._decoded(await self._messages.by_ids(wanted))}
        return [found[id] for id in ids if id in found]

    def recent(self, id: str) -> Message | None:
        """That message, if it is known without asking the store."""
        stored = None if self._recent is None else self._recent.by_id(id)
        return None if stored is None else self._message(stored)

    def of_entry(self, room: str, entry: JournalEntry) -> Message:
        """The message that such an entry of the room is, or will be once it is committed."""
        return self._message(stored_message(room, entry))

    async def get(self, id: str) -> Message | None:
        """That message."""
        found = await self.by_ids([id])
        return found[0] if found else None

    async def at(self, places: Iterable[Place]) -> Mapping[Place, Message]:
        """place -> message, for those that exist."""
        wanted = list(dict.fromkeys(places))
        if not wanted:
            return {}
        recent = [] if self._recent is None else [self._recent.at(place) for place in wanted]
        stored = [one for one in recent if one is not None]
        known = {Place(one.room, one.sequence) for one in stored}
        if len(known) < len(wanted):
            stored += await self._messages.at([place for place in wanted if place not in known])
        return {Place(one.room, one.sequence): one for one in self._decoded(stored)}

    async def of_head(self, room: str, head: Head) -> Message:
        """The message whose head a room's state has, which is there."""
        place = Place(room, head.sequence)
        return (await self.at([place]))[place]

    def _decoded(self, stored: Sequence[StoredMessage]) -> list[Message]:
        return [self._message(one) for one in stored]

    def _message(self, stored: StoredMessage) -> Message:
        event = self._codec.decode_event(stored.name, stored.format, stored.body)
        assert isinstance(event, MessagePosted), "only messages are kept among them"
        return Message(
            room=stored.room,
            id=event.id,
            sequence=event.sequence,
            number=event.number,
            serial=event.serial,
            at=event.at,
            sender=event.sender,
            role=event.role,
            text=event.text,
            file=event.file,
            attributes=event.attributes,
            client_id=event.client_id,
            verified=event.verified,
            issue=event.issue,
        )


def place_of(room: str, head: Head | None) -> list[Place]:
    """Where to find the message of a head, if there is one."""
    return [] if head is None else [Place(room, head.sequence)]
