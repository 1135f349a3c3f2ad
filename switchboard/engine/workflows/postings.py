"""A message between being handed to its room and being stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from switchboard.engine.runtime.letter import Letter
from switchboard.engine.sessions.room import Head, PostMessage, Room
from switchboard.engine.workflows.messages import Message
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

    @property
    def plain(self) -> bool:
        """Whether it is stored, and not what had been stored before: ``stored`` has nothing that is not known."""
        after = self._letter.value
        return (
            isinstance(after, Room)
            and after.last_message is not None
            and after.last_message.id == self._command.id
        )

    def when_settled(self, listener: Callable[[], None]) -> None:
        """``listener`` is called when it is."""
        self._letter.listen(listener)

    async def stored(self) -> Posted:
        """What became of it, once that is durable. Raises: as ``RoomDesk.post``."""
        after = await self._letter.reply()
        assert isinstance(after, Room)
        message = await self._desk.stored(after, self._command)
        return Posted(after, message, repeated=message.id != self._command.id)


def posted_message(room: str, head: Head, command: PostMessage) -> Message:
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
