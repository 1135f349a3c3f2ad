"""Operators who are connected keep their rooms; those who have left lose them in their time."""

from __future__ import annotations

import pytest
from engines import Gatekeeper
from relay_worlds import RelayWorld, relay_world
from transport_peers import until
from trio.testing import MockClock, wait_all_tasks_blocked

from switchboard.engine.workflows.rooms import RoomSettings

MINUTE = 60


async def passes(clock: MockClock, minutes: int) -> None:
    """Minute by minute, and whatever falls due is done."""
    for _ in range(minutes):
        clock.jump(MINUTE)
        await wait_all_tasks_blocked()


async def holder(world: RelayWorld, room: str) -> str | None:
    """Who holds the room."""
    return (await world.desk.world.services.rooms.get(room)).holder


@pytest.mark.parametrize("idle_seconds", [None, 30.0])
async def test_an_operator_who_is_connected_keeps_its_rooms(
    mock_clock: MockClock, idle_seconds: float | None
) -> None:
    """Also where the room has left the memory meanwhile; 15 minutes after the last connection it is free."""
    async with relay_world(idle_seconds=idle_seconds) as world:
        ann = await world.desk.client("ann")
        one, other = await world.desk.staff("one"), await world.desk.staff("other")
        room, left = await ann.room(), world.server
        async with world.peer(other) as o:
            async with world.peer(one) as mine, world.peer(one) as tab:
                await one.ok("PUT", f"/room/{room}/active")
                for peer in (o, mine, tab):
                    assert (await peer.content("room_active"))["operator"] == one.id
                await passes(mock_clock, 20)
                await tab.quiet()
                await tab.socket.aclose()
                await until(lambda: left.counted("websockets") == 2)
                await passes(mock_clock, 20)
                assert await holder(world, room) == one.id
                # It leaves between two hearings.
                mock_clock.jump(50)
                # trio-websocket fails if a ping meets its own close: now it has answered.
                await mine.quiet()
            await until(lambda: left.counted("websockets") == 1)
            await wait_all_tasks_blocked()
            await passes(mock_clock, 14)
            mock_clock.jump(30)
            await wait_all_tasks_blocked()
            assert await holder(world, room) == one.id
            await passes(mock_clock, 1)
            await until(lambda: world.desk.world.engine.statistics()["asking"] == 0)
            assert (await o.content("room_active")) == {"room": room, "operator": None}
            assert await holder(world, room) is None


async def test_a_short_patience_is_met_by_hearing_more_often(mock_clock: MockClock) -> None:
    async with relay_world(rooms=RoomSettings(holder_timeout=3_000)) as world:
        ann, one = await world.desk.client("ann"), await world.desk.staff("one")
        room = await ann.room()
        async with world.peer(one):
            await one.ok("PUT", f"/room/{room}/active")
            for _ in range(10):
                mock_clock.jump(1)
                await wait_all_tasks_blocked()
            assert await holder(world, room) == one.id


async def test_an_outage_of_the_database_costs_nobody_a_room(mock_clock: MockClock) -> None:
    """It is tried again in time."""
    gate = Gatekeeper()
    async with relay_world(gate=gate) as world:
        ann, one = await world.desk.client("ann"), await world.desk.staff("one")
        room = await ann.room()
        async with world.peer(one) as o:
            await one.ok("PUT", f"/room/{room}/active")
            await o.content("room_active")
            gate.down = True
            await passes(mock_clock, 10)
            gate.down = False
            await passes(mock_clock, 10)
            assert await holder(world, room) == one.id
            await o.quiet()
