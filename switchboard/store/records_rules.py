"""What the record stores in Postgres and in memory have in common."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from switchboard.engine.clock import Instant, Milliseconds
from switchboard.engine.records import Identity

ATTEMPT_KEPT: Milliseconds = 24 * 3_600_000
"""So long after its end an attempt is still known, so that a late person hears 'too late' and not 'never heard of'."""


def in_order(identities: Iterable[Identity]) -> list[Identity]:
    """By type and value: of several that are taken the first one is named, and writers lock them in one order."""
    return sorted(identities, key=lambda identity: (identity.type, identity.value))


def folded(code: str) -> str:
    """An organization's code as it is compared."""
    return code.casefold()


def hashed(key: str) -> bytes:
    """SHA-256 of a limit's key, so that no address or phone number stands in that table; any text has one."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def seconds_until(instant: Instant, now: Instant) -> int:
    """Whole seconds from ``now`` until ``instant`` has certainly come, at least 1."""
    return max(1, -(-(instant - now) // 1000))


def storable(text: str) -> bool:
    """Whether Postgres can hold ``text``: it has no NUL and no half of a surrogate pair.

    What it cannot hold is not there, so looking for it finds nothing, and is no error.
    """
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
