"""Messages as they are stored: by room and place, or by id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import msgspec


class Place(NamedTuple):
    """Where a message stands: its room, and its sequence there, which is its version in the room's journal."""

    room: str
    sequence: int


class StoredMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message: the encoded ``MessagePosted`` of its room."""

    room: str
    sequence: int
    name: str
    format: int
    body: bytes


class Messages(Protocol):
    """Finds messages. Every list is ascending, and each method may raise StoreDown."""

    async def page(self, room: str, start: int, limit: int) -> Sequence[StoredMessage]:
        """``limit`` messages of a room after its first ``start``; as quick at the end of a long room as at its head."""

    async def before(self, room: str, sequence: int | None, limit: int) -> Sequence[StoredMessage]:
        """The last ``limit`` messages before that one, or of all."""

    async def after(self, room: str, sequence: int, limit: int) -> Sequence[StoredMessage]:
        """The first ``limit`` messages after that one."""

    async def following(self, places: Sequence[Place], limit: int) -> Sequence[StoredMessage]:
        """``after`` for several rooms at once, room after room."""

    async def by_ids(self, ids: Sequence[str]) -> Sequence[StoredMessage]:
        """Those that exist, in the order of the ids."""

    async def at(self, places: Sequence[Place]) -> Sequence[StoredMessage]:
        """Those that exist, in the order of the places."""
