"""The seed's own examples, request by request: status, keys, types."""

from __future__ import annotations

import re
import time

import jwt
from colleagues import USER_KEYS, a_colleague, colleagues, login, register
from trio.testing import wait_all_tasks_blocked

DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}")


async def test_registration_shows_the_made_password_once_and_mails_it() -> None:
    async with colleagues() as (world, _):
        reply = await register(world)
        assert reply.status == 201
        user = reply.body
        assert set(user) == USER_KEYS
        assert (user["name"], user["subname"], user["job"]) == ("John", "Doe", "CEO")
        assert (user["id"], user["email"]) == (1, "john@mail.com")
        assert re.fullmatch(r"\w{15}", user["password"])
        await wait_all_tasks_blocked()
        (mail,) = world.outbox.mails
        assert mail.to == "john@mail.com"
        assert user["password"] in mail.text


async def test_a_password_of_ones_own_is_shown_and_not_mailed() -> None:
    async with colleagues() as (world, _):
        reply = await register(world, password="johndoe")
        assert (reply.status, reply.body["password"]) == (201, "johndoe")
        await wait_all_tasks_blocked()
        assert world.outbox.mails == []
        assert (await login(world, "john@mail.com", "johndoe")).status == 200


async def test_login() -> None:
    async with colleagues() as (world, _):
        user = (await register(world)).body
        reply = await login(world, "john@mail.com", user["password"])
        assert reply.status == 200
        data = reply.body["data"]
        assert set(data) == {"user", "token", "expire"}
        assert data["user"] == user | {"password": None}
        assert reply.headers["authorization"] == f"Bearer {data['token']}"
        claims = jwt.decode(data["token"], options={"verify_signature": False})
        assert claims["sub"] == "User:1"
        assert claims["typ"] == "access"
        assert claims["aud"] == claims["iss"] == "CompanyApi"
        assert data["expire"] == claims["exp"]
        assert isinstance(data["expire"], int)
        assert jwt.get_unverified_header(data["token"])["alg"] == "HS512"
        assert data["expire"] > time.time()


async def test_logout() -> None:
    async with colleagues("John") as (_, (john,)):
        reply = await john.call("DELETE", "/logout/")
        assert (reply.status, reply.body) == (200, {"data": "Success logout"})
        again = await john.get("/users")
        assert (again.status, again.body) == (401, {"message": "invalid_token"})


async def test_password_change() -> None:
    """Answers the new one as a bare string; the other tokens are void, this one is not."""
    async with colleagues("John") as (world, (john,)):
        other = (await login(world, "john@mail.com", john.user["password"])).body["data"]["token"]
        reply = await john.call("PUT", f"/users/{john.id}", {"password": "johndoe"})
        assert (reply.status, reply.body) == (200, "johndoe")
        assert (await world.get("/company/api/users", token=other)).status == 401
        assert (await john.get("/users")).status == 200
        assert (await login(world, "john@mail.com", "johndoe")).status == 200
        assert (await login(world, "john@mail.com", john.user["password"])).status == 401


async def test_all_users_who_changed_last_first() -> None:
    async with colleagues("John", "Jane") as (_, (john, jane)):
        listed = (await john.get("/users")).body
        assert listed == [jane.user | {"password": None}, john.user | {"password": None}]
        await john.call("PUT", f"/users/{john.id}", {"user": {"password": "johndoe"}})
        assert [one["name"] for one in (await jane.get("/users")).body] == ["John", "Jane"]
        assert [one["name"] for one in (await jane.get("/users?start=1&limit=1")).body] == ["Jane"]


async def test_conversations() -> None:
    """The same two people have one, whoever asks."""
    async with colleagues("John", "Jane", "Jim") as (_, (john, jane, jim)):
        made = await john.post("/conversations/", {"recipient": jane.id})
        expected = {"status": None, "id": 1, "sender_id": john.id, "recipient_id": jane.id}
        assert (made.status, made.body) == (201, expected)
        for who, body in ((john, {"recipient_id": jane.id}), (jane, {"recipient": john.id})):
            again = await who.post("/conversations", {"conversation": body})
            assert (again.status, again.body) == (200, expected)
        second = (await jim.post("/conversations", {"recipient": str(john.id)})).body
        assert second["id"] == 2
        assert (await john.get("/conversations/")).body == [second, expected]
        assert (await jane.get("/conversations")).body == [expected]


async def test_messages() -> None:
    async with colleagues("John", "Jane") as (_, (john, jane)):
        number = await john.conversation(jane)
        sent = await john.say(number, "hello")
        assert sent.status == 201
        assert DATE.fullmatch(sent.body.pop("date"))
        assert sent.body == {
            "id": 1,
            "sender": john.id,
            "sender_id": john.id,
            "conversation": number,
            "conversation_id": number,
            "content": "hello",
        }
        await jane.post("/messages", {"conversation_id": number, "message": "hi"})
        for query in (f"conv={number}", f"conv_id={number}"):
            (first, second) = (await jane.get(f"/messages?{query}")).body
            assert (first["content"], second["content"]) == ("hello", "hi")
            assert second["sender_id"] == jane.id
            assert set(first) == {*sent.body, "date"}


async def test_the_newest_hundred_come_without_a_page_and_ascending() -> None:
    async with colleagues("John", "Jane") as (_, (john, jane)):
        number = await john.conversation(jane)
        for count in range(103):
            assert (await john.say(number, str(count))).status == 201
        texts = [str(count) for count in range(103)]
        assert await jane.texts(number) == texts[3:]
        assert await jane.texts(number, "&start=0&limit=2") == texts[:2]
        assert await jane.texts(number, "&start=101") == texts[101:]
        assert await jane.texts(number, "&limit=2") == texts[-2:]


async def test_numbers_of_people_and_conversations_are_their_realms_own() -> None:
    async with colleagues("John") as (world, (john,)):
        jane = await a_colleague(world, "Jane")
        assert (john.id, jane.id, await john.conversation(jane)) == (1, 2, 1)
