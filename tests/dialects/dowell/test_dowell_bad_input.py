"""What dowell refuses, in its own shape, with nothing stored."""

from __future__ import annotations

from typing import Any

import pytest
from bad_requests import BROKEN_BODIES
from widgets import SEED, Widgets, widgets

SERVICE = "/dowell/api/v2/room-service/"
CONTROL = "/dowell/api/v2/room-control/"
REQUIRED = ["This field is required."]


@pytest.mark.parametrize("path", [CONTROL, SERVICE])
async def test_a_body_that_nobody_can_read_is_refused(path: str) -> None:
    async with widgets() as to:
        before = to.world.fingerprint()
        for body in BROKEN_BODIES:
            reply = await to.world.post(path, raw=body.raw, kind=body.kind)
            assert reply.status == body.status, body
            if body.status == 413:
                assert reply.body == {"success": False, "message": "The request is too large"}
            else:
                assert set(reply.body) == {"detail"}
            if body.status == 400:
                assert reply.body["detail"].startswith("JSON parse error - ")
        assert to.world.fingerprint() == before


async def test_another_method_and_another_path_are_refused() -> None:
    async with widgets() as to:
        for method, path in (("PUT", SERVICE), ("PATCH", SERVICE), ("PUT", CONTROL)):
            reply = await to.world.call(method, path, {})
            assert reply.status == 405
            assert reply.body == {"detail": f'Method "{method}" not allowed.'}
        for path in (CONTROL, "/dowell/api/v2/room-list/"):
            method = "GET" if path == CONTROL else "POST"
            assert (await to.world.call(method, path)).status == 405
        for path in ("/dowell/", "/dowell/api/v2/", "/dowell/api/v2/nothing/", "/dowell/api/v1/x"):
            reply = await to.world.get(path)
            assert (reply.status, reply.body) == (404, {"success": False, "message": "Not found"})


@pytest.mark.parametrize("field", sorted(SEED))
@pytest.mark.parametrize("value", [None, "", {"a": 1}, ["a", "b"], "x" * 201, "a\0b", True])
async def test_room_control_names_its_wrong_field(field: str, value: Any) -> None:
    async with widgets() as to:
        before = to.world.fingerprint()
        reply = await to.control(**{field: value})
        assert reply.status == 400
        assert set(reply.body) == {"success", "message", "error"}
        assert (reply.body["success"], reply.body["message"]) == (
            False,
            "Posting wrong data to API",
        )
        assert list(reply.body["error"]) == [field]
        if value in (None, ""):
            assert reply.body["error"][field] == REQUIRED
        assert to.world.fingerprint() == before


async def test_room_control_names_all_wrong_fields_at_once_and_an_unknown_product() -> None:
    async with widgets() as to:
        reply = await to.world.post(CONTROL)
        assert reply.body["error"] == dict.fromkeys(SEED, REQUIRED)
        reply = await to.control(product_name="NOSUCH")
        assert (reply.status, list(reply.body["error"])) == (400, ["product_name"])


GOOD: dict[str, Any] = {"message_data": "hello", "side": True}


async def wrong(to: Widgets, type: str, **fields: Any) -> dict[str, list[str]]:
    """The fields that such a call is refused for."""
    reply = await to.service(type, **fields)
    assert (reply.status, reply.body["success"]) == (400, False), reply.body
    assert reply.body["message"] == "Invalid data"
    errors: dict[str, list[str]] = reply.body["errors"]
    return errors


async def test_create_message_names_its_wrong_fields() -> None:
    async with widgets() as to:
        room = await to.room()
        before = to.world.fingerprint()
        assert await wrong(to, "create_message") == dict.fromkeys(
            ("message_data", "side", "room_id"), REQUIRED
        )
        good = GOOD | {"room_id": room}
        for field, value in (
            ("message_data", None),
            ("message_data", ""),
            ("message_data", "x" * 10_001),
            ("message_data", "a\0b"),
            ("message_data", ["a\0b"]),
            ("message_data", ["x" * 20_000]),
            ("side", "perhaps"),
            ("side", 7),
            ("side", {}),
            ("room_id", {"a": 1}),
            ("auther", {"a": 1}),
            ("message_type", "x" * 201),
        ):
            assert list(await wrong(to, "create_message", **(good | {field: value}))) == [field]
        assert to.world.fingerprint() == before


async def test_pages_that_cannot_be_are_refused() -> None:
    async with widgets(open=True) as to:
        room = await to.room()
        values: tuple[Any, ...] = (-1, "x", 1.5, "-1")
        for field in ("start", "limit"):
            for value in values:
                fields: dict[str, Any] = {"room_id": room, field: value}
                assert list(await wrong(to, "get_messages", **fields)) == [field]
                reply = await to.listed(None, **{field: value})
                assert (reply.status, list(reply.body["errors"])) == (400, [field])
        assert await wrong(to, "get_messages") == {"room_id": REQUIRED}
        assert await wrong(to, "get_room_by_id") == {"room_id": REQUIRED}
        assert await wrong(to, "delete_room") == {"room_id": REQUIRED}
        for field in ("org_id", "product_name"):
            reply = await to.listed(**{field: ""})
            assert (reply.status, reply.body["errors"]) == (400, {field: REQUIRED})
        assert (await to.listed(product_name="NOSUCH")).status == 400


@pytest.mark.parametrize("type", [None, "", "nothing", "create_message ", "CREATE_MESSAGE"])
async def test_any_other_type_is_refused(type: str | None) -> None:
    async with widgets() as to:
        for method in ("GET", "POST", "DELETE"):
            reply = await to.service(type, method=method)
            assert (reply.status, reply.body) == (
                400,
                {"success": False, "message": "Invalid request type"},
            )


async def test_an_idempotency_key_that_is_none_is_refused() -> None:
    async with widgets() as to:
        room = await to.room()
        body = {"type": "create_message", "room_id": room} | GOOD
        headers = {"Idempotency-Key": "x" * 300}
        reply = await to.world.post(SERVICE, body, headers=headers)
        assert (reply.status, list(reply.body["errors"])) == (400, ["Idempotency-Key"])
