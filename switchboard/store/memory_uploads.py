"""Uploads, in memory."""

from __future__ import annotations

from collections.abc import Sequence

import trio
from msgspec.structs import replace

from switchboard.engine.clock import Instant
from switchboard.engine.records import Upload


class MemoryUploads:
    """``Uploads`` in a dictionary."""

    def __init__(self) -> None:
        self._uploads: dict[str, Upload] = {}

    async def add(self, upload: Upload) -> None:
        """See ``Uploads``."""
        await trio.lowlevel.checkpoint()
        self._uploads[upload.id] = upload

    async def get(self, id: str) -> Upload | None:
        """See ``Uploads``."""
        await trio.lowlevel.checkpoint()
        return self._uploads.get(id)

    async def came(
        self, id: str, size: int, content_type: str, etag: str, at: Instant
    ) -> Upload | None:
        """See ``Uploads``."""
        await trio.lowlevel.checkpoint()
        found = self._uploads.get(id)
        if found is None:
            return None
        changes = {"size": size, "content_type": content_type, "etag": etag, "updated_at": at}
        self._uploads[id] = replace(found, **changes)
        return self._uploads[id]

    async def over(self, before: Instant, limit: int) -> Sequence[str]:
        """See ``Uploads``."""
        await trio.lowlevel.checkpoint()
        found = [
            one for one in self._uploads.values() if one.size is None and one.expires_at < before
        ]
        return [one.id for one in sorted(found, key=lambda one: one.expires_at)[:limit]]

    async def remove(self, ids: Sequence[str]) -> None:
        """See ``Uploads``."""
        await trio.lowlevel.checkpoint()
        for id in ids:
            found = self._uploads.get(id)
            if found is not None and found.size is None:
                del self._uploads[id]
