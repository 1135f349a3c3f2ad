"""The seed's own curl lines, host and token replaced: status, keys, types."""

from __future__ import annotations

import base64
import re

import jwt
import pytest
from desks import FORM, ISSUE_KEYS, MESSAGE_KEYS, OPERATOR_KEYS, ROOM_KEYS, desk
from trio.testing import MockClock

ID = re.compile(r"[0-9a-f]{24}")


async def test_sign_in_of_the_desk() -> None:
    async with desk() as at:
        await at.staff("admin", admin=True)
        raw = b"login=admin&password=secret"
        reply = await at.world.post("/ally/api/auth", raw=raw, kind=FORM)
        assert (reply.status, set(reply.body)) == (200, {"token"})
        header = jwt.get_unverified_header(reply.body["token"])
        claims = jwt.decode(reply.body["token"], options={"verify_signature": False})
        assert header["exp"] == claims["exp"] == header["iat"] + 3600
        assert ID.fullmatch(claims["user_id"])


@pytest.mark.parametrize("field", ["app_id", "App_id"])
async def test_sign_in_of_a_client(field: str) -> None:
    async with desk() as at:
        client = await at.client("test")
        raw = f"alias=test&{field}=sensetest".encode()
        reply = await at.world.post("/ally/api/token", raw=raw, kind=FORM)
        assert (reply.status, set(reply.body)) == (200, {"token"})
        me = await at.world.get(f"/ally/api/me?token={reply.body['token']}")
        assert me.body["id"] == client.id


async def test_a_token_is_renewed_and_the_old_one_goes_on(mock_clock: MockClock) -> None:
    async with desk() as at:
        client = await at.client("test")
        path = f"/ally/api/token/update?token={client.token}"
        mock_clock.jump(3000)
        reply = await at.world.post(path, raw=b"", kind="application/json")
        assert (reply.status, set(reply.body)) == (200, {"token"})
        assert (await client.get("/me")).status == 200
        mock_clock.jump(1000)
        assert (await client.get("/me")).body["error"]["code"] == 1002
        assert (await at.world.get(f"/ally/api/me?token={reply.body['token']}")).status == 200


async def test_registration_of_a_client_with_its_support_room() -> None:
    async with desk() as at:
        body = {
            "alias": "AFAMJ7",
            "name": "Ann",
            "avatar_url": "http://a.test/1.png",
            "tzoffset": 3,
        }
        reply = await at.world.post("/ally/api/user/register", body)
        assert reply.status == 200
        user = reply.body
        assert ID.fullmatch(user["id"])
        expected = {"alias": "AFAMJ7", "name": "Ann", "avatar_url": "http://a.test/1.png"}
        assert user == {"id": user["id"], **expected}
        again = await at.world.post("/ally/api/user/register", {**body, "name": "Eve"})
        assert again.body == user
        client = at.token(user["id"])
        rooms = (await at.world.get(f"/ally/api/user/{user['id']}/rooms?token={client}")).body
        (room,) = rooms["rooms"]
        assert room == {
            "status": 0,
            "last_issue": None,
            "first_message": None,
            "users": [{"id": user["id"]}],
            "tags": [],
            "last_message": None,
            "id": room["id"],
            "is_support": True,
            "active_operator": None,
        }


async def test_users_by_alias_and_by_id() -> None:
    async with desk() as at:
        first, second = await at.client("AFAMJ7"), await at.client("AGC1O4")
        await second.post(f"/user/{second.id}", avatar_url="https://a.test/x.jpg")
        (found,) = (await first.ok("GET", "/users?alias=AFAMJ7"))["users"]
        assert found == {"alias": "AFAMJ7", "id": first.id}
        both = await first.ok("GET", "/users?alias[]=AFAMJ7&alias[]=AGC1O4")
        assert both["count"] == 2
        assert both["users"][1] == {
            "alias": "AGC1O4",
            "avatar_url": "https://a.test/x.jpg",
            "id": second.id,
        }
        by_id = await first.ok("GET", f"/users?id%5B%5D={second.id}&id%5B%5D=x")
        assert [one["id"] for one in by_id["users"]] == [second.id]


async def test_a_user_describes_itself() -> None:
    async with desk() as at:
        client = await at.client("AFAMJ7")
        shown = await client.ok(
            "POST",
            f"/user/{client.id}",
            avatar_url="http://octoberry.ru/img/logo.png",
            name="Ann",
            os_version="8.1",
        )
        assert set(shown) == OPERATOR_KEYS | {"name"}
        assert (shown["avatar_url"], shown["name"]) == ("http://octoberry.ru/img/logo.png", "Ann")
        assert (shown["os_version"], shown["login"], shown["is_operator"]) == ("8.1", None, False)
        assert await client.ok("GET", "/me") == shown
        assert await client.ok("GET", "/user/AFAMJ7") == shown
        again = await client.ok("POST", f"/user/{client.id}", avatar_url="")
        assert (again["avatar_url"], again["name"]) == (None, "Ann")


async def test_rooms_messages_and_read_markers() -> None:
    async with desk() as at:
        one, other = await at.client("one"), await at.client("other")
        room = await one.ok("POST", f"/user/{one.id}/rooms", user="other")
        assert set(room) == ROOM_KEYS
        assert room["users"] == [{"id": one.id}, {"id": other.id}]
        assert (await other.ok("POST", f"/user/{other.id}/rooms", user=one.id))["id"] == room["id"]
        first = (await one.say(room["id"], "Привет")).message
        second = (await other.say(room["id"], "hi")).message
        shown = await one.ok("GET", f"/room/{room['id']}/messages")
        assert [message["id"] for message in shown["messages"]] == [first.id, second.id]
        assert set(shown["messages"][0]) == MESSAGE_KEYS
        assert isinstance(shown["messages"][0]["created_at"], float)
        assert shown["messages"][0]["issue"] is None
        read = await one.call("PUT", f"/message/{second.id}/read")
        assert (read.status, read.body) == (200, b"")
        assert read.headers["Content-Type"].startswith("text/html")
        await one.call("PUT", f"/message/{first.id}/read")
        marks = (await one.ok("GET", f"/user/{one.id}/user_rooms"))["user_rooms"]
        mark = next(mark for mark in marks if mark["room_id"] == room["id"])
        assert set(mark) == {"user_id", "room_id", "id", "last_read_message_id"}
        assert mark["last_read_message_id"] == second.id
        rooms = (await one.ok("GET", f"/user/{one.id}/rooms"))["rooms"]
        assert rooms[0]["id"] == room["id"]
        assert rooms[0]["last_read_message_id"] == second.id
        assert rooms[0]["last_message"]["id"] == second.id
        several = await one.ok("GET", f"/messages?id[]={first.id}&id[]=x&id[]={second.id}")
        assert [message["message"] for message in several["messages"]] == ["Привет", "hi"]
        assert await one.ok("GET", f"/message/{first.id}") == several["messages"][0]


async def test_pages_before_and_after_a_message() -> None:
    async with desk() as at:
        client = await at.client("one")
        room = await client.room()
        ids = [(await client.say(room, str(number))).message.id for number in range(60)]

        async def texts(query: str = "") -> list[str]:
            found = await client.ok("GET", f"/room/{room}/messages{query}")
            return [message["message"] for message in found["messages"]]

        assert await texts() == [str(number) for number in range(10, 60)]
        assert await texts("?limit=2") == ["58", "59"]
        assert await texts(f"?limit=2&last_read_message={ids[30]}&show=old") == ["28", "29"]
        assert await texts(f"?limit=2&last_read_message={ids[30]}&show=new") == ["31", "32"]
        assert await texts("?limit=2&show=new") == ["0", "1"]
        assert len(await texts("?limit=1000")) == 60


async def test_operators() -> None:
    async with desk() as at:
        admin = await at.staff("admin", admin=True)
        made = await admin.ok("POST", "/operator", login="test", password="test")
        assert set(made) == OPERATOR_KEYS
        assert (made["login"], made["is_operator"], made["is_admin"]) == ("test", True, False)
        operators = (await admin.ok("GET", "/operators"))["operators"]
        assert [one["login"] for one in operators] == ["admin", "test"]
        assert await admin.ok("GET", f"/operator/{made['id']}") == made
        changed = await admin.ok("POST", f"/operator/{made['id']}", login="other", password="x")
        assert changed == made | {"login": "other"}
        for login, status in (("test", 401), ("other", 200)):
            reply = await at.world.post("/ally/api/auth", {"login": login, "password": "x"})
            assert reply.status == status
        await admin.ok("DELETE", f"/operator/{made['id']}")
        assert [one["login"] for one in (await admin.ok("GET", "/operators"))["operators"]] == [
            "admin"
        ]


async def test_tags_join_and_leave_the_room_and_its_issue() -> None:
    async with desk() as at:
        admin, client = await at.staff("admin", admin=True), await at.client("one")
        room = await client.room()
        await client.say(room, "help")
        tagged = await admin.ok("POST", f"/room/{room}/tags", tag="concierge")
        assert tagged["tags"] == tagged["last_issue"]["tags"] == ["concierge"]
        assert await admin.ok("GET", "/tags") == {"tags": [{"tag": "concierge"}]}
        for path in (f"/room/{room}/tag", f"/room/{room}/tags"):
            untagged = await admin.ok("DELETE", path, tag="concierge")
            assert untagged["tags"] == untagged["last_issue"]["tags"] == []
            await admin.ok("POST", path, tag="concierge")


async def test_an_issue() -> None:
    async with desk() as at:
        operator, client = await at.staff("laya"), await at.client("one")
        room = await client.room()
        said = (await client.say(room, "ЕПД")).message
        issue = await client.ok("GET", f"/issue/{said.issue}")
        assert set(issue) == ISSUE_KEYS
        assert set(issue["first_message"]) == MESSAGE_KEYS
        assert (issue["is_open"], issue["answered_at"], issue["closed_by"]) == (True, None, None)
        assert issue["first_message"]["id"] == issue["last_message"]["id"] == said.id
        (queued,) = (await operator.ok("GET", "/issues?is_open=1"))["issues"]
        assert queued == issue | {"position": 1}


async def test_the_servers_time() -> None:
    async with desk() as at:
        reply = await at.world.get("/ally/api/time")
        assert (reply.status, set(reply.body)) == (200, {"time"})
        assert isinstance(reply.body["time"], float)


async def test_the_bank_asks_for_its_customers() -> None:
    async with desk() as at:
        support = at.world.services.support
        fio = "Пачай Андрей Вадимович             "
        line = {"alias": "AFAMJ7", "phone": "+7 915 498-37-95", "fio": fio}
        assert await support.apps.import_customers(at.app, [line]) == 1
        await support.people.add_bank(at.app.id, "admin", "SECRET")
        basic = base64.b64encode(b"admin:SECRET").decode()
        headers = {"Authorization": f"Basic {basic}"}
        for phone in ("9154983795", "79154983795", "+79154983795", "%2B79154983795"):
            path = f"/ally/AlfaSense/support/phone/{phone}/alias"
            reply = await at.world.get(path, headers=headers)
            assert (reply.status, reply.body) == (200, {"alias": "AFAMJ7"})
        path = "/ally/AlfaSense/support/alias/AFAMJ7/customer"
        reply = await at.world.get(path, headers=headers)
        assert reply.body == {"phone": "79154983795", "fio": fio.strip()}
