"""What load balancers and Prometheus ask."""

from __future__ import annotations

import pytest
from web_worlds import web_world

from switchboard.engine.errors import StoreDown


async def test_the_process_answers() -> None:
    """Alive."""
    async with web_world() as world:
        reply = await world.get("/healthz")
        assert (reply.status, reply.body) == (200, {"status": "ok"})


async def test_a_server_is_ready_while_its_engine_takes_commands() -> None:
    """And not once it was told to stop."""
    async with web_world() as world:
        assert (await world.get("/readyz")).status == 200
        world.engine.ready = False
        reply = await world.get("/readyz")
        assert (reply.status, reply.body["error"]) == (503, "Stopping")
        assert (await world.get("/healthz")).status == 200


async def test_a_server_without_its_database_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the engine thinks."""

    async def down() -> None:
        raise StoreDown("gone")

    async with web_world() as world:
        monkeypatch.setattr(world.engine.store, "ping", down)
        assert (await world.get("/readyz")).status == 503


async def test_requests_are_counted_by_dialect_route_and_status() -> None:
    """By the route's pattern: paths are a stranger's text."""
    async with web_world() as world:
        admin = await world.admin()
        await admin.get(f"/accounts/{admin.id}")
        await admin.get("/accounts/nobody")
        await admin.get("/wp-login.php")
        text = (await world.get("/metrics")).body.decode()
        route = 'dialect="dropin",route="/accounts/<account>"'
        assert f'switchboard_requests_total{{{route},status="200"}} 1.0' in text
        assert f'switchboard_requests_total{{{route},status="404"}} 1.0' in text
        assert 'dialect="dropin",route="-",status="404"} 1.0' in text
        assert "wp-login" not in text
        assert "switchboard_engine_turns" in text
        assert 'switchboard_request_seconds_count{dialect="dropin"} 3.0' in text
