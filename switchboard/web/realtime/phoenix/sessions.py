"""Longpoll sessions: connections of clients that ask again and again what there is for them."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import trio

from switchboard.web.realtime.phoenix.connection import Connection
from switchboard.web.realtime.phoenix.frames import Version
from switchboard.web.realtime.phoenix.speaking import Speaker
from switchboard.web.security import Token
from switchboard.web.transport import CloseCodes, Frame, Run, current_limits, payload_of

if TYPE_CHECKING:
    from switchboard.web.realtime.phoenix.server import PhoenixServer

SESSIONS_MOST = 100
"""Of one account: more than anybody has devices; each costs some 3 kB, and lives for a minute without its client."""

TOKEN_BYTES = 24
"""192 bits, which nobody guesses."""


class Polled:
    """The way out to a client that polls: what it is told waits for its next poll, within a websocket's own bounds."""

    def __init__(self, ended: Callable[[], None]) -> None:
        self.open = True
        self.code: int | None = None
        """Why it was closed, as of websockets."""
        self._limits = current_limits()
        self._ended = ended
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._full_since: float | None = None
        self._news = trio.Event()
        self._poll: object | None = None

    def send_encoded(self, frame: Frame) -> bool:
        """See ``Exit``. False: the session has ended."""
        if not self.open:
            return False
        payload = payload_of(frame)
        self._waiting.append(payload)
        self._bytes += len(payload)
        self._watch()
        self._news.set()
        return self.open

    def send_run(self, run: Run) -> bool:
        """Several, in order."""
        return all([self.send_encoded(frame) for frame in run.frames])

    async def send(self, frame: Frame) -> bool:
        """See ``Exit``: waits while as much waits as may."""
        while self.open and len(self._waiting) >= self._limits.outbox_frames:
            await self._change()
        return self.send_encoded(frame)

    def _watch(self) -> None:
        now = trio.current_time()
        if len(self._waiting) < self._limits.outbox_frames:
            self._full_since = None
        elif self._full_since is None:
            self._full_since = now
        late = self._full_since is not None and now - self._full_since >= self._limits.send_seconds
        if late or self._bytes > self._limits.outbox_bytes:
            self._waiting.clear()
            self.close(CloseCodes().slow, "too slow")

    def close(self, code: int, _reason: str = "") -> None:
        """The session has ended; a poll that waits says so. Repeated: nothing happens."""
        if not self.open:
            return
        self.open, self.code = False, code
        self._news.set()
        self._ended()

    async def take(self, seconds: float) -> list[bytes]:
        """What waits, as soon as there is anything; nothing after so long, at the end, and if another poll comes,
        for who sent this one has gone."""
        mine = self._poll = object()
        self._news.set()
        with trio.move_on_after(seconds):
            while self.open and self._poll is mine and not self._waiting:
                await self._change()
        if self._poll is not mine:
            return []
        taken = list(self._waiting)
        self._waiting.clear()
        self._bytes, self._full_since = 0, None
        self._news.set()
        return taken

    async def _change(self) -> None:
        if self._news.is_set():
            self._news = trio.Event()
        await self._news.wait()


class Session:
    """One of them."""

    def __init__(self, token: str, connection: Connection, way: Polled) -> None:
        self.token = token
        self.connection = connection
        self.way = way
        self.handling = trio.Lock()
        """What is posted is handled in the order in which it came."""


class Sessions:
    """All of a process, by the token that a client got with its first poll."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def __iter__(self) -> Iterator[Session]:
        return iter(tuple(self._sessions.values()))

    def get(self, token: str) -> Session | None:
        """The session with that token, if it has not ended."""
        return self._sessions.get(token)

    def begin(
        self, server: PhoenixServer, credential: Token, speaker: Speaker, version: Version
    ) -> Session:
        """A new session. Of an account that has as many as it may, the one that was heard least lately ends."""
        self._make_room(credential.account)
        token = secrets.token_urlsafe(TOKEN_BYTES)

        def ended() -> None:
            session = self._sessions.pop(token, None)
            if session is not None:
                server.disconnect(session.connection)

        way = Polled(ended)
        connection = server.connect(way, credential, speaker, version)
        session = Session(token, connection, way)
        if way.open:
            self._sessions[token] = session
        else:
            # The token was revoked while its account was looked up.
            server.disconnect(connection)
        return session

    def _make_room(self, account: str) -> None:
        own = [one for one in self if one.connection.token.account == account]
        if len(own) >= SESSIONS_MOST:
            oldest = min(own, key=lambda one: one.connection.heard_at)
            oldest.way.close(CloseCodes().slow, "too many sessions")
