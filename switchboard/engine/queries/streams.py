"""The list of an organization's streams, filtered and paged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from switchboard.engine.instants import Instant
from switchboard.engine.sessions.stream import StreamStatus, StreamSummary


class StreamFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which of an organization's streams, in which order, and which page of them."""

    organization: str
    statuses: tuple[StreamStatus, ...] | None = None
    """None: whatever the status."""
    ids: tuple[str, ...] | None = None
    """None: whatever the id. Ids of other organizations' streams find nothing."""
    created_from: Instant | None = None
    created_to: Instant | None = None
    """Both inclusive."""
    ascending: bool = False
    """In the order of creation; otherwise newest first."""
    skip: int = 0
    limit: int = 20


class Streams(Protocol):
    """Finds streams."""

    async def page(self, wanted: StreamFilter) -> Sequence[StreamSummary]:
        """That page of the organization's streams. Raises: StoreDown."""
