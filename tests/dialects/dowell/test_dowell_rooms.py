"""What rooms of widgets do: who writes, who reads, closing, pages, repeats."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
import trio
from bad_requests import NO_IDS, UNKNOWN_ID
from gig_parties import parties
from trio.testing import MockClock
from widgets import SEED, widgets

from switchboard.engine.workflows.quotas import Quota, Quotas
from switchboard.web.reading import PAGE_MOST

FORM = "application/x-www-form-urlencoded"


async def test_two_at_once_make_one_room() -> None:
    async with widgets() as to:
        replies: list[Any] = []

        async def one() -> None:
            replies.append((await to.control()).body)

        async with trio.open_nursery() as nursery:
            for _ in range(10):
                nursery.start_soon(one)
        assert len({reply["inserted_id"] for reply in replies}) == 1
        messages = [reply["message"] for reply in replies]
        assert messages.count("Room created successfully") == 1


async def test_each_of_the_four_fields_makes_another_room() -> None:
    async with widgets() as to:
        rooms = {await to.room()}
        for field, value in (
            ("user_id", "x"),
            ("org_id", "x"),
            ("portfolio_name", "x"),
            ("product_name", "LOGIN"),
        ):
            rooms.add(await to.room(**{field: value}))
        assert len(rooms) == 5


async def test_a_deleted_room_stays_readable_and_takes_nothing_more() -> None:
    async with widgets() as to:
        room = await to.room()
        await to.say(room, "hello")
        for method in ("DELETE", "POST", "GET"):
            reply = await to.service("delete_room", method=method, room_id=room)
            assert (reply.status, reply.body["success"]) == (200, True)
        assert [one["is_active"] for one in await to.messages(room)] == [False]
        refused = await to.say(room, "again")
        assert (refused.status, refused.body["success"]) == (409, False)
        newer = await to.control()
        assert newer.body["message"] == "Room created successfully"
        assert newer.body["inserted_id"] != room


async def test_a_room_is_not_made_active_again() -> None:
    async with widgets() as to:
        room = await to.room()
        for value in (True, "true", 1, "1"):
            reply = await to.service("delete_room", room_id=room, is_active=value)
            assert (reply.status, list(reply.body["errors"])) == (400, ["is_active"])
        (shown,) = (await to.service("get_room_by_id", room_id=room)).body["response"]
        assert shown["is_active"] is True


@pytest.mark.parametrize("data", ["text", {"a": [1, None]}, [1, 2], [1], 5, 0, False, "0", "{}"])
async def test_a_message_is_whatever_json_can_hold(data: Any) -> None:
    async with widgets() as to:
        room = await to.room()
        assert (await to.say(room, data)).status == 200
        (message,) = await to.messages(room)
        assert message["message_data"] == data
        assert type(message["message_data"]) is type(data)


async def test_fields_stand_in_the_query_the_body_or_a_form() -> None:
    async with widgets() as to:
        room = await to.room()
        fields = {
            "type": "create_message",
            "room_id": room,
            "message_data": "hello",
            "side": "true",
            "author": "ann",
        }
        path = "/dowell/api/v2/room-service/"
        query = urlencode(fields)
        replies = (
            await to.world.get(f"{path}?{query}"),
            await to.world.post(f"{path}?{query}"),
            await to.world.post(path, raw=query.encode(), kind=FORM),
            await to.world.call("DELETE", path, fields),
        )
        assert [reply.status for reply in replies] == [200] * 4
        assert [one["author"] for one in await to.messages(room)] == ["ann"] * 4
        form = urlencode(SEED).encode()
        made = await to.world.post("/dowell/api/v2/room-control", raw=form, kind=FORM)
        assert made.body["inserted_id"] == room


async def test_messages_come_newest_hundred_ascending_or_from_the_oldest_on() -> None:
    async with widgets() as to:
        room = await to.room()
        for number in range(PAGE_MOST + 3):
            await to.say(room, f"text {number}")

        async def page(**which: Any) -> list[str]:
            return [one["message_data"] for one in await to.messages(room, **which)]

        newest = await page()
        assert (newest[0], newest[-1], len(newest)) == ("text 3", "text 102", PAGE_MOST)
        assert await page(start=0, limit=2) == ["text 0", "text 1"]
        assert await page(start=102) == ["text 102"]
        assert await page(limit=1) == ["text 102"]
        assert await page(limit=0) == await page(start=500) == []
        assert len(await page(start=0, limit=5000)) == PAGE_MOST


async def test_a_room_that_is_not_there_has_no_messages_and_takes_none() -> None:
    async with widgets() as to:
        for id in (*NO_IDS, UNKNOWN_ID):
            assert await to.messages(id) == []
            reply = await to.service("get_room_by_id", room_id=id)
            assert (reply.status, reply.body["response"]) == (200, [])
            for refused in (
                await to.say(id, "hello"),
                await to.service("delete_room", room_id=id),
            ):
                assert (refused.status, refused.body) == (
                    404,
                    {"success": False, "message": "Room not found"},
                )


async def test_a_room_of_another_dialect_is_not_there() -> None:
    async with widgets() as to:
        gigs = await parties(to.world)
        await gigs.until("confirm")
        await gigs.customer.post("/chat/save", {"gig": gigs.id, "message": "secret"})
        room = await to.world.services.rooms.find("people", "gig", gigs.id)
        assert room is not None
        assert await to.messages(room.id) == []
        assert (await to.say(room.id, "hello")).status == 404
        assert (await to.service("delete_room", room_id=room.id)).status == 404


async def test_the_legacy_envelope_is_a_setting_or_a_field() -> None:
    async with widgets(legacy=True) as to:
        room = await to.room()
        await to.say(room, "hello")
        reply = await to.service("get_messages", method="GET", room_id=room)
        assert set(reply.body) == {"isSuccess", "data"}
        assert [one["message_data"] for one in reply.body["data"]] == ["hello"]
    async with widgets() as to:
        room = await to.room()
        reply = await to.service("get_messages", method="GET", room_id=room, envelope="legacy")
        assert reply.body == {"isSuccess": True, "data": []}


# -- the staff


async def test_the_staff_needs_its_organizations_key() -> None:
    async with widgets() as to:
        room, key = await to.room(), await to.key()
        others = await to.key("another")
        for wrong, status in ((None, 401), ("sb_wrong", 403), (others, 403), ("x" * 5000, 403)):
            for reply in (
                await to.listed(wrong),
                await to.say(room, "hello", side=False, key=wrong),
            ):
                assert (reply.status, reply.body["success"]) == (status, False)
        assert await to.messages(room) == []
        assert (await to.listed(key)).status == 200
        assert (await to.say(room, "hello", side=False, key=key)).status == 200
        (message,) = await to.messages(room)
        assert message["side"] is False


async def test_a_key_that_was_taken_back_opens_nothing() -> None:
    async with widgets() as to:
        key = await to.key()
        (record,) = await to.world.services.api_keys.all("dowell")
        await to.world.services.api_keys.remove(record.id)
        assert (await to.listed(key)).status == 403
        assert key not in repr(to.world.database.api_keys)


async def test_where_only_this_machine_can_call_the_staff_needs_none_but_through_a_proxy() -> None:
    async with widgets(open=True) as to:
        room = await to.room()
        assert (await to.listed()).status == 200
        assert (await to.say(room, "hello", side=False)).status == 200
        path = "/dowell/api/v2/room-list/?org_id=DOWELL12345&product_name=WIFIQRCODE"
        for header in ("X-Forwarded-For", "Forwarded"):
            reply = await to.world.get(path, headers={header: "203.0.113.7"})
            assert reply.status == 401


async def test_what_the_staff_has_read_is_known_when_it_reads_with_its_key_or_writes() -> None:
    async with widgets() as to:
        room, key = await to.room(), await to.key()

        async def unread() -> int:
            return int((await to.listed(key)).body["rooms"][0]["unread_count"])

        await to.say(room, "one")
        await to.say(room, "two")
        await to.messages(room)
        assert await unread() == 2
        await to.messages(room, key=key)
        assert await unread() == 0
        assert [one["read"] for one in await to.messages(room)] == [True, True]
        await to.say(room, "three")
        assert [one["read"] for one in await to.messages(room)] == [True, True, False]
        assert (await to.listed(key)).body["rooms"][0]["last_message"]["read"] is False
        await to.say(room, "answer", side=False, key=key)
        assert await unread() == 0
        assert (await to.listed(key)).body["rooms"][0]["last_message"]["read"] is False
        assert [one["read"] for one in await to.messages(room)] == [True, True, True, False]


async def test_a_page_of_rooms_comes_by_the_last_activity(mock_clock: MockClock) -> None:
    async with widgets(open=True) as to:
        rooms = [await to.room(user_id=f"user {number}") for number in range(4)]
        for room in (rooms[2], rooms[0]):
            mock_clock.jump(1)
            await to.say(room, "hello")

        async def page(**which: Any) -> list[str]:
            return [room["_id"] for room in (await to.listed(**which)).body["rooms"]]

        assert (await page())[:2] == [rooms[0], rooms[2]]
        assert await page(start=1, limit=1) == [rooms[2]]
        assert await page(product_name="LOGIN") == []


# -- repeats and limits


async def test_a_repeat_with_its_key_is_the_same_message() -> None:
    async with widgets() as to:
        room = await to.room()
        path, headers = "/dowell/api/v2/room-service/", {"Idempotency-Key": "k1"}
        body = {"type": "create_message", "room_id": room, "message_data": "once", "side": True}
        first = await to.world.post(path, body, headers=headers)
        assert (await to.world.post(path, body, headers=headers)).body == first.body
        # The same fields in the query are the same request.
        query = urlencode({**body, "side": "true"})
        for changed in (
            await to.world.post(path, body | {"message_data": "twice"}, headers=headers),
            await to.world.get(f"{path}?{query}&message_data=twice", headers=headers),
        ):
            assert (changed.status, changed.body["success"]) == (400, False)
        assert len(await to.messages(room)) == 1


async def test_a_stranger_cannot_try_out_rooms_without_end() -> None:
    async with widgets(quotas=Quotas(rooms_per_address=Quota(3))) as to:
        assert [(await to.control()).status for _ in range(4)] == [200, 200, 200, 429]
        reply = await to.control()
        assert reply.body["success"] is False
        assert int(reply.headers["Retry-After"]) > 0
