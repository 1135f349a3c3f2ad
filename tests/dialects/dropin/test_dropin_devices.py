"""Phones that pushes go to, and what clients log."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs
from web_worlds import GENEROUS, web_world

from switchboard.engine.workflows.quotas import Quota

DEVICE = {"deviceAddress": "abc", "deviceType": "ios", "bundleId": "io.codehub"}
ENTRY = {"level": "debug", "message": "testing message", "data": {"test": "test"}}
"""The seed's."""


async def test_a_device_is_one_accounts_at_a_time() -> None:
    async with web_world() as world:
        one, other = await world.customer(), await world.customer()
        made = await one.post("/devices", DEVICE)
        assert made.status == 200
        assert made.body["deviceAddress"] == "abc"
        assert (await other.post("/devices", DEVICE)).body["account"] == other.id
        devices = world.engine.store.devices
        assert list(await devices.of(one.id)) == []
        assert (await other.post("/logout", {"deviceAddress": "abc"})).status == 200
        assert list(await devices.of(other.id)) == []


@pytest.mark.parametrize("field", DEVICE)
async def test_each_field_of_a_device_is_needed(field: str) -> None:
    async with web_world() as world:
        who = await world.customer()
        reply = await who.post("/devices", {**DEVICE, field: ""})
        assert (reply.status, reply.code) == (400, "E_VALIDATION")
        assert field in repr(reply.data)


@pytest.mark.parametrize("data", [{"test": "test"}, '{"test":"test"}', "text", None, [1]])
async def test_what_a_client_logs_is_fields_of_a_line_whose_words_are_ours(data: Any) -> None:
    async with web_world() as world:
        who = await world.customer()
        hostile = 'evil\n{"event":"forged"} %s {0}'
        with capture_logs() as lines:
            body = {**ENTRY, "message": hostile, "data": data}
            assert (await who.post("/logs", body)).body == {"message": "ok"}
            assert (await world.post("/dropin/logs", ENTRY)).body == {"message": "ok"}
        first, second = [line for line in lines if line["event"] == "client_log"]
        assert (first["account"], second["account"]) == (who.id, None)
        assert first["said"] == {"level": "debug", "message": hostile, "data": data}
        assert set(first) == set(second)


@pytest.mark.parametrize(
    "change",
    [{"level": "fatal"}, {"level": None}, {"message": ""}, {"data": {"a": "x" * 16_400}}],
)
async def test_an_entry_that_is_none(change: dict[str, Any]) -> None:
    async with web_world() as world:
        reply = await world.post("/dropin/logs", {**ENTRY, **change})
        assert (reply.status, reply.code) == (400, "E_VALIDATION")


async def test_logs_are_limited_and_a_bad_token_is_refused() -> None:
    async with web_world(quotas=GENEROUS.__class__(logs_per_address=Quota(2))) as world:
        assert (await world.post("/dropin/logs", ENTRY, token="x.y.z")).status == 401
        assert (await world.post("/dropin/logs", ENTRY)).status == 200
        reply = await world.post("/dropin/logs", ENTRY)
        assert (reply.status, reply.code) == (429, "E_TOO_MANY")
