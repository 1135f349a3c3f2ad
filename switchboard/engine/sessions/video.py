"""The one value that sessions and video providers share."""

from __future__ import annotations

from typing import Any

import msgspec

from switchboard.engine.sessions.kind import Address, Command, Reaction

CLOSED = frozenset({"livekit"})
"""The providers whose rooms are closed when their session ends; those of the others end by themselves."""


class VideoSession(msgspec.Struct, frozen=True):
    """A room at a video provider, the same for both parties; no secret."""

    provider: str
    """``p2p``, ``livekit`` or ``opentok``."""
    session_id: str
    api_key: str
    url: str | None = None


class CloseVideo(Command, frozen=True, kw_only=True):
    """To the ``video`` workflow: the session that is named by the target has ended, and nobody needs its room."""

    room: VideoSession


def closing(before: Any | None, after: Any, live: frozenset[Any]) -> tuple[Reaction, ...]:
    """What the end of a session with a room asks for. ``live``: its phases in which the room is used."""
    ended = before is not None and before.phase in live and after.phase not in live
    if not ended or after.video is None or after.video.provider not in CLOSED:
        return ()
    return (Reaction(Address("video", after.id), CloseVideo(room=after.video)),)
