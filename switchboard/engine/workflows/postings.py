"""A message between being handed to its room and being stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from switchboard.engine.runtime.letter import Letter
from switchboard.engine.sessions.room import PostMessage, Room
from switchboard.engine.workflows.room_requests import Posted

if TYPE_CHECKING:
    from switchboard.engine.workflows.rooms import RoomDesk


class Posting:
    """A message on its way."""

    def __init__(self, desk: RoomDesk, letter: Letter, command: PostMessage) -> None:
        self._desk = desk
        self._letter = letter
        self._command = command

    @property
    def settled(self) -> bool:
        """Whether ``stored`` has its answer."""
        return self._letter.answered

    def when_settled(self, listener: Callable[[], None]) -> None:
        """``listener`` is called when it is."""
        self._letter.listen(listener)

    async def stored(self) -> Posted:
        """What became of it, once that is durable. Raises: as ``RoomDesk.post``."""
        after = await self._letter.reply()
        assert isinstance(after, Room)
        message = await self._desk.stored(after, self._command)
        return Posted(after, message, repeated=message.id != self._command.id)
