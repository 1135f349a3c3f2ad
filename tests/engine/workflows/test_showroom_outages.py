"""The showroom through restarts, outages, lost answers and crashes."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import trio
from engines import events
from houses import House
from trio.testing import MockClock

from switchboard.engine.errors import (
    CommitUnknown,
    Engaged,
)
from switchboard.engine.runtime.letter import Key
from switchboard.engine.sessions.kind import Address, Context, Event
from switchboard.engine.sessions.person import GoOffline
from switchboard.engine.sessions.stream import STREAM, OfferStream, Stream

LATITUDE, LONGITUDE = 10.0, 106.0


async def test_after_a_restart_offers_stand_and_who_waits_is_served(
    autojump_clock: MockClock,
) -> None:
    house = House()
    async with house.running():
        await house.online("a")
        await house.online("b")
        busy = await house.accept(await house.request(), "b")
        first = await house.request()
        await trio.sleep(29)
        await house.showroom.ping(house.people["b"])
    async with house.running():
        assert await house.offered(first) == "a"
        await trio.sleep(2)
        assert await house.offered(first) is None
        await house.showroom.ping(house.people["b"])
        with pytest.raises(Engaged):
            await house.engine.ask(
                Address("stream", first.id), OfferStream(dealer=house.people["b"]), by="system:test"
            )
    async with house.running():
        await house.showroom.stop(busy.id, None)
        assert await house.offered(first) == "b"


async def test_a_watchdog_counts_no_downtime_and_a_promise_to_the_visitor_does(
    autojump_clock: MockClock,
) -> None:
    house = House()
    async with house.running():
        await house.online("a")
        await house.online("b")
        live = await house.accept(await house.request(), "b")
        waiting = await house.request()
    await trio.sleep(3600)
    async with house.running():
        await trio.sleep(1)
        assert (await house.read(live)).phase == "streaming"
        assert (await house.read(waiting)).phase == "missed"
        await trio.sleep(300)  # The stream is not in memory yet, and is known all the same.
        await house.showroom.ping(house.people["b"])
        await trio.sleep(595)
        assert (await house.read(live)).phase == "streaming"
        await trio.sleep(10)
        assert (await house.read(live)).phase == "expired"


async def test_news_of_a_dealer_who_left_is_heard_though_the_engine_died_with_it(
    autojump_clock: MockClock,
) -> None:
    """The offline is committed, and with it what tells the showroom."""
    house = House()
    async with house.running():
        await house.online("b")
        dealer = await house.online("a")
        stream = await house.request()
        # The engine is gone before anybody could act upon it.
        await house.engine.ask(Address("person", dealer), GoOffline(id=dealer), by=dealer)
        house.world.gate.down = True
    house.world.gate.down = False
    async with house.running():
        await trio.sleep(1)
        assert await house.offered(stream) == "b"


async def test_old_news_of_a_dealer_who_is_back_takes_no_offer_from_it(
    autojump_clock: MockClock,
) -> None:
    house = House()
    house.world.gate.refused = frozenset({"outbox_done"})
    async with house.running():
        await house.online("a")
        await house.offline("a")
        await trio.sleep(1)
        await house.online("a")
        stream = await house.request()
    assert house.world.database.outbox
    house.world.gate.refused = frozenset()
    async with house.running():
        await trio.sleep(2)
        assert not house.world.database.outbox
        journal = house.world.database.journal[Address("stream", stream.id)]
        assert [entry.name for entry in journal] == ["StreamRequested"]


NO_LOOK_UPS = frozenset({"claims"})
"""The database answers nobody who asks whom a session engages."""


async def test_a_stream_that_crashes_when_it_is_offered_is_in_no_other_streams_way(
    autojump_clock: MockClock,
) -> None:
    """Nor does it end the seeking, and with it the server."""
    cursed: list[str] = []

    def decide(stream: Stream | None, command: Any, context: Context) -> tuple[Event, ...]:
        if isinstance(command, OfferStream) and stream is not None and stream.id in cursed:
            raise RuntimeError("a planted bug")
        return STREAM.decide(stream, command, context)

    house = House(dataclasses.replace(STREAM, decide=decide))
    async with house.running():
        await house.online("a")
        await house.online("b")
        first = await house.request()
        cursed.append(first.id)
        second = await house.request()
        await trio.sleep(29)
        for name in ("c", "d"):
            await house.online(name)
        await trio.sleep(5)
        assert await house.offered(second) in ("c", "d")
        assert await house.offered(first) is None
        cursed.clear()
        await trio.sleep(31)
        assert await house.offered(first) is not None


async def test_who_waits_at_the_start_is_served_at_once_if_somebody_is_free(
    autojump_clock: MockClock,
) -> None:
    house = House()
    async with house.running():
        await house.online("a")
        stream = await house.request()
        await trio.sleep(31)
        house.world.gate.refused = NO_LOOK_UPS
        await house.online("b")
    house.world.gate.refused = frozenset()
    async with house.running():
        assert await house.offered(stream) == "b"


async def test_what_an_outage_kept_from_being_found_is_found_when_the_stream_asks_again(
    autojump_clock: MockClock,
) -> None:
    house = House()
    async with house.running():
        await house.online("a")
        stream = await house.request()
        await trio.sleep(31)
        assert await house.offered(stream) is None
        house.world.gate.refused = NO_LOOK_UPS
        await house.online("b")
        assert await house.offered(stream) is None
        assert events(house.engine, "seek_failed")
        house.world.gate.refused = frozenset()
        await trio.sleep(31)
        assert await house.offered(stream) == "b"


async def test_an_offer_whose_answer_was_lost_is_not_made_twice(autojump_clock: MockClock) -> None:
    house = House()
    async with house.running():
        await house.online("a")
        await house.online("b")
        house.world.gate.lose_answers = 1
        key = Key("people/visitor/request/1", b"digest")
        with pytest.raises(CommitUnknown):
            await house.request("g", key)
        await trio.sleep(1)
        stream = await house.request("g", key)
        assert await house.offered(stream) == "b"
        streams = [a for a in house.world.database.sessions if a.kind == "stream"]
        assert len(streams) == 1
        assert set(house.world.database.claims["engagement"]) == {house.people["b"]}
