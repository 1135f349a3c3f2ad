"""Messages that were committed a moment ago: whoever tells or answers with them need not ask the database."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from switchboard.engine.engine import Engine
from switchboard.engine.ports import JournalEntry
from switchboard.engine.queries.messages import Place, StoredMessage
from switchboard.engine.sessions.kind import Address

MESSAGES_MOST: Final = 1024
"""Sixteen full turns: what is told is told within milliseconds of its commit."""

BYTES_MOST: Final = 4 * 1024 * 1024
"""Of their bodies; the longest message has some 10 kB."""


class RecentMessages:
    """The last messages of all rooms, as they are stored. Messages are never changed, so none of them is out of date.

    Filled as turns become durable; what a commit of unknown outcome held is not among them.
    """

    def __init__(self, engine: Engine) -> None:
        self._by_id: OrderedDict[str, tuple[str, JournalEntry]] = OrderedDict()
        """Message -> its room and entry; most are forgotten before anybody asks for them."""
        self._ids: dict[tuple[str, int], str] = {}
        """(room, sequence) -> message, of all of them."""
        self._bytes = 0
        engine.observe_messages(self._remember)

    def by_id(self, id: str) -> StoredMessage | None:
        """That message, if it is among them."""
        kept = self._by_id.get(id)
        return None if kept is None else stored_message(*kept)

    def at(self, place: Place) -> StoredMessage | None:
        """The message in that place, if it is among them."""
        id = self._ids.get(place)
        return None if id is None else self.by_id(id)

    def _remember(self, address: Address, entries: Sequence[JournalEntry]) -> None:
        room = address.id
        for entry in entries:
            if entry.message is None:
                continue
            id = entry.message.id
            self._by_id[id] = (room, entry)
            self._ids[room, entry.version] = id
            self._bytes += len(entry.body)
        while len(self._by_id) > MESSAGES_MOST or self._bytes > BYTES_MOST:
            _, (room, oldest) = self._by_id.popitem(last=False)
            del self._ids[room, oldest.version]
            self._bytes -= len(oldest.body)


def stored_message(room: str, entry: JournalEntry) -> StoredMessage:
    """What the store has of such an entry, or will have once it is committed."""
    return StoredMessage(
        room=room, sequence=entry.version, name=entry.name, format=entry.format, body=entry.body
    )
