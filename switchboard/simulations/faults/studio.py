"""A video provider that takes its time and sometimes fails."""

from __future__ import annotations

import random
from collections.abc import Collection

import trio

from switchboard.engine.clock import Instant
from switchboard.engine.errors import VideoRefused
from switchboard.engine.ports import RoomKey
from switchboard.engine.sessions.video import VideoSession
from switchboard.simulations.scenarios import Scenario

ROOM_SECONDS = 1.5
"""A video provider takes up to this to open a room."""


class Studio:
    """The ``VideoProvider`` of a world."""

    name = "p2p"

    def __init__(self, scenario: Scenario, active: Collection[str], chance: random.Random) -> None:
        self._failures = scenario.video_failures if "video" in active else 0.0
        self._chance = chance

    async def open(self, kind: str, session: str) -> VideoSession:
        """The room of that session. Raises: VideoRefused."""
        await trio.sleep(self._chance.random() * ROOM_SECONDS)
        if self._chance.random() < self._failures:
            raise VideoRefused
        return VideoSession(self.name, f"room-{session}", self.name)

    async def close(self, room: VideoSession) -> None:
        """Rooms end by themselves."""

    def token(self, room: VideoSession, account: str, now: Instant) -> str:
        """That party's key."""
        return f"{room.session_id}/{account}/{now}"

    def read_key(self, text: str, now: Instant) -> RoomKey | None:
        """Nobody asks."""
        return None
