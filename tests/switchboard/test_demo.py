"""The demo data, over the memory store."""

from __future__ import annotations

import trio
import trio.testing
from web_worlds import web_world

from switchboard import demo
from switchboard.web.playground import ORGANIZATION, VIN


async def test_the_demo_operators_are_found_and_stay_online(
    mock_clock: trio.testing.MockClock,
) -> None:
    async with web_world() as world, trio.open_nursery() as nursery:
        lines = await demo.prepare(world.services)
        assert (
            len(lines) == 3 + len(demo.OPERATORS) + len(demo.CUSTOMERS) + len(demo.COLLEAGUES) + 3
        )
        assert await demo.prepare(world.services) == []
        await nursery.start(demo.keep_online, world.services, 120.0)
        place = demo.OPERATORS[0]
        for _ in range(20):
            near = await world.services.dispatch.near(place.latitude, place.longitude, without=None)
            assert len(near) == len(demo.OPERATORS)
            mock_clock.jump(30.0)
            await trio.testing.wait_all_tasks_blocked()
        login = next(line for line in lines if "colleague1" in line).split()[:2]
        body = dict(zip(("email", "password"), login, strict=True))
        assert (await world.post("/company/api/login", body)).status == 200
        login = next(line for line in lines if "supportadmin" in line).split()[:2]
        body = dict(zip(("login", "password"), login, strict=True))
        assert (await world.post("/ally/api/auth", body)).status == 200
        path = f"/auto/streams/request/{ORGANIZATION}"
        requested = await world.post(path, {"vin": VIN})
        assert (requested.status, requested.data["vehicle"]["model"]) == (200, "Accord")
        gone = near[0].account
        await world.services.dispatch.offline(gone)
        mock_clock.jump(60.0)
        await trio.testing.wait_all_tasks_blocked()
        near = await world.services.dispatch.near(place.latitude, place.longitude, without=None)
        assert gone not in {one.account for one in near}
        nursery.cancel_scope.cancel()
