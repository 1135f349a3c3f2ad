"""The part of a store that finds what rooms hold."""

from __future__ import annotations

from typing import Protocol

from switchboard.engine.queries.issues import Issues
from switchboard.engine.queries.messages import Messages
from switchboard.engine.queries.rooms import Rooms


class RoomSearches(Protocol):
    """What is found in rooms, by subject."""

    @property
    def messages(self) -> Messages:
        """The messages of all rooms."""

    @property
    def rooms(self) -> Rooms:
        """Rooms in lists, members, read markers."""

    @property
    def issues(self) -> Issues:
        """The issues of all support rooms."""
