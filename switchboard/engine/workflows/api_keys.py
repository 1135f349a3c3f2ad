"""Gives out keys of organizations' own servers, and knows them again."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from switchboard.engine.clock import Clock
from switchboard.engine.errors import Invalid, NotFound
from switchboard.engine.ids import Ids
from switchboard.engine.records import ApiKey, ApiKeys
from switchboard.engine.records.accounts import Realm
from switchboard.engine.records.api_keys import digest_of

PREFIX = "sb_"
"""So that a key is known for one where somebody pastes it by mistake."""

KEY_BYTES = 32
"""256 bits: as many as the digest has."""

OWNER_LENGTH_MOST = 200
"""Characters: the longest name of an organization that dowell's calls take."""


class ApiKeyDesk:
    """Each method may raise StoreDown."""

    def __init__(self, keys: ApiKeys, clock: Clock, ids: Ids) -> None:
        self._keys = keys
        self._clock = clock
        self._ids = ids

    async def issue(self, realm: Realm, owner: str, name: str) -> tuple[ApiKey, str]:
        """A new key of that owner, and the key itself, which is shown now and never again. Raises: Invalid."""
        for field, text in (("owner", owner), ("name", name)):
            if not text.isprintable() or len(text) > OWNER_LENGTH_MOST:
                raise Invalid({field: f"must be at most {OWNER_LENGTH_MOST} printable characters"})
        if not owner:
            raise Invalid({"owner": "is required"})
        secret = PREFIX + secrets.token_urlsafe(KEY_BYTES)
        now = self._clock.now()
        key = ApiKey(
            id=self._ids.new(now),
            realm=realm,
            owner=owner,
            name=name,
            digest=digest_of(secret),
            created_at=now,
        )
        await self._keys.add(key)
        return key, secret

    async def opens(self, realm: Realm, owner: str, secret: str) -> bool:
        """Whether this is a key of that owner."""
        found = await self._keys.find(realm, digest_of(secret))
        return found is not None and found.owner == owner

    async def all(self, realm: Realm) -> Sequence[ApiKey]:
        """All of a realm, in the order in which they were given out."""
        return await self._keys.all(realm)

    async def remove(self, id: str) -> None:
        """The key opens nothing any more. Raises: NotFound."""
        if not await self._keys.remove(id):
            raise NotFound("key")
