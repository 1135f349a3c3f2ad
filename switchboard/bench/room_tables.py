"""Tables of rooms, filled by the database itself, for measuring how lists are read (see ``rooms.py`` beside it).

A tenth of all messages are in one long room, a tenth of the rooms belong to one member, a tenth of the issues have a
tag; 200 issues wait, however many there have been.
"""

from __future__ import annotations

from typing import NamedTuple

APP = "app"
LONG_ROOM = "r1"
MEMBER = "everywhere"
SHELF = "shelf"
WORD = "word"


class Size(NamedTuple):
    """How much there is."""

    rooms: int
    messages: int

    @property
    def in_long_room(self) -> int:
        """Its messages."""
        return self.messages // 10


FILL = (
    # In a list of rooms there is one a second, so that a page ends among some whose order the messages decide.
    """
    INSERT INTO session (kind, id, shard, version, phase, turn_id, summary, created_at, updated_at)
    SELECT 'room', 'r' || n, 0, 1, 'active', 't' || n, convert_to(repeat('x', 900), 'UTF8'), n, n
    FROM generate_series(1, {rooms}) AS n
    """,
    """
    INSERT INTO room (id, realm, serial, shelf, active_at, messages)
    SELECT 'r' || n, 'ally', n, 'shelf', n * 1000, 10 FROM generate_series(1, {rooms}) AS n
    """,
    """
    INSERT INTO room_member (room, account, id, joined_at, active_at)
    SELECT 'r' || n, a.account, 'i' || n, n, n * 1000
    FROM generate_series(1, {rooms}) AS n
    CROSS JOIN LATERAL unnest(ARRAY['a' || n, CASE WHEN n % 10 = 0 THEN 'everywhere' ELSE 'b' || n END])
        AS a (account)
    """,
    """
    INSERT INTO message (room, version, name, format, body, at, by, code_version, id, number)
    SELECT m.room, m.number, 'MessagePosted', 1, convert_to(repeat('x', 300), 'UTF8'), m.n, 'a', '1', 'm' || m.n,
        m.number
    FROM (
        SELECT n, CASE WHEN n % 10 = 0 THEN 'r1' ELSE 'r' || (2 + n % ({rooms} - 1)) END AS room,
            CASE WHEN n % 10 = 0 THEN n / 10 ELSE n END AS number
        FROM generate_series(1, {messages}) AS n
    ) AS m
    """,
    """
    INSERT INTO read_marker (room, reader, version, number, message, at)
    SELECT 'r' || n, r.reader, 1, 1, 'm', n
    FROM generate_series(1, {rooms}) AS n CROSS JOIN LATERAL unnest(ARRAY['staff', 'a' || n]) AS r (reader)
    """,
    """
    INSERT INTO issue (id, app, room, client, opened_at, closed_at, tags, first_version, last_version)
    SELECT 'i' || n, 'app', 'r' || n, 'a' || n, n, CASE WHEN n <= 200 THEN NULL ELSE n + 5 END,
        CASE WHEN n % 10 = 0 THEN ARRAY['vip'] ELSE '{{}}' END, 1, 1
    FROM generate_series(1, {rooms}) AS n
    """,
    """
    INSERT INTO issue_tag (issue, tag, app, is_open, opened_at)
    SELECT i.id, 'vip', i.app, i.closed_at IS NULL, i.opened_at FROM issue AS i WHERE 'vip' = ANY (i.tags)
    """,
    "SELECT count_issues(ARRAY(SELECT id FROM issue), 1)",
    """
    INSERT INTO question (issue, app, at, terms)
    SELECT 'i' || n, 'app', n, array_to_tsvector(ARRAY['aapp', 'wword' || n % 1000, 'wword' || (n * 7) % 1000])
    FROM generate_series(1, {rooms}) AS n
    """,
    "VACUUM ANALYZE",
)
"""One statement a table; braces hold the fields of a ``Size``."""
