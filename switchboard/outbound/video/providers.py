"""The provider of new rooms, and those of rooms that were opened before the setting changed."""

from __future__ import annotations

from collections.abc import Sequence

import trio

from switchboard.engine.clock import Instant
from switchboard.engine.errors import VideoRefused, VideoUnavailable
from switchboard.engine.ports import RoomKey, VideoProvider
from switchboard.engine.sessions.video import VideoSession

OPEN_SECONDS_MOST = 8.0
"""A request is answered within ten."""

TRIES_MOST = 3
PAUSE_SECONDS = 0.5


class Providers:
    """The ``VideoProvider`` of a server.

    Args:
        chosen: opens rooms. others: make keys to theirs.
    """

    def __init__(self, chosen: VideoProvider, others: Sequence[VideoProvider] = ()) -> None:
        self.name = chosen.name
        self._chosen = chosen
        self._by_name = {one.name: one for one in (*others, chosen)}

    async def open(self, kind: str, session: str) -> VideoSession:
        """The room of that session; a failure that may pass is tried again. Raises: VideoUnavailable, VideoRefused."""
        with trio.move_on_after(OPEN_SECONDS_MOST):
            for left in reversed(range(TRIES_MOST)):
                try:
                    return await self._chosen.open(kind, session)
                except VideoRefused:
                    raise
                except VideoUnavailable:
                    if not left:
                        raise
                await trio.sleep(PAUSE_SECONDS)
        raise VideoUnavailable(f"{self.name} did not answer")

    def token(self, room: VideoSession, account: str, now: Instant) -> str:
        """That party's own key. Raises: VideoRefused: the room's provider is not set up any more."""
        return self._of(room).token(room, account, now)

    def read_key(self, text: str, now: Instant) -> RoomKey | None:
        """What a key to one of our own channels says, if it is good."""
        found = (one.read_key(text, now) for one in self._by_name.values())
        return next((key for key in found if key is not None), None)

    async def close(self, room: VideoSession) -> None:
        """The room is not needed any more. Raises: VideoUnavailable; VideoRefused."""
        await self._of(room).close(room)

    def _of(self, room: VideoSession) -> VideoProvider:
        provider = self._by_name.get(room.provider)
        if provider is None:
            raise VideoRefused(f"the room is {room.provider}'s, which is not set up")
        return provider
