"""The port ``Rooms`` on Postgres."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from switchboard.engine.queries.rooms import ListedRoom, Membership, ReadMarker
from switchboard.engine.sessions.room import LISTED_EVERY
from switchboard.store.bridge import Connection, Database

LISTED: Final = """
    SELECT l.listed AS id, s.summary, k AS marker
    FROM ({page}) AS l
    JOIN session AS s ON s.kind = 'room' AND s.id = l.listed
    LEFT JOIN read_marker AS k ON k.room = l.listed AND k.reader = {reader}
    ORDER BY {order}
"""
"""A page of ids is found in one index first, and only its rooms are looked up."""

LATEST_FIRST: Final = f"""
    WITH ends AS MATERIALIZED (
        SELECT
            (
                SELECT c.active_at FROM {{source}} AS c WHERE {{where}}
                ORDER BY c.active_at DESC, c.{{id}} DESC OFFSET $2 LIMIT 1
            ) + {LISTED_EVERY} AS upper,
            coalesce((
                SELECT c.active_at FROM {{source}} AS c WHERE {{where}}
                ORDER BY c.active_at DESC, c.{{id}} DESC OFFSET greatest($2::bigint + $3::bigint - 1, 0) LIMIT 1
            ), 0) - {LISTED_EVERY} AS lower
    )
    SELECT c.*, c.{{id}} AS listed, greatest(c.active_at, m.at) AS latest
    FROM {{source}} AS c
    LEFT JOIN LATERAL (
        SELECT m.at FROM message AS m WHERE m.room = c.{{id}} ORDER BY m.version DESC LIMIT 1
    ) AS m ON true
    WHERE {{where}} AND c.active_at >= (SELECT lower FROM ends) AND c.active_at <= (SELECT upper FROM ends)
    ORDER BY latest DESC, c.{{id}} DESC
    OFFSET $2::bigint - (
        SELECT count(*) FROM {{source}} AS c WHERE {{where}} AND c.active_at > (SELECT upper FROM ends)
    )
    LIMIT $3
"""
"""A page in the order of the last messages, of rows whose ``active_at`` may be behind by less than LISTED_EVERY. So
only what is near the page by that column can stand on it: of that the last messages are looked at, and what certainly
comes before it is only counted. Parameters: $2 how many are skipped, $3 the limit."""

OF_MEMBER: Final = LISTED.format(
    page=LATEST_FIRST.format(source="room_member", id="room", where="c.account = $1"),
    reader="$1",
    order="l.latest DESC, l.listed DESC",
)

ON_SHELF: Final = LISTED.format(
    page=LATEST_FIRST.format(source="room", id="id", where="c.shelf = $1"),
    reader="$4",
    order="l.latest DESC, l.listed DESC",
)

BY_IDS: Final = LISTED.format(
    page="SELECT a.listed, a.place FROM unnest($1::text[]) WITH ORDINALITY AS a (listed, place)",
    reader="$2",
    order="l.place",
)

MEMBERS: Final = """
    SELECT m.* FROM unnest($1::text[]) AS a (room)
    CROSS JOIN LATERAL (
        SELECT * FROM room_member AS m WHERE m.room = a.room ORDER BY m.joined_at, m.account LIMIT $2
    ) AS m
    ORDER BY m.room, m.joined_at, m.account
"""

MEMBERSHIPS: Final = LATEST_FIRST.format(source="room_member", id="room", where="c.account = $1")

SHARED: Final = """
    SELECT a.account FROM unnest($2::text[]) AS a (account)
    WHERE EXISTS (
        SELECT FROM room_member AS mine
        JOIN room_member AS theirs ON theirs.room = mine.room AND theirs.account = a.account
        WHERE mine.account = $1
    )
"""

COMPANY: Final = """
    SELECT DISTINCT theirs.account FROM room_member AS mine
    JOIN room_member AS theirs ON theirs.room = mine.room
    WHERE mine.account = $1 ORDER BY theirs.account LIMIT $2
"""

MARKERS: Final = """
    SELECT k.* FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS a (room, reader, place)
    JOIN read_marker AS k ON k.room = a.room AND k.reader = a.reader ORDER BY a.place
"""

MARK: Final = """
    INSERT INTO read_marker AS kept (room, reader, version, number, message, at)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (room, reader) DO UPDATE
    SET version = excluded.version, number = excluded.number, message = excluded.message, at = excluded.at
    WHERE kept.version < excluded.version
"""


class PostgresRooms:
    """See ``Rooms``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_member(self, account: str, skip: int, limit: int) -> Sequence[ListedRoom]:
        """See ``Rooms``."""
        return await self._database.run(_listed, OF_MEMBER, account, skip, max(limit, 0))

    async def on_shelf(
        self, shelf: str, reader: str, skip: int, limit: int
    ) -> Sequence[ListedRoom]:
        """See ``Rooms``."""
        return await self._database.run(_listed, ON_SHELF, shelf, skip, max(limit, 0), reader)

    async def by_ids(self, ids: Sequence[str], reader: str) -> Sequence[ListedRoom]:
        """See ``Rooms``."""
        return await self._database.run(_listed, BY_IDS, list(ids), reader)

    async def by_serial(self, realm: str, serial: int) -> str | None:
        """See ``Rooms``."""
        return await self._database.run(_by_serial, realm, serial)

    async def members(self, rooms: Sequence[str], most: int) -> Mapping[str, Sequence[Membership]]:
        """See ``Rooms``."""
        found: dict[str, list[Membership]] = {}
        for one in await self._database.run(_memberships, MEMBERS, list(rooms), most):
            found.setdefault(one.room, []).append(one)
        return found

    async def membership(self, room: str, account: str) -> Membership | None:
        """See ``Rooms``."""
        sql = "SELECT * FROM room_member WHERE room = $1 AND account = $2"
        found = await self._database.run(_memberships, sql, room, account)
        return found[0] if found else None

    async def memberships(self, account: str, skip: int, limit: int) -> Sequence[Membership]:
        """See ``Rooms``."""
        return await self._database.run(_memberships, MEMBERSHIPS, account, skip, max(limit, 0))

    async def shared(self, account: str, others: Sequence[str]) -> frozenset[str]:
        """See ``Rooms``."""
        return frozenset(await self._database.run(_accounts, SHARED, account, list(others)))

    async def company(self, account: str, most: int) -> Sequence[str]:
        """See ``Rooms``."""
        return await self._database.run(_accounts, COMPANY, account, most)

    async def markers(self, rooms: Sequence[str], readers: Sequence[str]) -> Sequence[ReadMarker]:
        """See ``Rooms``."""
        return await self._database.run(_markers, list(rooms), list(readers))

    async def mark(self, marker: ReadMarker) -> ReadMarker:
        """See ``Rooms``."""
        return await self._database.run(_mark, marker)


async def _listed(connection: Connection, sql: str, *args: Any) -> list[ListedRoom]:
    return [
        ListedRoom(
            id=row["id"],
            summary=row["summary"],
            marker=None if row["marker"] is None else _marker(row["marker"]),
        )
        for row in await connection.fetch(sql, *args)
    ]


async def _by_serial(connection: Connection, realm: str, serial: int) -> str | None:
    found: str | None = await connection.fetchval(
        "SELECT id FROM room WHERE realm = $1 AND serial = $2", realm, serial
    )
    return found


async def _memberships(connection: Connection, sql: str, *args: Any) -> list[Membership]:
    return [
        Membership(
            room=row["room"],
            account=row["account"],
            id=row["id"],
            joined_at=row["joined_at"],
        )
        for row in await connection.fetch(sql, *args)
    ]


async def _accounts(connection: Connection, sql: str, *args: Any) -> list[str]:
    return [row["account"] for row in await connection.fetch(sql, *args)]


async def _markers(
    connection: Connection, rooms: Sequence[str], readers: Sequence[str]
) -> list[ReadMarker]:
    return [_marker(row) for row in await connection.fetch(MARKERS, rooms, readers)]


async def _mark(connection: Connection, marker: ReadMarker) -> ReadMarker:
    await connection.execute(
        MARK,
        marker.room,
        marker.reader,
        marker.sequence,
        marker.number,
        marker.message,
        marker.at,
    )
    (standing,) = await _markers(connection, [marker.room], [marker.reader])
    return standing


def _marker(row: Any) -> ReadMarker:
    return ReadMarker(
        room=row["room"],
        reader=row["reader"],
        sequence=row["version"],
        number=row["number"],
        message=row["message"],
        at=row["at"],
    )
