"""Counts that outlive a restart: tries a minute, and one-time codes with their tries."""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

from switchboard.engine.clock import Instant, Milliseconds


class Limits(Protocol):
    """Counters by fixed window."""

    async def hit(
        self, scope: str, key: str, now: Instant, window: Milliseconds, most: int
    ) -> int | None:
        """Counts one try; None if it is within ``most`` a window, else the seconds until it is counted afresh.

        ``key`` is stored as a hash.
        """


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """A one-time code sent (or pretended to be sent) to an identity."""

    id: str
    account: str | None
    """None for an unknown identity: such an attempt can be verified by no code."""
    identity_type: str
    identity_value: str
    code_hash: bytes
    tries: int = 0
    status: Literal["pending", "verified", "failed"] = "pending"
    expires_at: Instant
    created_at: Instant


TryResult = Literal["verified", "wrong", "over"]
"""``over``: unknown, expired, used or out of tries."""


class Attempts(Protocol):
    """The one-time codes."""

    async def add(self, attempt: Attempt) -> None:
        """Stores it."""

    async def get(self, id: str) -> Attempt | None:
        """That attempt."""

    async def try_code(
        self, id: str, code_hash: bytes, now: Instant, most: int
    ) -> tuple[TryResult, Attempt | None]:
        """Counts a try and compares, atomically: a code is verified at most once and tried at most ``most`` times."""
