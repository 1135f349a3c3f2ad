"""Closes the video rooms of sessions that have ended, at providers that want to be told."""

from __future__ import annotations

import trio

from switchboard.engine.engine import Engine
from switchboard.engine.errors import VideoRefused, VideoUnavailable
from switchboard.engine.sessions.kind import Address
from switchboard.engine.sessions.video import CloseVideo

TARGET = "video"

CLOSED_AT_ONCE = 8
"""Apart from other workflows' reactions: a provider that hangs holds up nobody but itself."""

CLOSE_SECONDS_MOST = 10.0


class VideoRooms:
    """The workflow. A closing that fails is tried again like every reaction, until the provider has taken it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        engine.reactions.register(
            TARGET, {CloseVideo.__name__: CloseVideo}, self._close, at_once=CLOSED_AT_ONCE
        )

    async def _close(self, session: str, command: CloseVideo, row: str) -> None:
        """Raises: VideoUnavailable, then it is called again."""
        try:
            with trio.fail_after(CLOSE_SECONDS_MOST):
                await self._engine.video.close(command.room)
        except trio.TooSlowError as slow:
            raise VideoUnavailable("the provider does not answer") from slow
        except VideoRefused as refused:
            # Its rooms end by themselves when everybody has left.
            address = Address(TARGET, session)
            self._engine.log.event("video_not_closed", address, row=row, error=repr(refused))
