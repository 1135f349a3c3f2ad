"""What the tests of the session store share: each runs on Postgres and in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from session_stores import World, open_world

from switchboard.engine.ports import Sessions


@pytest.fixture(params=["memory", "postgres"])
def store_url(request: pytest.FixtureRequest) -> str | None:
    """The database of this test, or None for the store in memory."""
    return request.getfixturevalue("database_url") if request.param == "postgres" else None


@pytest.fixture
async def world(store_url: str | None) -> AsyncIterator[World]:
    """A store of its own, and the means to disturb it."""
    async with open_world(store_url) as opened:
        yield opened


@pytest.fixture
def sessions(world: World) -> Sessions:
    """The port under test."""
    return world.store.sessions
