"""What the tests of the stores share: each test runs on Postgres and in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from record_stores import Records, open_records


@pytest.fixture(params=["memory", "postgres"])
def records_url(request: pytest.FixtureRequest) -> str | None:
    """The database of this test, or None for the store in memory."""
    return request.getfixturevalue("database_url") if request.param == "postgres" else None


@pytest.fixture
async def records(records_url: str | None) -> AsyncIterator[Records]:
    """The record stores of each kind, empty."""
    async with open_records(records_url) as opened:
        yield opened
