"""Operators' presence and the map."""

from __future__ import annotations

from typing import Any

import pytest
from web_worlds import GENEROUS, HERE, Party, web_world


async def test_the_map_shows_available_operators_nearest_first() -> None:
    """Not oneself, not those far away, not those offline."""
    async with web_world(quotas=GENEROUS) as world:
        near = await world.operator((HERE[0] + 0.01, HERE[1]))
        nearer = await world.operator((HERE[0] + 0.001, HERE[1]))
        await world.operator((HERE[0] + 1, HERE[1]))
        gone = await world.operator()
        assert (await gone.post("/accounts/status/offline")).body == {"message": "ok"}
        customer = await world.customer()
        path = f"/map/{HERE[0]}/{HERE[1]}"
        reply = await customer.get(path)
        assert [one["account"] for one in reply.body] == [nearer.id, near.id]
        assert reply.body[0]["location"] == {"latitude": HERE[0] + 0.001, "longitude": HERE[1]}
        assert [one["account"] for one in (await near.get(path)).body] == [nearer.id]
        assert (await customer.get("/map/-80/0")).body == []


@pytest.mark.parametrize(
    "body",
    [
        {
            "lat": "10.787859",
            "lng": "106.70653",
            "bty": 80,
            "sig": 3,
            "opr": "x",
            "net": 1,
            "rad": 2,
        },
        {"latitude": 10.787859, "longitude": 106.70653},
        {"latitude": 10.787859, "long": 106.70653, "gigId": None},
    ],
)
async def test_a_sign_moves_an_operator(body: dict[str, Any]) -> None:
    """POST /map, in every spelling of a place."""
    async with web_world() as world:
        operator = await world.operator((0.0, 0.0))
        customer = await world.customer()
        assert (await operator.post("/map", body)).body == {"message": "ok"}
        shown = await customer.get(f"/map/{HERE[0]}/{HERE[1]}")
        assert [one["account"] for one in shown.body] == [operator.id]


async def test_going_online_may_bring_a_place() -> None:
    """Or take the last one."""
    async with web_world() as world:
        account = await world.person(operator="approved")
        operator = Party(world, account, world.token(account))
        place = {"lat": HERE[0], "lng": HERE[1]}
        assert (await operator.post("/accounts/status/online", place)).body == {"message": "ok"}
        customer = await world.customer()
        path = f"/map/{HERE[0]}/{HERE[1]}"
        assert len((await customer.get(path)).body) == 1
        await operator.post("/accounts/status/offline")
        assert (await customer.get(path)).body == []
        await operator.post("/accounts/status/online")
        assert len((await customer.get(path)).body) == 1
