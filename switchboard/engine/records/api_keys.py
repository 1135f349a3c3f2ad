"""Keys with which an organization's own servers call us: rows. Of a key only its digest is stored."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Protocol

import msgspec

from switchboard.engine.clock import Instant
from switchboard.engine.records.accounts import Realm


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that was given out."""

    id: str
    realm: Realm
    owner: str
    """Whose it is, by the realm's own name of it."""
    name: str
    """What people call it."""
    digest: bytes
    """See ``digest_of``."""
    created_at: Instant


class ApiKeys(Protocol):
    """The keys."""

    async def add(self, key: ApiKey) -> None:
        """Stores it. Raises: StoreDown."""

    async def find(self, realm: Realm, digest: bytes) -> ApiKey | None:
        """The key with that digest. Raises: StoreDown."""

    async def all(self, realm: Realm) -> Sequence[ApiKey]:
        """All of a realm, in the order in which they were given out. Raises: StoreDown."""

    async def remove(self, id: str) -> bool:
        """Forgets it: it opens nothing any more; False if there is none. Raises: StoreDown."""


def digest_of(secret: str) -> bytes:
    """SHA-256: a key is drawn from 256 bits, which nobody guesses however fast the hash is."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
