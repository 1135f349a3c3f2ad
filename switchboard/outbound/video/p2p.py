"""Video between the two browsers themselves: a room is a channel of ours, a key the capability to join it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import jwt
import trio

from switchboard.engine.clock import Instant
from switchboard.engine.ports import RoomKey
from switchboard.engine.sessions.video import VideoSession

KEY_BYTES_LEAST = 32
"""RFC 7518, 3.2: an HMAC key is at least as long as the hash."""

TOKEN_SECONDS = 24 * 60 * 60
"""A key to a room lives a day: longer than the longest stream (8 hours), and fetched again by every handshake."""

AUDIENCE = "video"
"""Refused by every dialect but where a socket's way into the room's channel is signed."""

KEY_LENGTH_MOST = 2000
"""Ours have about 300 characters."""

REQUIRED = ["aud", "sub", "room", "jti", "iat", "exp"]


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
            "jti": secrets.token_hex(8),
            "iat": now / 1000,
            "exp": now // 1000 + TOKEN_SECONDS,
        }
        return jwt.encode(claims, self._key, algorithm="HS256")

    def read_key(self, text: str, now: Instant) -> RoomKey | None:
        """What one of these keys says, if it is good."""
        if len(text) > KEY_LENGTH_MOST:
            return None
        # Times are compared below, by the engine's clock.
        options: Any = {"require": REQUIRED, "verify_exp": False, "verify_iat": False}
        try:
            claims = jwt.decode(
                text, self._key, algorithms=["HS256"], audience=AUDIENCE, options=options
            )
        except (jwt.InvalidTokenError, TypeError, ValueError, RecursionError):
            # The built-in ones are what odd headers lead to.
            return None
        match claims:
            case {"sub": str(account), "room": str(room), "jti": str(id)}:
                issued_at, expires_at = claims["iat"], claims["exp"]
            case _:
                return None
        if not isinstance(issued_at, int | float) or not isinstance(expires_at, int):
            return None
        if expires_at * 1000 <= now:
            return None
        return RoomKey(account, room, id, round(issued_at * 1000), expires_at * 1000)
