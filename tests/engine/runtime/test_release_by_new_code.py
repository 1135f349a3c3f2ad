"""New code tries a quarantined session once by itself, and an outage just then is an outage and no crash."""

from __future__ import annotations

import pytest
import trio
from counters import COUNTER, Add, Fail
from engines import Gatekeeper, World, ask, events, make
from trio.testing import MockClock

from switchboard.engine.errors import SessionCrashed, StoreDown
from switchboard.engine.ports import Capacity


class DownForReleases(Gatekeeper):
    """A database that goes away between the load and the release."""

    async def __call__(self, name: str) -> None:
        """The gate."""
        await super().__call__(name)
        if name == "release":
            raise StoreDown(name)


async def test_an_outage_while_new_code_releases_a_session_is_answered_as_an_outage(
    autojump_clock: MockClock,
) -> None:
    world = World((COUNTER,), Capacity(idle_seconds=None, restart_intensity=0))
    async with world.engine() as engine:
        counter = await make(engine, world)
        with pytest.raises(SessionCrashed):
            await ask(engine, counter, Fail())
        await trio.sleep(1)
        assert len(events(engine, "session_quarantined")) == 1
    world.code_version = "test-2"
    always, world.gate = world.gate, DownForReleases()
    async with world.engine() as engine:
        with pytest.raises(StoreDown):
            await ask(engine, counter, Add(amount=1))
        assert events(engine, "session_crashed") == []
    world.gate = always
    async with world.engine() as engine:
        assert (await ask(engine, counter, Add(amount=1))).total == 1
