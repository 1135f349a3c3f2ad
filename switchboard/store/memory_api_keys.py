"""Keys of organizations' servers, in memory."""

from __future__ import annotations

from collections.abc import Sequence

import trio

from switchboard.engine.records import ApiKey
from switchboard.engine.records.accounts import Realm


class MemoryApiKeys:
    """``ApiKeys`` in a dictionary."""

    def __init__(self) -> None:
        self._keys: dict[str, ApiKey] = {}

    async def add(self, key: ApiKey) -> None:
        """See ``ApiKeys``."""
        await trio.lowlevel.checkpoint()
        self._keys[key.id] = key

    async def find(self, realm: Realm, digest: bytes) -> ApiKey | None:
        """See ``ApiKeys``."""
        await trio.lowlevel.checkpoint()
        keys = self._keys.values()
        return next((key for key in keys if (key.realm, key.digest) == (realm, digest)), None)

    async def all(self, realm: Realm) -> Sequence[ApiKey]:
        """See ``ApiKeys``."""
        await trio.lowlevel.checkpoint()
        keys = [key for key in self._keys.values() if key.realm == realm]
        return sorted(keys, key=lambda key: (key.created_at, key.id))

    async def remove(self, id: str) -> bool:
        """See ``ApiKeys``."""
        await trio.lowlevel.checkpoint()
        return self._keys.pop(id, None) is not None
