"""The measurement of lists in its smallest form: every query of the store runs and is explained."""

from __future__ import annotations

import pytest

from switchboard.bench.room_tables import Size
from switchboard.bench.rooms import measure, queries

SMALL = Size(rooms=300, messages=3000)


@pytest.mark.timeout(60)
async def test_every_list_is_measured_and_each_finds_something(database_url: str) -> None:
    costs = await measure(SMALL, database_url)
    assert len(costs) == len(queries(SMALL))
    for query, cost in zip(queries(SMALL), costs, strict=True):
        assert cost.indexes, query.name
        assert 0 < cost.pages < 3000, query.name
