"""dropin's people: registration, profile, login by code, logout, presence, the map."""

from __future__ import annotations

import re
from typing import Any

import pytest
import trio
from web_worlds import GENEROUS, HERE, Party, WebWorld, web_world

from switchboard.engine.workflows.accounts import Registration
from switchboard.engine.workflows.quotas import Quota, Quotas
from switchboard.web import WebSettings

SEED: dict[str, Any] = {
    "firstName": "Nguyen",
    "lastName": "Hoa",
    "archive": False,
    "status": "active",
    "type": "user",
    "operator": None,
    "organization": "organization",
    "identities": [
        {"type": "email", "value": "codehubio+29@gmail.com"},
        {"type": "phone", "value": "841662203830"},
    ],
}
"""The seed's own registration."""

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")

STRICT = WebSettings(lenient=False, access_log=False)


async def code_of(world: WebWorld) -> str:
    """The code that was sent last."""
    await trio.testing.wait_all_tasks_blocked()
    return world.outbox.codes[-1][2]


async def signed_in(world: WebWorld, email: str) -> str:
    """A token, by login and code."""
    ticket = (await world.post("/dropin/login", {"email": email})).body
    answer = {"tokenId": ticket["id"], "code": await code_of(world)}
    reply = await world.post("/dropin/login/verify", answer)
    assert reply.status == 200, reply.body
    token = reply.body["token"]
    assert isinstance(token, str)
    return token


# -- registration -----------------------------------------------------------------------------------------------


async def test_the_seeds_registration_answers_the_seeds_account() -> None:
    """At top level and as ``account``; with the login ticket, and an access token where that is set."""
    async with web_world() as world:
        reply = await world.post("/dropin/accounts", SEED)
        assert reply.status == 200, reply.body
        account = reply.body["account"]
        assert {name: reply.body[name] for name in account} == account
        assert set(account) == {
            *("identities", "firstName", "lastName", "archive", "status", "type"),
            *("referralRate", "createdAt", "updatedAt", "referralCode", "id"),
            *("operatorRating", "customerRating", "profileImage", "operator", "organization"),
        }
        assert (account["firstName"], account["lastName"]) == ("Nguyen", "Hoa")
        assert (account["archive"], account["status"], account["type"]) == (False, "active", "user")
        assert (account["referralRate"], len(account["referralCode"])) == (5, 7)
        assert (account["operatorRating"], account["customerRating"]) == (5, 5)
        assert account["operator"] is account["organization"] is None
        assert TIME.fullmatch(account["createdAt"])
        email, phone = account["identities"]
        assert set(email) == {"type", "value", "status", "createdAt", "updatedAt", "id"}
        assert (email["value"], email["status"]) == ("codehubio+29@gmail.com", "unverified")
        assert phone["value"] == "841662203830"
        ticket = reply.body["token"]
        assert set(ticket) == {"id", "account", "attempts", "status", "expiresOn"}
        assert (ticket["account"], ticket["attempts"]) == (account["id"], 0)
        token = reply.body["accessToken"]
        shown = await world.get(f"/dropin/accounts/{account['id']}", token=token)
        assert shown.body == account


async def test_a_registration_proves_itself_with_the_code_that_was_sent() -> None:
    """Its ticket is the login's; the client may send the id or all of it."""
    async with web_world(STRICT) as world:
        body = SEED | {"organization": None}
        reply = await world.post("/dropin/accounts", body)
        assert "accessToken" not in reply.body
        answer = {"tokenId": reply.body["token"], "code": await code_of(world)}
        verified = await world.post("/dropin/login/verify", answer)
        assert verified.status == 200
        identities = verified.body["account"]["identities"]
        assert [one["status"] for one in identities] == ["verified", "unverified"]


async def test_a_registration_may_come_as_a_form() -> None:
    """Nested names as jQuery writes them."""
    raw = (
        b"firstName=Hoa&identities[0][type]=email&identities[0][value]=a%40b.test"
        b"&identities[1][type]=phone&identities[1][value]=841662203830"
    )
    async with web_world() as world:
        kind = "application/x-www-form-urlencoded"
        reply = await world.post("/dropin/accounts", raw=raw, kind=kind)
        assert [one["type"] for one in reply.body["identities"]] == ["email", "phone"]


async def test_nobody_becomes_anything_by_a_field() -> None:
    """Not an operator, not an admin, not archived: at most pending."""
    async with web_world() as world:
        wishes = {"operator": {"any": 1}, "admin": True, "type": "admin", "status": "archived"}
        reply = await world.post("/dropin/accounts", SEED | wishes)
        assert reply.body["operator"] == {"status": "pending"}
        assert (reply.body["type"], reply.body["status"]) == ("user", "active")
        stored = await world.services.directory.get(reply.body["id"])
        assert stored is not None
        assert (stored.admin, stored.operator) == (False, "pending")
        token = reply.body["accessToken"]
        refused = await world.post("/dropin/accounts/status/online", token=token)
        assert (refused.status, refused.code) == (403, "E_FORBIDDEN")


async def test_an_operator_is_approved_at_once_only_where_that_is_set() -> None:
    """For trying things out."""
    settings = WebSettings(lenient=True, approve_at_once=True, access_log=False)
    async with web_world(settings) as world:
        reply = await world.post("/dropin/accounts", SEED | {"operator": {}})
        assert reply.body["operator"] == {"status": "approved"}


async def test_an_unknown_organization_is_left_out_or_refused() -> None:
    """Lenient or not; a known one is found by its code."""
    async with web_world(STRICT) as world:
        reply = await world.post("/dropin/accounts", SEED)
        assert (reply.status, reply.code) == (400, "E_VALIDATION")
        assert set(reply.data) == {"organization"}
        known = await world.services.desk.create_organization("organization", "Demo")
        reply = await world.post("/dropin/accounts", SEED)
        assert reply.body["organization"] == known.id


@pytest.mark.parametrize("value", ["codehubio+29@gmail.com", "CodeHubIO+29@gmail.com"])
async def test_an_identity_belongs_to_one_account(value: str) -> None:
    """In whichever case it is written; nothing is stored."""
    async with web_world() as world:
        await world.post("/dropin/accounts", SEED)
        before = world.fingerprint()
        again = SEED | {"identities": [{"type": "email", "value": value}]}
        reply = await world.post("/dropin/accounts", again)
        assert (reply.status, reply.code) == (400, "E_EMAIL_PHONE_EXIST")
        assert world.fingerprint() == before


# -- profiles ---------------------------------------------------------------------------------------------------


async def test_identities_are_shown_to_oneself_and_admins_only() -> None:
    """Others see an empty list."""
    async with web_world() as world:
        one, other, admin = await world.customer(), await world.customer(), await world.admin()
        for viewer, count in ((one, 1), (other, 0), (admin, 1)):
            reply = await viewer.get(f"/accounts/{one.id}")
            assert (reply.status, len(reply.body["identities"])) == (200, count)


# -- login ------------------------------------------------------------------------------------------------------


async def test_a_login_tells_nobody_whether_there_is_an_account() -> None:
    """Same shape, same limits, same wrong code; nothing is sent to nobody."""
    async with web_world() as world:
        await world.post("/dropin/accounts", SEED)
        await trio.testing.wait_all_tasks_blocked()
        world.outbox.codes.clear()
        known = await world.post("/dropin/login", {"email": "codehubio+29@gmail.com"})
        unknown = await world.post("/dropin/login", {"email": "nobody@example.test"})
        for reply in (known, unknown):
            assert reply.status == 200
            assert set(reply.body) == {"id", "account", "attempts", "status", "expiresOn"}
            assert (reply.body["account"], reply.body["status"]) == (None, "pending")
        await trio.testing.wait_all_tasks_blocked()
        assert [value for _, value, _ in world.outbox.codes] == ["codehubio+29@gmail.com"]
        right = world.outbox.codes[0][2]
        wrong = "0000" if right != "0000" else "0001"
        answers = [
            await world.post("/dropin/login/verify", {"tokenId": ticket.body["id"], "code": wrong})
            for ticket in (known, unknown)
        ]
        assert answers[0].body == answers[1].body
        assert (answers[0].status, answers[0].code) == (400, "E_BAD_REQUEST")


async def test_a_phone_signs_in_as_it_is_written() -> None:
    """With or without its plus."""
    async with web_world() as world:
        await world.post("/dropin/accounts", SEED)
        for phone in ("841662203830", "+84 166 220 3830", 841662203830):
            ticket = await world.post("/dropin/login", {"phone": phone})
            answer = {"tokenId": ticket.body["id"], "code": await code_of(world)}
            assert (await world.post("/dropin/login/verify", answer)).status == 200


async def test_a_code_is_good_once() -> None:
    """And only with its own ticket."""
    async with web_world() as world:
        await world.post("/dropin/accounts", SEED)
        ticket = await world.post("/dropin/login", {"email": "codehubio+29@gmail.com"})
        answer = {"tokenId": ticket.body["id"], "code": await code_of(world)}
        assert (await world.post("/dropin/login/verify", answer)).status == 200
        assert (await world.post("/dropin/login/verify", answer)).code == "E_BAD_REQUEST"


async def test_a_code_can_be_tried_five_times() -> None:
    """The right one comes too late then."""
    async with web_world() as world:
        await world.post("/dropin/accounts", SEED)
        ticket = await world.post("/dropin/login", {"email": "codehubio+29@gmail.com"})
        right = await code_of(world)
        wrong = "0000" if right != "0000" else "0001"
        for code in (*[wrong] * 5, right):
            answer = {"tokenId": ticket.body["id"], "code": code}
            reply = await world.post("/dropin/login/verify", answer)
            assert (reply.status, reply.code) == (400, "E_BAD_REQUEST")


async def test_a_code_lives_half_an_hour(mock_clock: trio.testing.MockClock) -> None:
    """By the engine's clock."""
    async with web_world() as world:
        await world.post("/dropin/accounts", SEED)
        ticket = await world.post("/dropin/login", {"email": "codehubio+29@gmail.com"})
        answer = {"tokenId": ticket.body["id"], "code": await code_of(world)}
        mock_clock.jump(30 * 60 + 1)
        assert (await world.post("/dropin/login/verify", answer)).code == "E_BAD_REQUEST"


@pytest.mark.parametrize("email", ["codehubio+29@gmail.com", "nobody@example.test"])
async def test_an_identity_gets_five_codes_in_half_an_hour(
    mock_clock: trio.testing.MockClock, email: str
) -> None:
    """Known or not; then it is told when to come back."""
    async with web_world(quotas=Quotas()) as world:
        await world.post("/dropin/accounts", SEED)
        for _ in range(5):
            assert (await world.post("/dropin/login", {"email": email})).status == 200
        reply = await world.post("/dropin/login", {"email": email.upper()})
        assert (reply.status, reply.code) == (429, "E_TOO_MANY")
        mock_clock.jump(int(reply.headers["Retry-After"]))
        assert (await world.post("/dropin/login", {"email": email})).status == 200


async def test_an_identity_has_five_tries_in_half_an_hour_over_all_its_codes() -> None:
    """A fresh code gives no fresh tries."""
    async with web_world(quotas=Quotas()) as world:
        await world.post("/dropin/accounts", SEED)
        statuses = []
        for _ in range(3):
            ticket = await world.post("/dropin/login", {"email": "codehubio+29@gmail.com"})
            right = await code_of(world)
            wrong = "0000" if right != "0000" else "0001"
            for _ in range(2):
                answer = {"tokenId": ticket.body["id"], "code": wrong}
                statuses.append((await world.post("/dropin/login/verify", answer)).status)
        assert statuses == [400] * 5 + [429]


async def test_an_address_has_its_own_limits() -> None:
    """However many identities it asks for."""
    quotas = Quotas(sends_per_address=Quota(3), registrations_per_address=Quota(1))
    async with web_world(quotas=quotas) as world:
        statuses = [
            (await world.post("/dropin/login", {"email": f"a{number}@b.test"})).status
            for number in range(4)
        ]
        assert statuses == [200, 200, 200, 429]
        assert (await world.post("/dropin/accounts", SEED)).status == 200
        assert (await world.post("/dropin/accounts", SEED)).status == 429


async def test_limits_and_accounts_outlive_a_restart() -> None:
    """The counts are stored."""
    async with web_world(quotas=Quotas()) as world:
        database = world.database
        for _ in range(5):
            await world.post("/dropin/login", {"email": "a@b.test"})
    async with web_world(quotas=Quotas(), database=database) as world:
        assert (await world.post("/dropin/login", {"email": "a@b.test"})).status == 429


async def test_the_first_proof_of_an_identity_voids_what_a_stranger_had_set() -> None:
    """Somebody registered with another's address: their token and password are void, later ones are not."""
    async with web_world() as world:
        stranger = await world.services.desk.create(
            Registration(identities=(("email", "owner@example.test"),), password="stranger's")
        )
        stolen = world.token(stranger)
        assert (await world.get(f"/dropin/accounts/{stranger.id}", token=stolen)).status == 200
        token = await signed_in(world, "owner@example.test")
        assert (await world.get(f"/dropin/accounts/{stranger.id}", token=stolen)).status == 401
        login = {"email": "owner@example.test", "password": "stranger's"}
        assert (await world.post("/auto/auth", login)).code == "ERROR_INVALID_CREDENTIALS"
        again = await signed_in(world, "owner@example.test")
        for good in (token, again):
            assert (await world.get(f"/dropin/accounts/{stranger.id}", token=good)).status == 200


# -- tokens -----------------------------------------------------------------------------------------------------


async def test_a_token_is_taken_from_every_place_where_clients_put_it() -> None:
    """Header in two spellings, query, body."""
    async with web_world() as world:
        one = await world.operator()
        path = f"/dropin/accounts/{one.id}"
        for headers in (
            {"Authorization": f"JWT {one.token}"},
            {"Authorization": f"bearer {one.token}"},
        ):
            assert (await world.get(path, headers=headers)).status == 200
        assert (await world.get(f"{path}?auth_token={one.token}")).status == 200
        body = {"auth_token": one.token}
        assert (await world.post("/dropin/accounts/status/online", body)).status == 200
        assert (await world.post("/dropin/accounts/status/online")).code == "E_LOGIN_REQUIRED"


async def test_a_logout_voids_its_token_alone() -> None:
    """Also after a restart."""
    async with web_world() as world:
        database, one = world.database, await world.customer()
        other = world.token(one.account)
        assert (await one.post("/logout", {"deviceAddress": "x"})).body == {"message": "ok"}
        for token, status in ((one.token, 401), (other, 200)):
            assert (await world.get(f"/dropin/accounts/{one.id}", token=token)).status == status
    async with web_world(database=database) as world:
        for token, status in ((one.token, 401), (other, 200)):
            assert (await world.get(f"/dropin/accounts/{one.id}", token=token)).status == status


async def test_an_archived_account_is_signed_in_nowhere() -> None:
    """Its token and its codes are void."""
    async with web_world() as world:
        one = await world.customer()
        email = one.account.identities[0].value
        await world.services.desk.archive(one.id)
        assert (await one.get(f"/accounts/{one.id}")).code == "E_LOGIN_REQUIRED"
        ticket = await world.post("/dropin/login", {"email": email})
        assert ticket.status == 200
        await trio.testing.wait_all_tasks_blocked()
        assert world.outbox.codes == []


# -- presence and the map ---------------------------------------------------------------------------------------


async def test_the_map_shows_available_operators_nearest_first() -> None:
    """Not oneself, not those far away, not those offline."""
    async with web_world(quotas=GENEROUS) as world:
        near = await world.operator((HERE[0] + 0.01, HERE[1]))
        nearer = await world.operator((HERE[0] + 0.001, HERE[1]))
        await world.operator((HERE[0] + 1, HERE[1]))
        gone = await world.operator()
        assert (await gone.post("/accounts/status/offline")).body == {"message": "ok"}
        customer = await world.customer()
        path = f"/map/{HERE[0]}/{HERE[1]}"
        reply = await customer.get(path)
        assert [one["account"] for one in reply.body] == [nearer.id, near.id]
        assert reply.body[0]["location"] == {"latitude": HERE[0] + 0.001, "longitude": HERE[1]}
        assert [one["account"] for one in (await near.get(path)).body] == [nearer.id]
        assert (await customer.get("/map/-80/0")).body == []


@pytest.mark.parametrize(
    "body",
    [
        {
            "lat": "10.787859",
            "lng": "106.70653",
            "bty": 80,
            "sig": 3,
            "opr": "x",
            "net": 1,
            "rad": 2,
        },
        {"latitude": 10.787859, "longitude": 106.70653},
        {"latitude": 10.787859, "long": 106.70653, "gigId": None},
    ],
)
async def test_a_sign_moves_an_operator(body: dict[str, Any]) -> None:
    """POST /map, in every spelling of a place."""
    async with web_world() as world:
        operator = await world.operator((0.0, 0.0))
        customer = await world.customer()
        assert (await operator.post("/map", body)).body == {"message": "ok"}
        shown = await customer.get(f"/map/{HERE[0]}/{HERE[1]}")
        assert [one["account"] for one in shown.body] == [operator.id]


async def test_going_online_may_bring_a_place() -> None:
    """Or take the last one."""
    async with web_world() as world:
        account = await world.person(operator="approved")
        operator = Party(world, account, world.token(account))
        place = {"lat": HERE[0], "lng": HERE[1]}
        assert (await operator.post("/accounts/status/online", place)).body == {"message": "ok"}
        customer = await world.customer()
        path = f"/map/{HERE[0]}/{HERE[1]}"
        assert len((await customer.get(path)).body) == 1
        await operator.post("/accounts/status/offline")
        assert (await customer.get(path)).body == []
        await operator.post("/accounts/status/online")
        assert len((await customer.get(path)).body) == 1
