"""A person's presence: the fold of its journal and of its volatile signs."""

from __future__ import annotations

from typing import Literal

import msgspec

from switchboard.engine.instants import Instant, Milliseconds

PersonPhase = Literal["offline", "online", "away"]
"""``away``: chose online, but was not heard for the time-out; the next sign brings it back."""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """One person. Its id is the account's."""

    id: str
    phase: PersonPhase
    latitude: float | None = None
    longitude: float | None = None
    seen_at: Instant = 0
    """Volatile between saves."""
    saved_at: Instant = 0
    """When the last-seen was last journaled: at most once a minute."""
    timeout: Milliseconds = 120_000


class PersonNotice(msgspec.Struct, frozen=True, kw_only=True):
    """The person's presence changed."""

    account: str
    phase: PersonPhase


class PersonSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of people shows, and what dispatch rebuilds its index from after a restart."""

    account: str
    phase: PersonPhase
    latitude: float | None
    longitude: float | None
    seen_at: Instant
    """As of the last commit: at most a minute older than the person's last sign."""
    timeout: Milliseconds

    @staticmethod
    def decode(body: bytes) -> PersonSummary:
        """The summary of a session's header (``Header.summary``)."""
        return msgspec.json.decode(body, type=PersonSummary)
