"""OpenTok (Vonage Video): a session is made by its REST API, keys are signed here.

Source: tokbox.com/developer/rest ('Creating a session', 'Authentication') and 'Token creation overview'.
"""

from __future__ import annotations

import ssl
import uuid

import jwt

from switchboard.engine.clock import Clock, Instant
from switchboard.engine.errors import VideoRefused, VideoUnavailable
from switchboard.engine.ports import RoomKey
from switchboard.engine.sessions.video import VideoSession
from switchboard.outbound.asking import UNAVAILABLE, Answer, NoAnswer, ask_once, trusted

TOKEN_SECONDS = 24 * 60 * 60
AUTH_SECONDS = 180
"""The longest that the vendor allows is 5 minutes."""

CREATE = "/session/create"
ROUTED = b"p2p.preference=disabled&archiveMode=manual"
"""Through the vendor's media servers, which phones behind any network reach."""


class OpenTok:
    """The ``VideoProvider`` on OpenTok.

    Args:
        base: of the REST API.
        context: whom to trust; None: the authorities that everybody trusts.
    """

    name = "opentok"

    def __init__(
        self,
        base: str,
        api_key: str,
        secret: str,
        clock: Clock,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._base = base.rstrip("/")
        self._api_key = api_key
        self._secret = secret
        self._clock = clock
        self._context = trusted() if context is None else context

    async def open(self, kind: str, session: str) -> VideoSession:
        """A new session of the vendor's. Raises: VideoUnavailable, VideoRefused."""
        at = self._clock.now() // 1000
        claims = {"iat": at, "exp": at + AUTH_SECONDS, "jti": str(uuid.uuid4())}
        headers = {
            "X-OPENTOK-AUTH": self._signed(claims),
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        try:
            answer = await ask_once(self._context, self._base + CREATE, headers, ROUTED)
        except NoAnswer as error:
            raise VideoUnavailable(f"opentok: {error}") from error
        if answer.status in UNAVAILABLE:
            raise VideoUnavailable(f"opentok answered {answer.status}")
        if answer.status != 200:
            raise VideoRefused(f"opentok answered {answer.status}")
        return VideoSession(
            provider=self.name, session_id=_session_id(answer), api_key=self._api_key
        )

    def token(self, room: VideoSession, account: str, now: Instant) -> str:
        """That account's key: it may publish and subscribe."""
        at = now // 1000
        return self._signed(
            {
                "session_id": room.session_id,
                "scope": "session.connect",
                "role": "publisher",
                "connection_data": account,
                "iat": at,
                "exp": at + TOKEN_SECONDS,
                "jti": str(uuid.uuid4()),
            }
        )

    def read_key(self, text: str, now: Instant) -> RoomKey | None:
        """The vendor alone reads its keys."""
        return None

    def _signed(self, claims: dict[str, object]) -> str:
        signed = {"iss": self._api_key, "ist": "project", **claims}
        return jwt.encode(signed, self._secret, algorithm="HS256")

    async def close(self, room: VideoSession) -> None:
        """Nothing is to be done: a session of the vendor's costs nothing once its keys have expired."""


def _session_id(answer: Answer) -> str:
    found = answer.json()
    first = found[0] if isinstance(found, list) and found else found
    id = first.get("session_id") if isinstance(first, dict) else None
    if not isinstance(id, str) or not id:
        raise VideoUnavailable("opentok answered without a session")
    return id
