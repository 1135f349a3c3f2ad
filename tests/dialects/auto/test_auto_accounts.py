"""auto's people: registration, login by password, its change, logout."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from bad_requests import BROKEN_BODIES, useless_tokens
from web_worlds import Reply, WebWorld, web_world

from switchboard.engine.workflows.quotas import Quota, Quotas
from switchboard.web import WebSettings

SEED: dict[str, Any] = {
    "email": "Xxx@xxx.com",
    "password": "xxxxxx",
    "firstName": "xxx",
    "lastName": "xxxx",
    "username": "xxxxx",
}
"""The seed's own registration."""

LOGIN = {"username": "xxxxx", "password": "xxxxxx"}


async def registered(world: WebWorld, **changes: Any) -> Reply:
    """The seed's dealer."""
    return await world.post("/auto/auth/register", SEED | changes)


async def signed_in(world: WebWorld, **changes: Any) -> str:
    """The token of the seed's dealer as the login gives it, with its ``JWT``."""
    reply = await world.post("/auto/auth", LOGIN | changes)
    assert reply.status == 200, reply.body
    token = reply.body["token"]
    assert isinstance(token, str)
    return token


async def logout(world: WebWorld, authorization: str) -> Reply:
    """A logout with exactly that header."""
    return await world.post("/auto/auth/logout", headers={"Authorization": authorization})


async def test_the_seeds_registration_answers_a_pending_dealer_without_a_password() -> None:
    """In the envelope, under both names of the id."""
    async with web_world() as world:
        reply = await registered(world)
        assert (reply.status, reply.body["status"]) == (200, 200)
        account = reply.data
        assert set(account) == {
            *("_id", "id", "email", "username", "firstName", "lastName", "organization"),
            *("status", "presence", "createdAt", "updatedAt"),
        }
        assert account["_id"] == account["id"]
        assert (account["email"], account["username"]) == ("Xxx@xxx.com", "xxxxx")
        assert (account["status"], account["presence"]) == ("pending", "offline")
        assert account["organization"] is None
        assert "xxxxxx" not in str(reply.body)


async def test_a_dealer_registers_for_an_organization_or_the_default_one() -> None:
    """An unknown code is refused."""
    settings = WebSettings(default_organization="house", access_log=False)
    async with web_world(settings) as world:
        house = await world.services.desk.create_organization("house", "House")
        other = await world.services.desk.create_organization("other", "Other")
        assert (await registered(world)).data["organization"] == house.id
        second = {"email": "b@b.test", "username": "b", "organizationCode": "OTHER"}
        assert (await registered(world, **second)).data["organization"] == other.id
        before = world.fingerprint()
        third = {"email": "c@b.test", "username": "c", "organizationCode": "nowhere"}
        reply = await registered(world, **third)
        assert (reply.status, reply.code) == (400, "ERROR_TOKEN_INVALID")
        assert world.fingerprint() == before


async def test_a_dealer_signs_in_by_username_or_email() -> None:
    """In any case; the username wins; the envelope has the token beside the data."""
    async with web_world() as world:
        await registered(world)
        for name in (
            {"username": "xxxxx"},
            {"username": "XXXXX"},
            {"email": "xxx@XXX.com"},
            {"username": "xxx@xxx.com"},
            {"username": "xxxxx", "email": "nobody@b.test"},
        ):
            reply = await world.post("/auto/auth", {"password": "xxxxxx", **name})
            assert reply.status == 200, name
            assert set(reply.body) == {"status", "token", "data"}
            assert reply.body["token"].startswith("JWT ")
            assert reply.data["username"] == "xxxxx"


async def test_a_token_may_be_pasted_with_its_prefix() -> None:
    """``JWT``, ``Bearer`` and ``JWT JWT``."""
    async with web_world() as world:
        await registered(world)
        for prefix in ("", "JWT ", "Bearer "):
            reply = await logout(world, prefix + await signed_in(world))
            assert (reply.status, reply.body) == (200, {"status": 200, "data": {}})


@pytest.mark.parametrize("header", ["Platform", "Plaform"])
async def test_a_platform_is_ios_or_android_or_absent(header: str) -> None:
    """The seed's misspelling is honoured."""
    async with web_world() as world:
        await registered(world)
        for platform, status in (("ios", 200), ("Android", 200), ("windows", 403)):
            reply = await world.post("/auto/auth", LOGIN, headers={header: platform})
            assert reply.status == status
        assert reply.code == "ERROR_INVALID_PLATFORM"


async def test_wrong_credentials_tell_nobody_whether_there_is_an_account() -> None:
    """Unknown people, wrong passwords, people without one, names that nobody can have."""
    async with web_world() as world:
        await registered(world)
        by_code = await world.person()
        answers = [
            await world.post("/auto/auth", body)
            for body in (
                LOGIN | {"password": "yyyyyy"},
                LOGIN | {"username": "nobody"},
                {"email": "nobody@b.test", "password": "xxxxxx"},
                {"email": "not an address", "password": "xxxxxx"},
                {"email": by_code.identities[0].value, "password": "nobody's password"},
                {"username": "a b", "password": "xxxxxx"},
            )
        ]
        assert {(reply.status, reply.code) for reply in answers} == {
            (400, "ERROR_INVALID_CREDENTIALS")
        }
        assert len({str(reply.body) for reply in answers}) == 1


async def test_a_changed_password_voids_every_token() -> None:
    """The old one opens nothing any more, the new one does."""
    async with web_world() as world:
        await registered(world)
        old = await signed_in(world)
        change = LOGIN | {"newpassword": "yyyyyy"}
        reply = await world.post("/auto/auth/changepassword", change)
        assert (reply.status, reply.data) == (200, {})
        assert (await logout(world, old)).code == "ERROR_UNAUTHORIZED"
        assert (await world.post("/auto/auth", LOGIN)).code == "ERROR_INVALID_CREDENTIALS"
        new = await signed_in(world, password="yyyyyy")
        assert (await logout(world, new)).status == 200
        again = await world.post("/auto/auth/changepassword", change)
        assert again.code == "ERROR_INVALID_CREDENTIALS"


async def test_a_logout_voids_its_token_and_ends_the_dealers_presence() -> None:
    """Other tokens of the account stay."""
    async with web_world() as world:
        account = (await registered(world)).data["id"]
        await world.services.desk.approve(account, "dealer")
        first, second = await signed_in(world), await signed_in(world)
        await world.services.dispatch.online(account, 1.0, 1.0)
        shown = await world.post("/auto/auth", LOGIN)
        assert (shown.data["presence"], shown.data["status"]) == ("online", "active")
        assert (await logout(world, first)).status == 200
        assert (await world.post("/auto/auth", LOGIN)).data["presence"] == "offline"
        assert (await logout(world, first)).status == 401
        assert (await logout(world, second)).status == 200


async def test_an_account_is_dropins_too() -> None:
    """It signs in there by code; that first proof of the address voids the password set before it."""
    async with web_world() as world:
        await registered(world)
        assert (await world.post("/auto/auth", LOGIN)).status == 200
        ticket = await world.post("/dropin/login", {"email": "xxx@xxx.com"})
        await trio.testing.wait_all_tasks_blocked()
        answer = {"tokenId": ticket.body["id"], "code": world.outbox.codes[-1][2]}
        assert (await world.post("/dropin/login/verify", answer)).status == 200
        assert (await world.post("/auto/auth", LOGIN)).code == "ERROR_INVALID_CREDENTIALS"
        seed = {"identities": [{"type": "email", "value": "XXX@xxx.com"}]}
        assert (await world.post("/dropin/accounts", seed)).code == "E_EMAIL_PHONE_EXIST"


async def test_guesses_are_limited_per_account_and_per_address() -> None:
    """The right password is refused too then, and is told when to come back."""
    quotas = Quotas(passwords_per_identity=Quota(3), passwords_per_address=Quota(5))
    async with web_world(quotas=quotas) as world:
        await registered(world)
        wrong = LOGIN | {"password": "yyyyyy"}
        assert [(await world.post("/auto/auth", wrong)).status for _ in range(3)] == [400] * 3
        reply = await world.post("/auto/auth", LOGIN)
        assert (reply.status, reply.code) == (429, "ERROR_TOO_MANY")
        assert int(reply.headers["Retry-After"]) > 0
        statuses = [
            (await world.post("/auto/auth", LOGIN | {"username": f"somebody{n}"})).status
            for n in range(3)
        ]
        assert statuses == [400, 429, 429]


BAD: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("/auth/register", {}, "ERROR_VALIDATION"),
    ("/auth/register", SEED | {"email": None}, "ERROR_VALIDATION"),
    ("/auth/register", SEED | {"email": "nobody"}, "ERROR_VALIDATION"),
    ("/auth/register", SEED | {"email": {"a": 1}}, "ERROR_VALIDATION"),
    ("/auth/register", SEED | {"username": ""}, "ERROR_VALIDATION"),
    ("/auth/register", SEED | {"username": "a@b"}, "ERROR_VALIDATION"),
    ("/auth/register", SEED | {"username": "a b"}, "ERROR_VALIDATION"),
    ("/auth/register", SEED | {"username": "a\x00"}, "ERROR_VALIDATION"),
    ("/auth/register", SEED | {"password": None}, "ERROR_VALIDATION"),
    ("/auth/register", SEED | {"password": True}, "ERROR_VALIDATION"),
    ("/auth/register", SEED | {"password": "x" * 1001}, "ERROR_VALIDATION"),
    ("/auth/register", SEED | {"password": "12345"}, "ERROR_PASSWORD_LENGTH"),
    ("/auth/register", SEED | {"firstName": ["a", "b"]}, "ERROR_VALIDATION"),
    ("/auth/register", SEED | {"lastName": "x" * 10_001}, "ERROR_VALIDATION"),
    ("/auth/register", SEED | {"organizationCode": {"a": 1}}, "ERROR_VALIDATION"),
    ("/auth/register", SEED | {"username": "other"}, "ERROR_DUPLICATION"),
    ("/auth/register", SEED | {"email": "other@b.test"}, "ERROR_DUPLICATION"),
    ("/auth", {}, "ERROR_VALIDATION"),
    ("/auth", {"username": "xxxxx"}, "ERROR_VALIDATION"),
    ("/auth", {"password": "xxxxxx"}, "ERROR_VALIDATION"),
    ("/auth", LOGIN | {"password": {"a": 1}}, "ERROR_VALIDATION"),
    ("/auth", LOGIN | {"username": "\x00"}, "ERROR_VALIDATION"),
    ("/auth", LOGIN | {"username": [1, 2]}, "ERROR_VALIDATION"),
    ("/auth/changepassword", {}, "ERROR_VALIDATION"),
    ("/auth/changepassword", LOGIN, "ERROR_VALIDATION"),
    ("/auth/changepassword", LOGIN | {"newpassword": "12345"}, "ERROR_PASSWORD_LENGTH"),
    ("/auth/changepassword", LOGIN | {"newpassword": {"a": 1}}, "ERROR_VALIDATION"),
    (
        "/auth/changepassword",
        LOGIN | {"password": "wrong!", "newpassword": "yyyyyy"},
        "ERROR_INVALID_CREDENTIALS",
    ),
)


async def test_bad_fields_are_refused_and_change_nothing() -> None:
    """Each with its code in auto's shape; a validation names the field."""
    async with web_world() as world:
        await registered(world)
        before = world.fingerprint()
        for path, body, code in BAD:
            reply = await world.post(f"/auto{path}", body)
            assert (reply.status, reply.code) == (400, code), (path, body, reply.body)
            assert set(reply.body) == {"status", "code", "message"}
            assert reply.body["status"] == 400
        assert world.fingerprint() == before
        named = await world.post("/auto/auth/register", SEED | {"email": "nobody"})
        assert named.body["message"].startswith("email: ")


@pytest.mark.parametrize(
    "path", ["/auth", "/auth/register", "/auth/changepassword", "/auth/logout"]
)
async def test_a_body_that_nobody_can_read_is_refused(path: str) -> None:
    """Malformed, of another kind, too large: on every call."""
    codes = {400: "ERROR_VALIDATION", 413: "ERROR_TOO_LARGE", 415: "ERROR_UNSUPPORTED_TYPE"}
    async with web_world() as world:
        await registered(world)
        token = (await signed_in(world)).removeprefix("JWT ")
        before = world.fingerprint()
        for raw, kind, status in BROKEN_BODIES:
            reply = await world.post(f"/auto{path}", raw=raw, kind=kind, token=token)
            assert (reply.status, reply.code) == (status, codes[status]), raw[:50]
        assert world.fingerprint() == before


async def test_a_token_that_opens_nothing_is_refused() -> None:
    """Missing, expired, revoked, forged, dropin's."""
    async with web_world() as world:
        account = await world.person()
        tokens = await useless_tokens(world, account, "auto")
        before = world.fingerprint()
        for what, token in tokens.items():
            reply = await world.post("/auto/auth/logout", token=token)
            assert (reply.status, reply.code) == (401, "ERROR_UNAUTHORIZED"), what
        assert world.fingerprint() == before
