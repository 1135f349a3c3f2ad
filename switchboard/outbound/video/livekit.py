"""LiveKit: keys are made here, without asking anybody; the end of a session closes its room.

Source: docs.livekit.io, 'Authentication' (access tokens) and 'RoomService API' (Twirp over HTTP).
"""

from __future__ import annotations

import ssl
from urllib.parse import urlsplit, urlunsplit

import jwt
import msgspec
import trio

from switchboard.engine.clock import Clock, Instant
from switchboard.engine.errors import VideoRefused, VideoUnavailable
from switchboard.engine.ports import RoomKey
from switchboard.engine.sessions.video import VideoSession
from switchboard.outbound.asking import UNAVAILABLE, NoAnswer, ask_once, trusted

TOKEN_SECONDS = 24 * 60 * 60
"""As p2p's: longer than the longest stream, and made anew by every handshake."""

SKEW_SECONDS = 60
"""A server whose clock is behind ours takes a key all the same."""

ADMIN_SECONDS = 60

NOT_FOUND = 404
"""The room is closed already, or nobody ever entered it: LiveKit makes rooms when somebody does."""

DELETE_ROOM = "/twirp/livekit.RoomService/DeleteRoom"


class LiveKit:
    """The ``VideoProvider`` on a LiveKit server.

    Args:
        url: of the server, ``wss://`` or ``ws://``: what clients connect to; its API is at the same host.
        context: whom to trust; None: the authorities that everybody trusts.
    """

    name = "livekit"

    def __init__(
        self,
        url: str,
        api_key: str,
        secret: str,
        clock: Clock,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._url = url
        parts = urlsplit(url)
        scheme = {"wss": "https", "ws": "http"}.get(parts.scheme, parts.scheme)
        self._api = urlunsplit((scheme, parts.netloc, parts.path.rstrip("/"), "", ""))
        self._api_key = api_key
        self._secret = secret
        self._clock = clock
        self._context = trusted() if context is None else context

    async def open(self, kind: str, session: str) -> VideoSession:
        """The room of that session; LiveKit makes it when the first one enters."""
        await trio.lowlevel.checkpoint()
        return VideoSession(
            provider=self.name,
            session_id=f"{kind}-{session}",
            api_key=self._api_key,
            url=self._url,
        )

    def token(self, room: VideoSession, account: str, now: Instant) -> str:
        """That account's key: it may enter the room, show and see."""
        grant = {
            "roomJoin": True,
            "room": room.session_id,
            "canPublish": True,
            "canSubscribe": True,
        }
        return self._signed({"sub": account, "video": grant}, now, TOKEN_SECONDS)

    def read_key(self, text: str, now: Instant) -> RoomKey | None:
        """The vendor alone reads its keys."""
        return None

    def _signed(self, claims: dict[str, object], now: Instant, seconds: int) -> str:
        at = now // 1000
        timed = {"iss": self._api_key, "nbf": at - SKEW_SECONDS, "exp": at + seconds, **claims}
        return jwt.encode(timed, self._secret, algorithm="HS256")

    async def close(self, room: VideoSession) -> None:
        """Everybody is put out of the room; repeated: nothing happens. Raises: VideoUnavailable, VideoRefused."""
        grant = {"roomCreate": True, "roomAdmin": True, "room": room.session_id}
        key = self._signed({"video": grant}, self._clock.now(), ADMIN_SECONDS)
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        body = msgspec.json.encode({"room": room.session_id})
        try:
            answer = await ask_once(self._context, self._api + DELETE_ROOM, headers, body)
        except NoAnswer as error:
            raise VideoUnavailable(f"livekit: {error}") from error
        if answer.status in UNAVAILABLE:
            raise VideoUnavailable(f"livekit answered {answer.status}")
        if answer.status not in (200, NOT_FOUND):
            raise VideoRefused(f"livekit answered {answer.status}")
