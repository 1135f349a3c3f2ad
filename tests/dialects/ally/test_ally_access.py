"""Who may call what: every operation of ally, for everybody there is, against one table; and no app sees another."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import pytest
from desks import Desk, Voice, desk

from switchboard.web.dialects.ally import ALLY

WHO = ("none", "other app", "other", "own", "operator", "admin")
"""Nobody; an administrator of another app; another client of the app; the client whose room it is; an operator; an
administrator."""

ANYBODY = (200,) * 6
SIGNED_IN = (400, *(200,) * 5)
DESK = (400, 404, 403, 403, 200, 200)
MEMBERS = (400, 404, 403, 200, 200, 200)
OWN_APP = (400, 404, 200, 200, 200, 200)
ADMINS = (400, 404, 403, 403, 403, 200)
BANK = (401,) * 6

TABLE: Mapping[tuple[str, str], tuple[int, ...]] = {
    ("POST", "/api/auth"): ANYBODY,
    ("POST", "/api/token"): ANYBODY,
    ("POST", "/api/token/update"): SIGNED_IN,
    ("POST", "/api/user/register"): ANYBODY,
    ("GET", "/api/users"): SIGNED_IN,
    ("GET", "/api/user/<user>"): OWN_APP,
    ("POST", "/api/user/<user>"): (400, 404, 403, 200, 403, 200),
    ("GET", "/api/user/<user>/rooms"): MEMBERS,
    ("POST", "/api/user/<user>/rooms"): (400, 404, 403, 200, 403, 403),
    ("POST", "/api/user/<user>/devices"): (400, 404, 403, 200, 403, 403),
    ("GET", "/api/user/<user>/user_rooms"): MEMBERS,
    ("GET", "/api/user/<user>/active_rooms"): DESK,
    ("GET", "/api/me"): SIGNED_IN,
    ("GET", "/api/room/<room>"): MEMBERS,
    ("PUT", "/api/room/<room>/active"): DESK,
    ("DELETE", "/api/room/<room>/active"): DESK,
    ("GET", "/api/room/<room>/messages"): MEMBERS,
    ("POST", "/api/room/<room>/tags"): ADMINS,
    ("POST", "/api/room/<room>/tag"): ADMINS,
    ("DELETE", "/api/room/<room>/tag"): ADMINS,
    ("DELETE", "/api/room/<room>/tags"): ADMINS,
    # Without a form none gets as far as its token.
    ("POST", "/api/upload"): (415,) * 6,
    ("GET", "/api/upload/<upload>"): (404,) * 6,
    ("GET", "/api/messages"): SIGNED_IN,
    ("GET", "/api/message/<message>"): MEMBERS,
    ("PUT", "/api/message/<message>/read"): MEMBERS,
    ("GET", "/api/issue/<issue>"): MEMBERS,
    ("POST", "/api/issue/<issue>/close"): DESK,
    ("GET", "/api/issue/<issue>/answers"): DESK,
    ("GET", "/api/issues/stats"): (400, 200, 403, 403, 200, 200),
    ("GET", "/api/issues"): (400, 200, 403, 403, 200, 200),
    ("GET", "/api/time"): ANYBODY,
    ("GET", "/api/operators"): SIGNED_IN,
    ("POST", "/api/operator"): (400, 200, 403, 403, 403, 200),
    ("GET", "/api/operator/<operator>"): DESK,
    ("POST", "/api/operator/<operator>"): ADMINS,
    ("DELETE", "/api/operator/<operator>"): ADMINS,
    ("GET", "/api/tags"): SIGNED_IN,
    ("GET", "/AlfaSense/support/phone/<phone>/alias"): BANK,
    ("GET", "/AlfaSense/support/alias/<alias>/customer"): BANK,
}
"""(method, path) -> the status for each of ``WHO``. Without a token the documents answer 400."""

OPERATIONS = [(route.method, route.path) for route in ALLY.routes]

BODIES: Mapping[str, dict[str, str]] = {
    "/api/auth": {"login": "somebody", "password": "secret"},
    "/api/token": {"alias": "own", "app_id": "sensetest"},
    "/api/user/register": {"alias": "own", "app_id": "sensetest"},
    "/api/user/<user>": {"name": "Ann"},
    "/api/user/<user>/rooms": {"user": "other"},
    "/api/user/<user>/devices": {"device_token": "t", "device_type": "ios"},
    "/api/room/<room>/tags": {"tag": "concierge"},
    "/api/room/<room>/tag": {"tag": "concierge"},
    "/api/operator/<operator>": {"avatar_url": "http://a.test/a.png"},
}


class Stage:
    """A client's case, and everybody who could call."""

    def __init__(self, at: Desk) -> None:
        self.at = at
        self.names: dict[str, str] = {"phone": "9154983795", "alias": "own", "upload": "0"}
        self.tokens: dict[str, str | None] = {"none": None}

    async def prepare(self) -> None:
        """People and what they have."""
        own = await self.at.client("own")
        people: dict[str, Voice] = {"own": own, "other": await self.at.client("other")}
        people["operator"] = await self.at.staff("operator")
        people["admin"] = await self.at.staff("admin", admin=True)
        somebody = await self.at.staff("somebody")
        app = await self.at.world.services.support.apps.create("another", "")
        elsewhere = Desk(self.at.world, app)
        people["other app"] = await elsewhere.staff("stranger", admin=True)
        room = await own.room()
        said = (await own.say(room, "help")).message
        self.names |= {"user": own.id, "room": room, "message": said.id}
        self.names |= {"issue": said.issue or "", "operator": somebody.id}
        self.tokens |= {name: voice.token for name, voice in people.items()}

    async def call(self, method: str, path: str, who: str) -> Any:
        """The operation, as whom."""
        target = path
        for name, value in self.names.items():
            target = target.replace(f"<{name}>", value)
        body = BODIES.get(path) if method != "GET" else None
        if (method, path) == ("POST", "/api/operator"):
            body = {"login": f"new-{len(who)}", "password": "secret"}
        headers = {}
        token = self.tokens[who]
        if token is not None:
            headers["Authorization"] = f"Token {token}"
        return await self.at.world.call(method, f"/ally{target}", body, headers=headers)


@pytest.mark.parametrize("who", WHO)
async def test_who_may_call_what(who: str) -> None:
    """In the order of the routes: what one call changes is what the next one finds."""
    async with desk() as at:
        stage = Stage(at)
        await stage.prepare()
        answered = {one: (await stage.call(*one, who)).status for one in OPERATIONS}
        assert answered == {one: TABLE[one][WHO.index(who)] for one in OPERATIONS}


def test_the_table_has_every_operation() -> None:
    assert sorted(TABLE) == sorted(OPERATIONS)


async def test_an_app_shows_nothing_to_another() -> None:
    async with desk() as at:
        stage = Stage(at)
        await stage.prepare()
        own, room, message = (stage.names[name] for name in ("user", "room", "message"))
        token = stage.tokens["other app"]
        empty = {
            f"/users?id[]={own}": {"users": [], "count": 0},
            "/users?alias=own": {"users": [], "count": 0},
            f"/messages?id[]={message}": {"messages": []},
            "/issues": {"issues": [], "count": 0},
            "/tags": {"tags": []},
        }
        for path, expected in empty.items():
            joint = "&" if "?" in path else "?"
            reply = await at.world.get(f"/ally/api{path}{joint}token={token}")
            assert (reply.status, reply.body) == (200, expected), path
        stats = (await at.world.get(f"/ally/api/issues/stats?token={token}")).body["stats"]
        assert all(day["opened"] == 0 for day in stats)
        operators = (await at.world.get(f"/ally/api/operators?token={token}")).body["operators"]
        assert [one["login"] for one in operators] == ["stranger"]
        # The same alias is another client there.
        body = {"alias": "own", "app_id": "another"}
        other = await at.world.post("/ally/api/user/register", body)
        assert other.body["id"] != own
        assert room


async def test_a_client_sees_those_it_shares_a_room_with() -> None:
    async with desk() as at:
        one, other, third = [await at.client(name) for name in ("one", "other", "third")]
        assert (await one.ok("GET", "/users"))["users"] == [{"alias": "one", "id": one.id}]
        await one.ok("POST", f"/user/{one.id}/rooms", user="other")
        seen = await one.ok("GET", "/users?limit=1&offset=1")
        assert (seen["count"], seen["users"][0]["id"]) == (2, max(one.id, other.id))
        operator = await at.staff("laya")
        listed = await operator.ok("GET", "/users")
        assert listed["count"] == 4
        assert [user["id"] for user in listed["users"]] == sorted(
            (one.id, other.id, third.id, operator.id)
        )


async def test_an_operator_has_no_client_token_and_a_client_no_desk_login() -> None:
    async with desk() as at:
        admin = await at.staff("admin", admin=True)
        await admin.ok("POST", "/operator", login="laya", password="x", alias="laya")
        reply = await at.world.post("/ally/api/token", {"alias": "laya", "app_id": "sensetest"})
        assert reply.body["error"]["code"] == 1032
        reply = await at.world.post("/ally/api/user/register", {"alias": "laya"})
        assert reply.body["error"]["code"] == 1031
        await at.world.services.support.people.add_bank(at.app.id, "bank", "secret")
        reply = await at.world.post("/ally/api/auth", {"login": "bank", "password": "secret"})
        assert (reply.status, reply.body["error"]["code"]) == (401, 2401)
        basic = base64.b64encode(b"laya:x").decode()
        reply = await at.world.get(
            "/ally/AlfaSense/support/phone/9154983795/alias",
            headers={"Authorization": f"Basic {basic}"},
        )
        assert reply.status == 401
        assert reply.headers["WWW-Authenticate"].startswith("Basic ")
