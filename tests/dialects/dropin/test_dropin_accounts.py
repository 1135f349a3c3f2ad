"""dropin's registration and profiles."""

from __future__ import annotations

import pytest
from seed_people import SEED, STRICT, TIME, code_of
from web_worlds import web_world

from switchboard.web import WebSettings


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


async def test_identities_are_shown_to_oneself_and_admins_only() -> None:
    """Others see an empty list."""
    async with web_world() as world:
        one, other, admin = await world.customer(), await world.customer(), await world.admin()
        for viewer, count in ((one, 1), (other, 0), (admin, 1)):
            reply = await viewer.get(f"/accounts/{one.id}")
            assert (reply.status, len(reply.body["identities"])) == (200, count)
