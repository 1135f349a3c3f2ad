"""The ports ``Messages``, ``Rooms``, ``Issues`` and ``Serials`` in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from switchboard.engine.clock import Instant
from switchboard.engine.queries.issues import (
    Day,
    DaysWanted,
    IssueFilter,
    IssueRecord,
    Question,
)
from switchboard.engine.queries.messages import Place, StoredMessage
from switchboard.engine.queries.rooms import ListedRoom, Membership, ReadMarker
from switchboard.engine.queries.similarity import Probes
from switchboard.engine.sessions.kind import Address

if TYPE_CHECKING:
    from switchboard.store.memory import Gate
    from switchboard.store.memory_tables import MemoryDatabase

DAY: Final = 24 * 3600 * 1000


class MemoryMessages:
    """See ``Messages``."""

    def __init__(self, database: MemoryDatabase, gate: Gate) -> None:
        self._tables = database.rooms
        self._gate = gate

    async def page(self, room: str, start: int, limit: int) -> Sequence[StoredMessage]:
        """See ``Messages``."""
        await self._gate("messages_page")
        return self._tables.messages.get(room, [])[start : start + max(limit, 0)]

    async def before(self, room: str, sequence: int | None, limit: int) -> Sequence[StoredMessage]:
        """See ``Messages``."""
        await self._gate("messages_before")
        messages = self._tables.messages.get(room, [])
        end = len(messages) if sequence is None else self._tables.place(room, sequence)
        return messages[max(0, end - max(limit, 0)) : end]

    async def after(self, room: str, sequence: int, limit: int) -> Sequence[StoredMessage]:
        """See ``Messages``."""
        await self._gate("messages_after")
        return self._after(room, sequence, limit)

    def _after(self, room: str, sequence: int, limit: int) -> list[StoredMessage]:
        start = self._tables.place(room, sequence + 1)
        return self._tables.messages.get(room, [])[start : start + max(limit, 0)]

    async def following(self, places: Sequence[Place], limit: int) -> Sequence[StoredMessage]:
        """See ``Messages``."""
        await self._gate("messages_following")
        return [one for place in places for one in self._after(*place, limit)]

    async def by_ids(self, ids: Sequence[str]) -> Sequence[StoredMessage]:
        """See ``Messages``."""
        await self._gate("messages_by_ids")
        return [self._tables.by_id[id] for id in ids if id in self._tables.by_id]

    async def at(self, places: Sequence[Place]) -> Sequence[StoredMessage]:
        """See ``Messages``."""
        await self._gate("messages_at")
        found = (self._after(place.room, place.sequence - 1, 1) for place in places)
        return [
            messages[0]
            for place, messages in zip(places, found, strict=True)
            if messages and messages[0].sequence == place.sequence
        ]


class MemoryRooms:
    """See ``Rooms``."""

    def __init__(self, database: MemoryDatabase, gate: Gate) -> None:
        self._database = database
        self._tables = database.rooms
        self._gate = gate

    def _listed(self, ids: Iterable[str], reader: str) -> list[ListedRoom]:
        found: list[ListedRoom] = []
        for id in ids:
            row = self._database.sessions.get(Address("room", id))
            if row is not None and row.summary is not None:
                marker = self._tables.markers.get((id, reader))
                found.append(ListedRoom(id=id, summary=row.summary, marker=marker))
        return found

    def _of(self, account: str) -> list[Membership]:
        found = [of[account] for of in self._tables.members.values() if account in of]
        active_at = self._tables.active_at
        return sorted(found, key=lambda one: (active_at[one.room], one.room), reverse=True)

    async def of_member(self, account: str, skip: int, limit: int) -> Sequence[ListedRoom]:
        """See ``Rooms``."""
        await self._gate("rooms_of_member")
        mine = self._of(account)[skip:][: max(limit, 0)]
        return self._listed((one.room for one in mine), account)

    async def on_shelf(
        self, shelf: str, reader: str, skip: int, limit: int
    ) -> Sequence[ListedRoom]:
        """See ``Rooms``."""
        await self._gate("rooms_on_shelf")
        active_at, rooms = self._tables.active_at, self._tables.rooms
        found = [(active_at[id], id) for id, row in rooms.items() if row.shelf == shelf]
        ids = [id for _, id in sorted(found, reverse=True)]
        return self._listed(ids[skip:][: max(limit, 0)], reader)

    async def by_ids(self, ids: Sequence[str], reader: str) -> Sequence[ListedRoom]:
        """See ``Rooms``."""
        await self._gate("rooms_by_ids")
        return self._listed(ids, reader)

    async def by_serial(self, realm: str, serial: int) -> str | None:
        """See ``Rooms``."""
        await self._gate("room_by_serial")
        rooms = self._tables.rooms.items()
        return next((id for id, row in rooms if (row.realm, row.serial) == (realm, serial)), None)

    async def members(self, rooms: Sequence[str], most: int) -> Mapping[str, Sequence[Membership]]:
        """See ``Rooms``."""
        await self._gate("room_members")
        found: dict[str, Sequence[Membership]] = {}
        for room in rooms:
            of = self._tables.members.get(room)
            if of:
                ordered = sorted(of.values(), key=lambda one: (one.joined_at, one.account))
                found[room] = ordered[:most]
        return found

    async def membership(self, room: str, account: str) -> Membership | None:
        """See ``Rooms``."""
        await self._gate("room_membership")
        return self._tables.members.get(room, {}).get(account)

    async def memberships(self, account: str, skip: int, limit: int) -> Sequence[Membership]:
        """See ``Rooms``."""
        await self._gate("room_memberships")
        return self._of(account)[skip:][: max(limit, 0)]

    async def shared(self, account: str, others: Sequence[str]) -> frozenset[str]:
        """See ``Rooms``."""
        await self._gate("rooms_shared")
        return frozenset(others) & self._company(account)

    def _company(self, account: str) -> frozenset[str]:
        together = [of for of in self._tables.members.values() if account in of]
        return frozenset(one for of in together for one in of)

    async def company(self, account: str, most: int) -> Sequence[str]:
        """See ``Rooms``."""
        await self._gate("rooms_company")
        return sorted(self._company(account))[:most]

    async def markers(self, rooms: Sequence[str], readers: Sequence[str]) -> Sequence[ReadMarker]:
        """See ``Rooms``."""
        await self._gate("read_markers")
        markers = self._tables.markers
        return [markers[key] for key in zip(rooms, readers, strict=True) if key in markers]

    async def mark(self, marker: ReadMarker) -> ReadMarker:
        """See ``Rooms``."""
        await self._gate("mark_read")
        return self._tables.mark(marker)


class MemoryIssues:
    """See ``Issues``."""

    def __init__(self, database: MemoryDatabase, gate: Gate) -> None:
        self._tables = database.rooms
        self._gate = gate

    def _of(self, wanted: IssueFilter) -> list[IssueRecord]:
        fitting = [
            one
            for one in self._tables.issues.values()
            if one.app == wanted.app
            and (wanted.is_open is None or (one.closed_at is None) == wanted.is_open)
            and (wanted.tag is None or wanted.tag in one.tags)
        ]
        return sorted(fitting, key=lambda one: (one.opened_at, one.id))

    def _up_to_date(self, record: IssueRecord) -> IssueRecord:
        """As long as an issue is open, the last message of its room is its own."""
        messages = self._tables.messages.get(record.room)
        if record.closed_at is not None or record.first_sequence is None or not messages:
            return record
        return replace(record, last_sequence=messages[-1].sequence)

    async def find(self, id: str) -> IssueRecord | None:
        """See ``Issues``."""
        await self._gate("issue")
        record = self._tables.issues.get(id)
        return None if record is None else self._up_to_date(record)

    async def page(self, wanted: IssueFilter, skip: int, limit: int) -> Sequence[IssueRecord]:
        """See ``Issues``."""
        await self._gate("issues_page")
        queue = self._of(IssueFilter(app=wanted.app, is_open=True))
        positions = {one.id: number for number, one in enumerate(queue, 1)}
        page = self._of(wanted)[skip:][: max(limit, 0)]
        return [replace(self._up_to_date(one), position=positions.get(one.id)) for one in page]

    async def count(self, wanted: IssueFilter) -> int:
        """See ``Issues``."""
        await self._gate("issues_count")
        return len(self._of(wanted))

    async def days(self, wanted: DaysWanted) -> Sequence[Day]:
        """See ``Issues``."""
        await self._gate("issues_days")
        issues = [
            one
            for one in self._of(IssueFilter(app=wanted.app, is_open=wanted.is_open, tag=wanted.tag))
            if wanted.closed_by is None or one.closed_by == wanted.closed_by
        ]
        return [_day(begins, issues) for begins in range(wanted.since, wanted.until, DAY)]

    async def alike(
        self, app: str, probes: Probes, before: Instant, most: int
    ) -> Sequence[Question]:
        """See ``Issues``."""
        await self._gate("issues_alike")
        return [
            one
            for one in self._tables.questions.values()
            if self._tables.issues[one.issue].app == app
            and one.at < before
            and any(one.terms.issuperset(probe) for probe in probes)
        ][:most]

    async def tags(self, app: str) -> Sequence[str]:
        """See ``Issues``."""
        await self._gate("tags")
        return sorted(self._tables.tags.get(app, ()))


def _day(begins: Instant, issues: Sequence[IssueRecord]) -> Day:
    opened = [one for one in issues if begins <= one.opened_at < begins + DAY]
    closed = [
        one
        for one in issues
        if one.closed_at is not None and begins <= one.closed_at < begins + DAY
    ]
    waited = [one.answered_at - one.opened_at for one in opened if one.answered_at is not None]
    return Day(
        begins=begins,
        opened=len(opened),
        closed=len(closed),
        answered_median=int(median(waited)) if waited else None,
    )


class MemorySerials:
    """See ``Serials``."""

    def __init__(self, database: MemoryDatabase, gate: Gate) -> None:
        self._serials = database.rooms.serials
        self._gate = gate

    async def take(self, name: str, count: int) -> int:
        """See ``Serials``."""
        await self._gate("serials")
        taken = self._serials.get(name, 0)
        self._serials[name] = taken + count
        return taken + 1
