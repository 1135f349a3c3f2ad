"""The one value that sessions and video providers share."""

from __future__ import annotations

import msgspec


class VideoSession(msgspec.Struct, frozen=True):
    """A room at a video provider, the same for both parties; no secret."""

    provider: str
    """``p2p``, ``livekit`` or ``opentok``."""
    session_id: str
    api_key: str
    url: str | None = None
