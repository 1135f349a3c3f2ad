"""Fills a database with sessions of real shapes: a few are made by the engine, the database multiplies their rows.

A copy has ids of its own wherever the template has one, in columns and in encoded bodies, so that the engine loads it
and goes on with it like any other. Notices are left out: they are deleted after a day.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from switchboard.store.bridge import Connection

CHUNK: Final = 10_000
"""Sessions that one statement copies: a second or two."""

OWNED: Final = {
    "session": "id",
    "journal": "id",
    "snapshot": "id",
    "claim": "holder",
    "session_list": "id",
    "room": "id",
    "room_member": "room",
    "message": "room",
    "read_marker": "room",
}
"""Table -> its column with the session's id, in an order in which they can be written."""

WITHOUT_IDS: Final = frozenset({"kind", "phase", "name", "turn_id", "code_version", "realm"})
"""Columns of texts in which no id stands that must be another in a copy."""

TIME_DIGITS, TAIL_DIGITS = 8, 16
"""Of an id (engine/ids.py)."""

EARLIER_SECONDS: Final = 2_000_000
"""Than the template the first copy was made, and then one a second: neighbours in the order of making are neighbours
in the indexes, as with real ones."""


class Template(NamedTuple):
    """A session that the engine has made and that has left its memory."""

    kind: str
    ids: tuple[str, ...]
    """Its own, and all others that a copy must have another one for."""
    numbers: tuple[tuple[str, str], ...] = ()
    """What stands in its bodies, and the SQL expression of ``n`` that stands there in copy n."""

    def copy(self, number: int) -> tuple[str, ...]:
        """The ids of that copy, in the same order."""
        return tuple(_copied(id, number) for id in self.ids)


def _copied(id: str, number: int) -> str:
    tail = hashlib.md5(f"{id}/{number}".encode(), usedforsecurity=False).hexdigest()
    return f"{_first_second(id) + number:0{TIME_DIGITS}x}{tail[:TAIL_DIGITS]}"


def _first_second(id: str) -> int:
    return int(id[:TIME_DIGITS], 16) - EARLIER_SECONDS


async def multiply(
    connection: Connection, template: Template, count: int, progress: Callable[[int], None]
) -> None:
    """Makes the copies 0 to ``count`` - 1; ``progress`` is told of so many more."""
    statements = [await _statement(connection, table, template) for table in OWNED]
    statements.append(_topics(template))
    for first in range(0, count, CHUNK):
        made = min(CHUNK, count - first)
        await connection.execute("DROP TABLE IF EXISTS copy")
        await connection.execute(_ids(template, first, made))
        for statement in statements:
            await connection.execute(statement)
        progress(made)


async def begin(connection: Connection) -> None:
    """Spares the filling what only a crash would need; a server that has just been made lets us."""
    await connection.execute("ALTER SYSTEM SET max_wal_size = '32GB'")
    await connection.execute("ALTER SYSTEM SET autovacuum = off")
    await connection.execute("SELECT pg_reload_conf()")
    await connection.execute("SET synchronous_commit = off")


async def finish(connection: Connection) -> None:
    """Leaves tables as they are after a quiet night: nothing that is written later is due to the filling."""
    await connection.execute("VACUUM ANALYZE")
    await connection.execute("ALTER SYSTEM RESET ALL")
    await connection.execute("SELECT pg_reload_conf()")
    await connection.execute("CHECKPOINT")


def _ids(template: Template, first: int, count: int) -> str:
    columns = [
        f"lpad(to_hex({_first_second(id)} + n), {TIME_DIGITS}, '0') "
        f"|| left(md5('{id}/' || n), {TAIL_DIGITS}) AS i{place}"
        for place, id in enumerate(template.ids)
    ] + [f"({value})::text AS v{place}" for place, (_, value) in enumerate(template.numbers)]
    source = f"generate_series({first}, {first + count - 1}) AS n"
    return f"CREATE TEMPORARY TABLE copy AS SELECT {', '.join(columns)} FROM {source}"


async def _statement(connection: Connection, table: str, template: Template) -> str:
    """Copies that table's rows of the template for each row of ``copy``."""
    columns = await connection.fetch(
        """
        SELECT column_name::text AS name, data_type::text AS type FROM information_schema.columns
        WHERE table_schema = current_schema() AND table_name = $1 AND is_identity = 'NO'
        ORDER BY ordinal_position
        """,
        table,
    )
    key = OWNED[table]
    names = [row["name"] for row in columns]
    values = [_value(row, key, template) for row in columns]
    joined = ""
    if table == "session_list":
        values[names.index("serial")] = "s.serial"
        joined = "JOIN session AS s ON s.kind = t.kind AND s.id = c.i0"
    kind = f" AND t.kind = '{template.kind}'" if "kind" in names else ""
    return (
        f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(values)} FROM copy AS c "
        f"CROSS JOIN {table} AS t {joined} WHERE t.{key} = '{template.ids[0]}'{kind}"
    )


def _value(column: Any, key: str, template: Template) -> str:
    name = column["name"]
    if name == key:
        return "c.i0"
    if name in WITHOUT_IDS:
        return f"t.{name}"
    if column["type"] == "text":
        return _replaced(f"t.{name}", template)
    if column["type"] == "bytea":
        replaced = _replaced(f"convert_from(t.{name}, 'UTF8')", template)
        return f"convert_to({replaced}, 'UTF8')"
    return f"t.{name}"


def _replaced(expression: str, template: Template) -> str:
    for place, id in enumerate(template.ids):
        expression = f"replace({expression}, '{id}', c.i{place})"
    for place, (text, _) in enumerate(template.numbers):
        expression = f"replace({expression}, '{text}', c.v{place})"
    return expression


def _topics(template: Template) -> str:
    """The counters of what its people were told."""
    topics = ", ".join(f"'account/{id}'" for id in template.ids)
    return (
        f"INSERT INTO topic (topic, sequence) SELECT {_replaced('t.topic', template)}, t.sequence "
        f"FROM copy AS c CROSS JOIN topic AS t WHERE t.topic = ANY (ARRAY[{topics}])"
    )
