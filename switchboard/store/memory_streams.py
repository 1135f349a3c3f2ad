"""The port ``Streams`` in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchboard.engine.queries.streams import StreamFilter
from switchboard.engine.sessions.kind import ListEntry
from switchboard.engine.sessions.stream import OF_ORGANIZATION, StreamSummary

if TYPE_CHECKING:
    from switchboard.store.memory import Gate
    from switchboard.store.memory_tables import MemoryDatabase


class MemoryStreams:
    """``Streams`` over a ``MemoryDatabase``."""

    def __init__(self, database: MemoryDatabase, gate: Gate) -> None:
        self._database = database
        self._gate = gate

    async def page(self, wanted: StreamFilter) -> list[StreamSummary]:
        """See ``Streams``."""
        await self._gate("streams")
        entry = ListEntry(OF_ORGANIZATION, wanted.organization)
        rows = [self._database.sessions[address] for address in self._database.lists.get(entry, {})]
        rows.sort(key=lambda row: row.serial, reverse=not wanted.ascending)
        found = [StreamSummary.decode(row.summary) for row in rows if row.summary is not None]
        skip = max(wanted.skip, 0)
        fitting = [one for one in found if _fits(one, wanted)]
        return fitting[skip : skip + max(wanted.limit, 0)]


def _fits(stream: StreamSummary, wanted: StreamFilter) -> bool:
    return (
        (wanted.statuses is None or stream.status in wanted.statuses)
        and (wanted.ids is None or stream.id in wanted.ids)
        and (wanted.created_from is None or stream.created_at >= wanted.created_from)
        and (wanted.created_to is None or stream.created_at <= wanted.created_to)
    )
