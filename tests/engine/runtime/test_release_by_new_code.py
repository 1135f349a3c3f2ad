"""Releases from quarantine that the database hinders: by new code, by itself once, and by an operator."""

from __future__ import annotations

import pytest
import trio
from counters import COUNTER, Add, Fail
from engines import Gatekeeper, World, ask, events, make
from trio.testing import MockClock

from switchboard.engine.errors import Quarantined, SessionCrashed, StoreDown
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


class LosesReleases(Gatekeeper):
    """A database that releases, or not, and whose answer is lost."""

    def __init__(self, at: str) -> None:
        super().__init__()
        self._at = at

    async def __call__(self, name: str) -> None:
        """The gate."""
        await super().__call__(name)
        if name == self._at:
            raise StoreDown(name)


@pytest.mark.parametrize("happened", [True, False])
async def test_a_release_whose_answer_was_lost_leaves_the_session_as_the_database_has_it(
    happened: bool, autojump_clock: MockClock
) -> None:
    world = World((COUNTER,), Capacity(idle_seconds=None, restart_intensity=0))
    world.gate = LosesReleases("released" if happened else "release")
    async with world.engine() as engine:
        counter = await make(engine, world)
        with pytest.raises(SessionCrashed):
            await ask(engine, counter, Fail())
        await trio.sleep(1)
        with pytest.raises(StoreDown):
            await engine.release(counter)
        await trio.sleep(1)
        assert (counter in world.database.quarantine) == (not happened)
        if happened:
            assert (await ask(engine, counter, Add(amount=1))).total == 1
            assert len(events(engine, "session_released")) == 1
        else:
            with pytest.raises(Quarantined):
                await ask(engine, counter, Add(amount=1))
