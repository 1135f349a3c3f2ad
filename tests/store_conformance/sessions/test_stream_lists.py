"""The lists of an organization's streams, in Postgres and in memory, held to the same behaviour."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from session_stores import NOW, World, commit, turn

from switchboard.engine.queries.streams import StreamFilter
from switchboard.engine.sessions.kind import Address, ListEntry
from switchboard.engine.sessions.stream import StreamStatus, StreamSummary, in_status
from switchboard.store.postgres import PostgresStore

HOUR = 3_600_000
STATUSES: tuple[StreamStatus, ...] = ("stopped", "missed", "completed")


async def stored(
    world: World, number: int, status: StreamStatus, at: int, organization: str = "house"
) -> str:
    """A stream as its own commit writes it, as far as lists see."""
    id = f"{number:024x}"
    summary = StreamSummary(
        id=id,
        status=status,
        organization=organization,
        vin="xxx",
        guest=None,
        offered_to=None,
        dealer=None,
        dealer_name=None,
        note=None,
        lead=None,
        duration=None,
        created_at=at,
        updated_at=at,
        started_at=None,
        stopped_at=None,
    )
    listed = (
        ListEntry("streams-of", organization),
        ListEntry(in_status(status), organization),
    )
    await commit(
        world.store.sessions,
        turn(
            id,
            at=at,
            address=Address("stream", id),
            phase=status,
            listed=listed,
            summary=msgspec.json.encode(summary),
        ),
    )
    return id


async def page(world: World, **wanted: Any) -> list[int]:
    """The numbers of the streams on that page."""
    fields: dict[str, Any] = {"organization": "house", "limit": 100} | wanted
    found = await world.store.streams.page(StreamFilter(**fields))
    return [int(stream.id, 16) for stream in found]


@pytest.fixture
async def filled(world: World) -> World:
    """Twelve streams, an hour apart, each third of one status; and some of another house."""
    for number in range(12):
        await stored(world, number, STATUSES[number % 3], NOW + number * HOUR)
        await stored(world, 100 + number, "stopped", NOW + number * HOUR, "other")
    return world


async def test_streams_are_listed_newest_first_or_oldest_first_and_paged(filled: World) -> None:
    assert await page(filled) == list(reversed(range(12)))
    assert await page(filled, ascending=True) == list(range(12))
    assert await page(filled, skip=3, limit=4) == [8, 7, 6, 5]
    assert await page(filled, ascending=True, skip=10) == [10, 11]
    assert await page(filled, skip=12) == []
    assert await page(filled, limit=0) == []
    assert await page(filled, organization="nobody's") == []


async def test_a_page_of_several_statuses_is_merged_in_order(filled: World) -> None:
    assert await page(filled, statuses=("missed",)) == [10, 7, 4, 1]
    assert await page(filled, statuses=("missed", "stopped")) == [10, 9, 7, 6, 4, 3, 1, 0]
    wanted = ("completed", "missed")
    assert await page(filled, statuses=wanted, skip=2, limit=3) == [8, 7, 5]
    assert await page(filled, statuses=wanted, skip=2, limit=3, ascending=True) == [4, 5, 7]
    assert await page(filled, statuses=("expired",)) == []


async def test_a_page_is_of_the_time_that_is_asked_for_both_ends_included(filled: World) -> None:
    since, until = NOW + 3 * HOUR, NOW + 6 * HOUR
    assert await page(filled, created_from=since, created_to=until) == [6, 5, 4, 3]
    assert await page(filled, created_from=since + 1, created_to=until - 1) == [5, 4]
    assert await page(filled, created_from=NOW + 10 * HOUR) == [11, 10]
    assert await page(filled, created_to=NOW + HOUR, ascending=True) == [0, 1]
    assert await page(filled, created_from=NOW + 99 * HOUR) == []
    assert await page(filled, created_to=NOW - 1) == []
    assert await page(filled, created_from=since, statuses=("missed",), limit=2) == [10, 7]


async def test_streams_asked_for_by_id_are_those_of_the_organization_alone(filled: World) -> None:
    ids = tuple(f"{number:024x}" for number in (2, 101, 7, 999))
    assert await page(filled, ids=ids) == [7, 2]
    assert await page(filled, ids=ids, statuses=("completed",)) == [2]
    assert await page(filled, ids=ids, limit=1, ascending=True) == [2]
    assert await page(filled, ids=()) == []
    assert await page(filled, ids=("not an id",)) == []


async def test_a_stream_made_while_the_clock_was_behind_is_found_at_its_own_time(
    world: World,
) -> None:
    """Its serial is later than that of a stream whose instant is later."""
    await stored(world, 0, "stopped", NOW + HOUR // 2)
    await stored(world, 1, "stopped", NOW)
    assert await page(world, created_to=NOW) == [1]
    assert await page(world, created_from=NOW + 1) == [0]


async def test_a_page_is_read_from_the_indexes(filled: World) -> None:
    """Whatever is filtered by, no table is read from its beginning to its end."""
    if not isinstance(filled.store, PostgresStore):
        return
    from switchboard.store import streams

    lasts: tuple[tuple[str, Any], ...] = ((streams.BY_LIST, HOUR), (streams.BY_ID, ["0" * 24]))
    for query, last in lasts:
        arguments = [["streams-of"], "house", NOW, NOW + HOUR, 0, 20, last]

        async def explained(
            connection: Any, query: str = query, arguments: Any = arguments
        ) -> list[str]:
            async with connection.transaction():
                await connection.execute("SET LOCAL enable_seqscan = off")
                rows = await connection.fetch(f"EXPLAIN {query.format(order='DESC')}", *arguments)
            return [row[0] for row in rows]

        plan = "\n".join(await filled.store.database.run(explained))
        assert "Seq Scan" not in plan
        assert "session_list_pkey" in plan
