"""What pages of rooms, messages and issues cost in small and in large tables: ``python -m switchboard.bench.rooms``.

Each query of the store runs on tables filled to two sizes, in a Postgres of its own that ends with this. What counts is
the number of database pages that it touches, which is the same each time on every machine; the time is shown beside it.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import click
import trio
from rich.console import Console
from rich.table import Table

from switchboard.bench.room_tables import APP, FILL, LONG_ROOM, MEMBER, SHELF, WORD, Size
from switchboard.engine.queries.similarity import probes_of
from switchboard.store import queries_issues as issues
from switchboard.store import queries_messages as messages
from switchboard.store import queries_rooms as rooms
from switchboard.store.bridge import Connection, Database
from switchboard.store.embedded import embedded_postgres
from switchboard.store.migrations import migrate
from switchboard.store.queries import LOAD

PAGE = 100
"""contracts/README.md: the longest page of any list."""

LATER = 10**15
"""After everything that there is."""

FILL_SECONDS_MOST = 900.0
"""A million messages with their indexes take a minute or two."""


class Query(NamedTuple):
    """One of the store's, with what to ask it for."""

    name: str
    sql: str
    args: tuple[Any, ...]


class Cost(NamedTuple):
    """Of one query."""

    pages: int
    milliseconds: float
    indexes: tuple[str, ...]


def queries(size: Size) -> list[Query]:
    """Those behind every list of rooms, on a table of that size."""
    in_long_room = size.in_long_room
    open_issues = issues.PAGE.format(source=f"{issues.ALL} {issues.STANDING[True]}", wanted="true")
    closed_issues = issues.PAGE.format(
        source=f"{issues.ALL} {issues.STANDING[False]}", wanted="false"
    )
    tagged = issues.PAGE.format(
        source=issues.TAGGED.format(standing=issues.TAGGED_STANDING[False]), wanted="false"
    )
    alike = issues._tsquery(APP, probes_of(f"{WORD}7 {WORD}11"))
    ids = [f"r{number}" for number in range(2, PAGE + 2)]
    return [
        Query("loading a hundred rooms", LOAD, (["room"] * PAGE, ids)),
        Query("newest messages of a room", messages.BEFORE, (LONG_ROOM, LATER, PAGE)),
        Query("a page in the middle", messages.PAGE, (LONG_ROOM, in_long_room // 2, PAGE)),
        Query("messages after one", messages.AFTER, (LONG_ROOM, in_long_room // 2, PAGE)),
        Query("messages by id", messages.BY_IDS, ([f"m{n}" for n in range(1, PAGE + 1)],)),
        Query("rooms of a member", rooms.OF_MEMBER, (MEMBER, 0, PAGE)),
        Query("rooms of a shelf", rooms.ON_SHELF, (SHELF, 0, PAGE, "staff")),
        Query("members of rooms", rooms.MEMBERS, (ids, PAGE)),
        Query("open issues, queued", open_issues, (APP, 0, PAGE)),
        Query("closed issues", closed_issues, (APP, 0, PAGE)),
        Query("closed issues of a tag", tagged, (APP, 0, PAGE, "vip")),
        Query("how many issues", issues.COUNT, (APP, "", None)),
        Query("questions alike", issues.ALIKE, (alike, LATER, APP, PAGE)),
    ]


async def _cost(connection: Connection, query: Query) -> Cost:
    explained = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {query.sql}"
    await connection.fetchval(explained, *query.args)  # The first reads the pages from the disk.
    (told,) = json.loads(await connection.fetchval(explained, *query.args))
    plan = told["Plan"]
    pages = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    return Cost(pages, told["Execution Time"], tuple(dict.fromkeys(_indexes(plan))))


def _indexes(plan: dict[str, Any]) -> list[str]:
    """What the plan reads, indexes by their names and tables that are read whole by theirs."""
    found = [plan["Index Name"]] if "Index Name" in plan else []
    if plan["Node Type"] == "Seq Scan":
        found.append(f"all of {plan['Relation Name']}")
    return found + [name for inner in plan.get("Plans", ()) for name in _indexes(inner)]


async def _filled(connection: Connection, size: Size) -> None:
    for statement in FILL:
        await connection.execute(statement.format(**size._asdict()), timeout=FILL_SECONDS_MOST)


def _unheard(_event: str, /, **_fields: object) -> None:
    """What a server of this says of itself."""


async def measure(size: Size, url: str) -> list[Cost]:
    """Fills that empty database and asks each query."""
    async with Database.open(url, allow_unsafe=True) as database:
        await migrate(database)
        apart = await database.run_apart(
            lambda: database.connect(FILL_SECONDS_MOST, statement_timeout="0")
        )
        await database.run_apart(_filled, apart, size)
        costs = [await database.run_apart(_cost, apart, query) for query in queries(size)]
        await database.run_apart(apart.close)
    return costs


async def both(small: Size, large: Size, folder: Path) -> list[tuple[Query, Cost, Cost]]:
    """Each query with its cost at both sizes."""
    costs: list[list[Cost]] = []
    for name, size in (("small", small), ("large", large)):
        async with embedded_postgres(folder / name, _unheard) as server:
            costs.append(await measure(size, server.url))
    few, many = costs
    return list(zip(queries(large), few, many, strict=True))


@click.command()
@click.option("--rooms", "count", default=100_000, show_default=True, help="Rooms.")
@click.option("--messages", "said", default=1_000_000, show_default=True, help="Messages.")
def main(count: int, said: int) -> None:
    """Compare pages of a thousand rooms and ten thousand messages with those of as many as are asked for."""
    large = Size(rooms=count, messages=said)
    table = Table(box=None, pad_edge=False, title=f"1,000 rooms beside {count:,}")
    for column in ("list", "pages", "large", "ms", "large", "read through"):
        table.add_column(column, justify="left" if column in ("list", "read through") else "right")
    small = Size(rooms=1000, messages=10_000)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        # The server does not run as root, and has to reach its files.
        folder.chmod(0o755)
        found = trio.run(both, small, large, folder)
    for query, few, many in found:
        times = f"{few.milliseconds:.2f}", f"{many.milliseconds:.2f}"
        read = ", ".join(many.indexes)
        table.add_row(query.name, str(few.pages), str(many.pages), *times, read)
    Console(width=160).print(table)


if __name__ == "__main__":
    main()
