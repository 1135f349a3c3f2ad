"""The seed's own examples, request by request: status, keys, types."""

from __future__ import annotations

import re
from typing import Any

import pytest
from trio.testing import MockClock
from widgets import ROOM_KEYS, SEED, Widgets, widgets

from switchboard.settings import PRODUCTS

ID = re.compile(r"[0-9a-f]{24}")
EVENT_ID = re.compile(r"FB1010000000\d{10}#\d{7}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
MESSAGE_KEYS = ROOM_KEYS | {
    "side",
    "author",
    "auther",
    "message_type",
    "read",
    "room_id",
    "created_at",
}


async def test_create_room() -> None:
    async with widgets() as to:
        reply = await to.control()
        assert reply.status == 200
        assert set(reply.body) == {"success", "message", "inserted_id", "response"}
        assert (reply.body["success"], reply.body["message"]) == (True, "Room created successfully")
        room = reply.body["response"]
        assert set(room) == ROOM_KEYS
        assert ID.fullmatch(room["_id"])
        assert reply.body["inserted_id"] == room["_id"]
        assert EVENT_ID.fullmatch(room["eventId"])
        assert {name: room[name] for name in SEED} == SEED
        assert room["room_room_id"] == "13-ABCD12345"
        assert (room["message_data"], room["is_active"]) == ("How may I help you", True)
        again = await to.control()
        assert again.body == reply.body | {"message": "Room filter successfully"}


@pytest.mark.parametrize(("product", "code"), PRODUCTS.items())
async def test_each_product_has_its_code(product: str, code: str) -> None:
    async with widgets() as to:
        room = (await to.control(product_name=product)).body["response"]
        assert room["room_room_id"] == f"{code}-ABCD12345"


async def test_send_message() -> None:
    async with widgets() as to:
        room = await to.room()
        body = {
            "type": "create_message",
            "room_id": room,
            "message_data": "message",
            "side": True,
            "auther": "client",
            "message_type": "text",
        }
        reply = await to.world.post("/dowell/api/v2/room-service/", body)
        assert (reply.status, reply.body["success"]) == (200, True)
        assert reply.body["message"] == "Message updated successfully"
        assert reply.body["response"]["isSuccess"] is True
        assert ID.fullmatch(reply.body["response"]["inserted_id"])


async def test_get_messages() -> None:
    async with widgets() as to:
        room = await to.room()
        sent = await to.say(room, "message")
        (message,) = await to.messages(room)
        assert set(message) == MESSAGE_KEYS
        assert message["_id"] == sent.body["response"]["inserted_id"]
        assert (message["room_id"], message["message_data"]) == (room, "message")
        assert (message["side"], message["read"], message["is_active"]) == (True, False, True)
        assert message["author"] == message["auther"] == "client"
        assert message["message_type"] == "text"
        assert TIME.fullmatch(message["created_at"])


async def test_get_room_by_id() -> None:
    async with widgets() as to:
        room = await to.room()
        await to.say(room, "the last word")
        reply = await to.service("get_room_by_id", method="GET", room_id=room)
        assert reply.body["message"] == "Room deatils based on workspace id"
        (shown,) = reply.body["response"]
        assert set(shown) == ROOM_KEYS
        assert (shown["_id"], shown["message_data"]) == (room, "the last word")


async def test_delete_room_by_a_get_with_a_body() -> None:
    """As the document has it."""
    async with widgets() as to:
        room = await to.room()
        body = {"type": "delete_room", "room_id": room, "is_active": False}
        reply = await to.world.call("GET", "/dowell/api/v2/room-service/", body)
        assert (reply.status, reply.body) == (
            200,
            {
                "success": True,
                "message": "Room deleted successfully",
                "response": {"isSuccess": True},
            },
        )
        (shown,) = (await to.service("get_room_by_id", room_id=room)).body["response"]
        assert shown["is_active"] is False


async def test_fetch_the_list_of_rooms(mock_clock: MockClock) -> None:
    async with widgets(open=True) as to:
        first, second = await to.room(), await to.room(user_id="another")
        mock_clock.jump(1)
        await to.room(product_name="LOGIN")
        await to.room(org_id="another")
        await to.say(first, "hello")
        reply = await to.listed()
        assert (reply.status, reply.body["success"]) == (200, True)
        assert reply.body["rooms"] == reply.body["response"]
        rooms: list[dict[str, Any]] = reply.body["rooms"]
        assert [room["_id"] for room in rooms] == [first, second]
        assert [room["unread_count"] for room in rooms] == [1, 0]
        assert rooms[0]["last_message"]["message_data"] == "hello"
        assert rooms[1]["last_message"] is None
        assert rooms[1]["message_data"] == "How may I help you"
        assert set(rooms[0]) >= ROOM_KEYS


async def everything(to: Widgets) -> str:
    room = await to.room()
    await to.say(room, "hello")
    return room


async def test_a_path_answers_without_its_slash_too() -> None:
    async with widgets(open=True) as to:
        room = await everything(to)
        for path in (
            f"room-service?type=get_messages&room_id={room}",
            "room-list?org_id=DOWELL12345&product_name=WIFIQRCODE",
        ):
            slashed = path.replace("?", "/?")
            plain = await to.world.get(f"/dowell/api/v2/{path}")
            assert plain.status == 200
            assert plain.body == (await to.world.get(f"/dowell/api/v2/{slashed}")).body
