"""What people upload: who sent what for which purpose. The bytes lie elsewhere (``engine/files.py``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from switchboard.engine.clock import Instant
from switchboard.engine.records.accounts import Realm

UploadType = Literal["profileImage", "chat", "gig", "image"]


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was announced, and perhaps has come."""

    id: str
    realm: Realm
    account: str
    type: UploadType
    gig: str | None = None
    size: int | None = None
    """Bytes; None: it has not come."""
    content_type: str | None = None
    """Looked up in its content: an image's, else ``application/octet-stream``."""
    etag: str | None = None
    """MD5 in hexadecimal, as S3's clients expect."""
    created_at: Instant
    updated_at: Instant
    expires_at: Instant
    """So long it may be sent."""


class Uploads(Protocol):
    """The uploads. Each method may raise StoreDown."""

    async def add(self, upload: Upload) -> None:
        """Stores it."""

    async def get(self, id: str) -> Upload | None:
        """That upload."""

    async def came(
        self, id: str, size: int, content_type: str, etag: str, at: Instant
    ) -> Upload | None:
        """It has come, or come again. Returns: as it is then; None if there is none."""

    async def over(self, before: Instant, limit: int) -> Sequence[str]:
        """Some that had not come when their time ended, which was before that instant."""

    async def remove(self, ids: Sequence[str]) -> None:
        """Forgets those that have not come."""
