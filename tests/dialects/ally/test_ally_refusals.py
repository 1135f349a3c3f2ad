"""What ally says no to: each of the documents' codes, fields, tokens, bodies, limits."""

from __future__ import annotations

import base64
from typing import Any

import jwt
import pytest
import trio
from bad_requests import BROKEN_BODIES, NO_IDS, UNKNOWN_ID, BrokenBody, useless_tokens
from desks import Desk, desk
from web_worlds import GENEROUS, Reply

from switchboard.engine.workflows.quotas import Quota


def error(reply: Reply) -> tuple[int, int]:
    """Status and code."""
    assert set(reply.body) == {"error"}
    assert {"code", "message"} <= set(reply.body["error"])
    return reply.status, reply.body["error"]["code"]


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/auth", {"login": "admin", "password": "wrong"}, (401, 2401)),
        ("/auth", {"login": "nobody", "password": "wrong"}, (401, 2401)),
        ("/auth", {"login": "admin"}, (400, 1040)),
        ("/token", {"app_id": "sensetest"}, (400, 1030)),
        ("/token", {"alias": "test", "app_id": "unknown"}, (400, 1020)),
        ("/token", {"alias": "nobody", "app_id": "sensetest"}, (400, 1032)),
        ("/user/register", {}, (400, 1030)),
        ("/user/register", {"alias": "a\tb"}, (400, 1031)),
        ("/user/register", {"alias": "x", "app_id": "unknown"}, (400, 1020)),
        ("/user/register", {"alias": "x", "avatar_url": "javascript:alert(1)"}, (400, 2400)),
        ("/user/register", {"alias": "x", "name": "n" * 201}, (400, 2400)),
        ("/token/update", {}, (400, 1001)),
        ("/token/update", {"token": "x.y.z"}, (400, 1002)),
        ("/nothing", {}, (404, 2404)),
        ("/time", {}, (405, 2405)),
    ],
)
async def test_codes_without_a_token(path: str, body: Any, expected: tuple[int, int]) -> None:
    async with desk() as at:
        await at.staff("admin", admin=True)
        before = at.world.fingerprint()
        assert error(await at.world.post(f"/ally/api{path}", body)) == expected
        assert at.world.fingerprint() == before


async def test_an_app_may_ask_for_its_own_word_for_who_its_clients_are() -> None:
    async with desk() as at:
        app = await at.world.services.support.apps.create("strict", "", needs_auth_token=True)
        await Desk(at.world, app).client("test")

        async def ask(**more: str) -> Reply:
            body = {"alias": "test", "app_id": "strict", **more}
            return await at.world.post("/ally/api/token", body)

        assert error(await ask()) == (400, 1011)
        good = jwt.encode({"sub": "test"}, app.secret, algorithm="HS256")
        wrong = {
            "text": "x.y.z",
            "of another alias": jwt.encode({"sub": "other"}, app.secret, algorithm="HS256"),
            "of another app": jwt.encode({"sub": "test"}, at.app.secret, algorithm="HS256"),
            "over": jwt.encode({"sub": "test", "exp": 1}, app.secret, algorithm="HS256"),
            "of nobody": jwt.encode({}, app.secret, algorithm="HS256"),
            "unsigned": good.rpartition(".")[0] + ".",
            "long": "x" * 1999,
        }
        for name, token in wrong.items():
            assert error(await ask(auth_token=token)) == (400, 1012), name
        assert (await ask(auth_token=good)).status == 200


async def test_a_token_that_opens_nothing_wherever_it_is_sent() -> None:
    async with desk() as at:
        client = await at.client("one")
        account = await at.world.services.directory.get(client.id)
        assert account is not None
        for name, token in (await useless_tokens(at.world, account, "ally")).items():
            expected = (400, 1002 if token else 1001)
            headers = {} if token is None else {"Authorization": f"Token {token}"}
            if token != "":
                reply = await at.world.get("/ally/api/me", headers=headers)
                assert error(reply) == expected, name
            body = {} if token is None else {"token": token}
            assert error(await at.world.post("/ally/api/token/update", body)) == expected, name
        basic = {"Authorization": "Basic eDp5"}
        assert error(await at.world.get("/ally/api/me", headers=basic)) == (400, 1002)


@pytest.mark.parametrize("where", ["query", "header", "form"])
async def test_a_token_is_taken_wherever_clients_put_it(where: str) -> None:
    async with desk() as at:
        client = await at.client("one")
        path = f"/ally/api/user/{client.id}"
        if where == "query":
            reply = await at.world.post(f"{path}?token={client.token}", {"name": "Ann"})
        elif where == "header":
            headers = {"Authorization": f"Token {client.token}"}
            reply = await at.world.post(path, {"name": "Ann"}, headers=headers)
        else:
            reply = await at.world.post(path, {"name": "Ann", "token": client.token})
        assert (reply.status, reply.body["name"]) == (200, "Ann")


@pytest.mark.parametrize("what", ["room/{}", "room/{}/messages", "message/{}", "issue/{}"])
async def test_ids_that_are_none_and_ids_of_nothing(what: str) -> None:
    async with desk() as at:
        operator = await at.staff("laya")
        assert error(await operator.get(f"/{what.format(UNKNOWN_ID)}")) == (404, 2404)
        for id in NO_IDS:
            status, code = error(await operator.get(f"/{what.format(id)}"))
            assert (status, code) in ((400, 1110), (404, 2404)), id


async def test_fields_of_calls_with_a_token() -> None:
    async with desk() as at:
        admin, client = await at.staff("admin", admin=True), await at.client("one")
        room = await client.room()
        await client.say(room, "help")
        for tag in ("", "  ", "x" * 101):
            assert error(await admin.post(f"/room/{room}/tags", tag=tag)) == (400, 1070)
        assert error(await admin.post(f"/room/{room}/tags")) == (400, 1070)
        assert error(await admin.post("/operator", login="x")) == (400, 1040)
        assert error(await admin.post("/operator", login="admin", password="x")) == (409, 2409)
        for query in ("limit=-1", "limit=x", "show=all", f"last_read_message={UNKNOWN_ID}"):
            assert error(await client.get(f"/room/{room}/messages?{query}")) == (400, 2400), query
        for query in ("from=x", "from=2027-01-02&to=2027-01-01", "from=2020-01-01", "is_open=x"):
            assert error(await admin.get(f"/issues/stats?{query}")) == (400, 2400), query
        own = f"/user/{client.id}"
        assert error(await client.post(f"{own}/rooms", user="nobody")) == (404, 2404)
        assert error(await client.post(f"{own}/rooms", user="one")) == (400, 2400)
        assert error(await client.post(f"{own}/devices", device_type="ios")) == (400, 1040)
        ids = "&".join(f"id[]={number}" for number in range(101))
        assert error(await client.get(f"/messages?{ids}")) == (400, 2400)
        assert error(await client.post(own, geolocation="x" * 201)) == (400, 2400)


async def test_days_are_counted_in_the_desks_own_range() -> None:
    async with desk() as at:
        operator = await at.staff("laya")
        stats = (await operator.ok("GET", "/issues/stats?from=2015-06-03&to=2015-06-05"))["stats"]
        assert [day["date"] for day in stats] == ["2015-06-03", "2015-06-04", "2015-06-05"]


@pytest.mark.parametrize("body", BROKEN_BODIES, ids=range(len(BROKEN_BODIES)))
async def test_a_body_that_cannot_be_read(body: BrokenBody) -> None:
    async with desk() as at:
        reply = await at.world.post("/ally/api/user/register", raw=body.raw, kind=body.kind)
        assert error(reply) == (body.status, 2000 + body.status)


async def test_logins_and_client_tokens_are_limited() -> None:
    quotas = GENEROUS.__class__(passwords_per_identity=Quota(2), client_tokens_per_address=Quota(2))
    async with desk(quotas=quotas) as at:
        await at.client("test")
        for path, body in (
            ("auth", {"login": "nobody", "password": "x"}),
            ("token", {"alias": "test", "app_id": "sensetest"}),
        ):
            replies = [await at.world.post(f"/ally/api/{path}", body) for _ in range(3)]
            assert error(replies[-1]) == (429, 2429)
            assert int(replies[-1].headers["Retry-After"]) > 0


async def test_a_banks_server_may_ask_often_but_a_guesser_may_not() -> None:
    async with desk(quotas=GENEROUS.__class__(passwords_per_identity=Quota(3))) as at:
        await at.world.services.support.people.add_bank(at.app.id, "bank", "secret")
        path = "/ally/AlfaSense/support/phone/9154983795/alias"

        async def ask(password: str) -> int:
            basic = base64.b64encode(f"bank:{password}".encode()).decode()
            headers = {"Authorization": f"Basic {basic}"}
            return (await at.world.get(path, headers=headers)).status

        assert [await ask("secret") for _ in range(20)] == [404] * 20
        assert [await ask("wrong") for _ in range(3)] == [401, 401, 429]
        assert await ask("secret") == 404
        for header in ("Basic", "Basic %%%", "Basic eA==", "Token x"):
            reply = await at.world.get(path, headers={"Authorization": header})
            assert error(reply) == (401, 2401)


async def test_two_registrations_of_one_alias_at_once_make_one_client() -> None:
    async with desk() as at:
        ids = []

        async def register() -> None:
            ids.append((await at.client("same")).id)

        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(register)
        assert len(set(ids)) == 1
        client = await at.client("same")
        rooms = (await client.ok("GET", f"/user/{client.id}/rooms"))["rooms"]
        assert len(rooms) == 1
