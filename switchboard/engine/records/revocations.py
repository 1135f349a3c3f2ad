"""Which tokens are refused before they expire: single ones by ``jti``, all of an account by 'valid after'."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from switchboard.engine.clock import Instant


class Revocation(msgspec.Struct, frozen=True, kw_only=True):
    """Either ``jti``, or ``account`` (every token issued before ``before`` except ``keep``)."""

    jti: str | None = None
    account: str | None = None
    before: Instant = 0
    keep: str | None = None
    """A jti that stays valid: the token with which the password was changed."""
    expires_at: Instant
    """From then on no token that it concerns can be valid; the row may be deleted."""


class Revocations(Protocol):
    """Durable; kept in memory too by whoever checks tokens."""

    async def add(self, revocation: Revocation) -> None:
        """Stores it. Raises: StoreDown."""

    async def all(self, now: Instant) -> Sequence[Revocation]:
        """Those that have not expired; deletes the others."""
