"""What is sent to the commit's functions, and how notices are counted."""

from __future__ import annotations

from collections import Counter

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.store.bridge import Database
from switchboard.store.commit_groups import FIRST, OF_ROOMS, OF_TURNS, TURN, Group, Rows, call
from switchboard.store.migrations import migrate
from switchboard.store.turn_arrays import numbering

PARAMETERS = """
    SELECT name, type::regtype::text
    FROM pg_proc, unnest(proargnames[:pronargs], proargtypes::oid[]) AS parameter (name, type)
    WHERE proname = $1
"""


@pytest.mark.parametrize(
    ("function", "groups", "besides"),
    [
        ("commit_batch", OF_TURNS, dict.fromkeys(FIRST, "text")),
        ("commit_batch_rooms", OF_ROOMS, {"losers": "integer[]", "t_id": "text[]"}),
    ],
)
async def test_the_groups_are_the_parameters_of_the_functions(
    function: str, groups: tuple[Group, ...], besides: dict[str, str], database_url: str
) -> None:
    async with Database.open(database_url) as database:
        await migrate(database)
        connection = await database.run_apart(asyncpg.connect, database_url)
        rows = await database.run_apart(connection.fetch, PARAMETERS, function)
        connection.terminate()
    found = {row["name"]: row["type"] for row in rows}
    assert found.keys() == {*besides, *(name for group in groups for name in group.columns)}
    assert {name: found[name] for name in besides} == besides
    oids = {
        1000: "boolean[]",
        1001: "bytea[]",
        1005: "smallint[]",
        1007: "integer[]",
        1009: "text[]",
        1016: "bigint[]",
    }
    for group in groups:
        assert [found[name] for name in group.columns] == [oids[type_] for type_ in group.types]


def test_a_call_names_only_what_its_batch_has() -> None:
    rows = Rows()
    rows.add(TURN, "room", "id", 1, "turn", 0, 1, "open", None, b"{}", 5)
    statement = call(rows.shape)
    assert "commit_batch_rooms" not in statement
    assert statement.count("$") == len(FIRST) + len(TURN.columns)
    for group in OF_ROOMS:
        rows.of(group)
    assert "commit_batch_rooms(losers => t.losers, t_id => $4, p_ord => $13" in call(rows.shape)


@given(st.lists(st.sampled_from(["a", "b", "ä", "🚲", "￿", "a/b", ""])), st.data())
def test_notices_get_the_numbers_that_they_would_get_one_after_the_other(
    topics: list[str], data: st.DataObject
) -> None:
    before = {topic: data.draw(st.integers(0, 5), topic) for topic in sorted(set(topics))}
    counted = numbering(topics)
    assert counted.topics == sorted(before, key=str.encode)
    assert dict(zip(counted.topics, counted.counts, strict=True)) == Counter(topics)
    lasts = [
        before[topic] + count for topic, count in zip(counted.topics, counted.counts, strict=True)
    ]
    expected = []
    for topic in topics:
        before[topic] += 1
        expected.append(before[topic])
    assert counted.sequences(lasts) == expected
