"""Video between the two browsers themselves: a room is a channel of ours, a key the capability to join it."""

from __future__ import annotations

from collections.abc import Mapping

import jwt
import trio

from switchboard.engine.clock import Instant
from switchboard.engine.sessions.video import VideoSession

KEY_BYTES_LEAST = 32
"""RFC 7518, 3.2: an HMAC key is at least as long as the hash."""

TOKEN_SECONDS = 24 * 60 * 60
"""A key to a room lives a day: longer than the longest stream (8 hours), and fetched again by every handshake."""

AUDIENCE = "video"
"""Refused by every dialect, as its tokens are refused by the channel."""


class PeerToPeer:
    """The ``VideoProvider`` that needs no vendor.

    Args:
        key: signs the parties' keys; at least 32 bytes.
        api_keys: kind of session -> the key of the app on whose websocket its people meet.
        url: of the websocket on which they meet; None until there is one.
    """

    name = "p2p"

    def __init__(
        self, key: bytes, api_keys: Mapping[str, str] | None = None, url: str | None = None
    ) -> None:
        if len(key) < KEY_BYTES_LEAST:
            raise ValueError(f"the video key has {len(key)} bytes; {KEY_BYTES_LEAST} are needed")
        self._key = key
        self._api_keys = api_keys or {}
        self._url = url

    async def open(self, kind: str, session: str) -> VideoSession:
        """The room of that session: the channel that is named after it."""
        await trio.lowlevel.checkpoint()
        return VideoSession(
            provider=self.name,
            session_id=f"presence-{kind}-{session}",
            api_key=self._api_keys.get(kind, "switchboard"),
            url=self._url,
        )

    async def close(self, room: VideoSession) -> None:
        """Nothing is to be done: the channel ends with its session."""

    def token(self, room: VideoSession, account: str, now: Instant) -> str:
        """That account's capability for the channel, signed."""
        claims = {
            "aud": AUDIENCE,
            "sub": account,
            "room": room.session_id,
            "exp": now // 1000 + TOKEN_SECONDS,
        }
        return jwt.encode(claims, self._key, algorithm="HS256")
