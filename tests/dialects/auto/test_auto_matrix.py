"""Who may call what: every operation of auto, for everybody there is, against one table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from auto_people import House, house
from bad_requests import BROKEN_BODIES, useless_tokens
from web_push import SUBSCRIPTION
from web_worlds import WebWorld, web_world

from switchboard.web.dialects.auto import AUTO

WHO = ("none", "other", "own", "operator", "dealer", "admin")
"""Nobody; a dealer of another organization; the dealer who streams; an operator; another dealer of the organization; an
administrator."""

ANYBODY = (200,) * len(WHO)
SIGNED_IN = (401, *(200,) * 5)
DEALERS = (401, 200, 200, 403, 200, 403)

TABLE: Mapping[tuple[str, str], tuple[int, ...]] = {
    ("POST", "/auth"): ANYBODY,
    ("POST", "/auth/register"): ANYBODY,
    ("POST", "/auth/changepassword"): ANYBODY,
    ("POST", "/auth/logout"): SIGNED_IN,
    ("POST", "/accounts/status/online"): SIGNED_IN,
    ("POST", "/accounts/status/offline"): SIGNED_IN,
    ("POST", "/ping"): DEALERS,
    ("POST", "/devices"): SIGNED_IN,
    ("GET", "/devices/webpush"): ANYBODY,
    ("POST", "/devices/webpush"): SIGNED_IN,
    ("DELETE", "/devices/webpush"): SIGNED_IN,
    ("GET", "/vin/<vin>"): ANYBODY,
    ("GET", "/streams"): SIGNED_IN,
    ("POST", "/streams/request/<organization>"): ANYBODY,
    # Another organization's stream does not exist (400), somebody else's is on the way (400).
    ("POST", "/streams/accept/<stream>"): (401, 400, 200, 403, 400, 403),
    ("POST", "/streams/stop/<stream>"): ANYBODY,
    ("POST", "/streams/note/<stream>"): ANYBODY,
    ("GET", "/streams/<stream>"): ANYBODY,
    ("POST", "/leads"): ANYBODY,
    # The channel of a stream, whose id everybody here holds.
    ("POST", "/socket/auth"): ANYBODY,
    ("POST", "/socket/user-auth"): SIGNED_IN,
    ("POST", "/chat/<stream>"): ANYBODY,
    ("GET", "/chat/<stream>"): ANYBODY,
}
"""(method, path) -> the status for each of ``WHO``."""

OPERATIONS = [(route.method, route.path) for route in AUTO.routes]

SEED = {"username": "seed", "email": "seed@b.test", "password": "xxxxxx"}


class Stage:
    """A stream that is on, another that is over, and everybody who could call."""

    def __init__(self, world: WebWorld, home: House, tokens: Mapping[str, str | None]) -> None:
        self.world = world
        self.home = home
        self.tokens = tokens
        self.live = ""
        self.over = ""

    def body(self, path: str, who: str) -> Any:
        """A good one."""
        match path:
            case "/auth/register":
                return {"username": who, "email": f"{who}@b.test", "password": "xxxxxx"}
            case "/auth":
                return SEED
            case "/auth/changepassword":
                return SEED | {"newpassword": "xxxxxx"}
            case "/devices":
                return {"deviceAddress": who, "deviceType": "ios", "bundleId": "b"}
            case "/devices/webpush":
                return SUBSCRIPTION
            case "/socket/auth":
                return {"socket_id": "1.1", "channel_name": f"private-{self.over}"}
            case "/socket/user-auth":
                return {"socket_id": "1.1"}
            case "/chat/<stream>":
                return {"from": self.over, "message": who}
            case "/leads":
                return {"streamId": self.over}
            case "/streams/note/<stream>":
                return {"note": who}
            case "/streams/request/<organization>":
                return {"vin": "xxx", "guestId": "the same"}
            case _:
                return None

    def path(self, path: str) -> str:
        """With what it names filled in."""
        stream = self.live if "accept" in path else self.over
        return (
            path.replace("<stream>", stream)
            .replace("<organization>", self.home.code)
            .replace("<vin>", "1HGCM82633A004352")
        )


async def _stage(world: WebWorld) -> Stage:
    home, elsewhere = await house(world), await house(world, "other")
    own = await home.dealer("own")
    spare = await (await home.dealer("spare")).online()
    other = await elsewhere.dealer("other")
    colleague = await home.dealer("colleague")
    admin, operator = await world.admin(), await world.operator()
    await world.post("/auto/auth/register", SEED)
    stage = Stage(
        world,
        home,
        {
            "none": None,
            "other": other.token,
            "own": own.token,
            "operator": world.token(operator.account, "auto"),
            "dealer": colleague.token,
            "admin": world.token(admin.account, "auto"),
        },
    )
    stage.over = str((await home.streaming(spare))["_id"])
    await world.post(f"/auto/streams/stop/{stage.over}")
    await spare.post("/accounts/status/offline")
    await own.online()
    stage.live = str((await home.streaming(own))["_id"])
    await spare.online()
    return stage


def test_every_operation_has_its_row() -> None:
    assert set(TABLE) == set(OPERATIONS)
    assert len(OPERATIONS) == len(set(OPERATIONS))


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
async def test_each_is_answered_as_the_table_says(method: str, path: str) -> None:
    async with web_world() as world:
        stage = await _stage(world)
        statuses = []
        for who in WHO:
            reply = await world.call(
                method, f"/auto{stage.path(path)}", stage.body(path, who), token=stage.tokens[who]
            )
            statuses.append(reply.status)
            # What Pusher's clients read is bare.
            if reply.status != 200 or not path.startswith("/socket/"):
                assert reply.body["status"] == reply.status
        assert tuple(statuses) == TABLE[method, path]


SIGN_IN = [one for one in OPERATIONS if TABLE[one][0] == 401]


@pytest.mark.parametrize(("method", "path"), SIGN_IN)
async def test_a_token_that_opens_nothing_is_refused_where_one_is_needed(
    method: str, path: str
) -> None:
    async with web_world() as world:
        stage = await _stage(world)
        tokens = await useless_tokens(world, await world.person(), "auto")
        before = world.fingerprint()
        for what, token in tokens.items():
            reply = await world.call(method, f"/auto{stage.path(path)}", token=token)
            assert (reply.status, reply.code) == (401, "ERROR_UNAUTHORIZED"), what
        assert world.fingerprint() == before


POSTS = [path for method, path in OPERATIONS if method == "POST"]


@pytest.mark.parametrize("path", POSTS)
async def test_a_body_that_nobody_can_read_is_refused_everywhere(path: str) -> None:
    codes = {400: "ERROR_VALIDATION", 413: "ERROR_TOO_LARGE", 415: "ERROR_UNSUPPORTED_TYPE"}
    async with web_world() as world:
        stage = await _stage(world)
        before = world.fingerprint()
        for raw, kind, status in BROKEN_BODIES:
            reply = await world.post(
                f"/auto{stage.path(path)}", raw=raw, kind=kind, token=stage.tokens["own"]
            )
            assert (reply.status, reply.code) == (status, codes[status]), raw[:50]
        assert world.fingerprint() == before


async def test_an_unknown_path_and_a_wrong_method_are_told_in_autos_shape() -> None:
    async with web_world() as world:
        for method, path, status, code in (
            ("GET", "/auto/nothing", 404, "ERROR_NOT_FOUND"),
            ("GET", "/auto/leads", 405, "ERROR_METHOD"),
            ("PUT", "/auto/streams", 405, "ERROR_METHOD"),
        ):
            reply = await world.call(method, path)
            assert (reply.status, reply.code, set(reply.body)) == (
                status,
                code,
                {"status", "code", "message"},
            )
