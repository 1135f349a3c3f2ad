"""Everything that company says no to: fields, tokens, bodies, limits; and that nothing is stored then."""

from __future__ import annotations

from typing import Any

import pytest
from bad_requests import BROKEN_BODIES, BrokenBody, useless_tokens
from colleagues import USER_KEYS, colleagues, login, register, seed_user
from trio.testing import MockClock
from web_worlds import GENEROUS

from switchboard.engine.workflows.quotas import Quota
from switchboard.web.security.token_forms import FORMS

BLANK = ["can't be blank"]


def errors(**fields: str) -> dict[str, Any]:
    """The shape of a form's errors."""
    return {"errors": {name: [reason] for name, reason in fields.items()}}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"name": None}, {"name": "can't be blank"}),
        ({"name": "", "job": "  "}, {"name": "can't be blank", "job": "can't be blank"}),
        (
            {"subname": None, "email": None},
            {"subname": "can't be blank", "email": "can't be blank"},
        ),
        ({"job": {"a": 1}}, {"job": "is invalid"}),
        ({"email": "john"}, {"email": "has invalid format"}),
        ({"email": "john@mail"}, {"email": "has invalid format"}),
        ({"email": "a b@mail.com"}, {"email": "has invalid format"}),
        ({"email": "a..b@mail.com"}, {"email": "has invalid format"}),
        ({"password": "short"}, {"password": "should be at least 6 character(s)"}),
        ({"password": ["a", "b"]}, {"password": "is invalid"}),
        ({"name": "x" * 201}, {"name": "must have at most 200 characters"}),
        ({"name": "a\x00b"}, {"name": "must not contain NUL"}),
    ],
)
async def test_a_registration_names_each_wrong_field(
    changes: dict[str, Any], expected: dict[str, str]
) -> None:
    async with colleagues() as (world, _):
        before = world.fingerprint()
        reply = await world.post("/company/api/users", {"user": seed_user() | changes})
        assert (reply.status, reply.body) == (422, errors(**expected))
        assert world.fingerprint() == before


async def test_an_address_is_taken_in_any_case_and_uses_up_no_number() -> None:
    async with colleagues("John") as (world, (john,)):
        reply = await register(world, "Jack", email="JOHN@mail.com")
        assert (reply.status, reply.body) == (422, errors(email="has already been taken"))
        assert (await register(world, "Jane")).body["id"] == john.id + 1


async def test_a_setting_limits_registration_to_domains() -> None:
    async with colleagues(domains=("mail.com",)) as (world, _):
        assert (await register(world, email="john@MAIL.com")).status == 201
        reply = await register(world, "Jane", email="jane@other.test")
        assert reply.body == errors(email="has a domain that is not allowed")


async def test_nobody_learns_who_has_an_account() -> None:
    async with colleagues("John") as (world, _):
        known = await login(world, "john@mail.com", "wrong password")
        unknown = await login(world, "x@mail.com", "wrong password")
        assert known.status == unknown.status == 401
        assert known.body == unknown.body == {"data": "No user with these credentials"}


async def test_another_ones_password_cannot_be_changed() -> None:
    async with colleagues("John", "Jane") as (_, (john, jane)):
        body = {"password": "johndoe"}
        reply = await john.call("PUT", f"/users/{jane.id}", body)
        assert (reply.status, reply.body) == (403, {"message": "forbidden"})
        for nobody in ("999", "x", "-1", "%00", "9" * 500):
            reply = await john.call("PUT", f"/users/{nobody}", body)
            assert (reply.status, reply.body) == (422, errors(id="is invalid"))
        reply = await john.call("PUT", f"/users/{john.id}", {"password": "short"})
        assert reply.body == errors(password="should be at least 6 character(s)")
        assert (await john.call("PUT", f"/users/{john.id}")).body == errors(password=BLANK[0])


@pytest.mark.parametrize("recipient", [None, "", "x", 1.5, -1, 999, [1, 2], {"a": 1}])
async def test_a_conversation_needs_somebody_else(recipient: Any) -> None:
    async with colleagues("John") as (world, (john,)):
        before = world.fingerprint()
        reply = await john.post("/conversations", {"recipient": recipient})
        assert reply.status == 422
        oneself = await john.post("/conversations", {"recipient": john.id})
        assert (oneself.status, oneself.body) == (422, {"error": "Can't create"})
        assert world.fingerprint() == before


async def test_whoever_is_in_no_such_conversation_sees_nothing_of_it() -> None:
    async with colleagues("John", "Jane", "Jim") as (_, (john, jane, jim)):
        number = await john.conversation(jane)
        await john.say(number, "between us")
        assert await jim.texts(number) == []
        assert await jim.texts(999) == []
        said = await jim.say(number, "hello?")
        assert (said.status, said.body) == (422, errors(conversation_id="does not exist"))
        assert (await jim.say(999, "hello?")).body == said.body
        assert (await jim.get("/conversations")).body == []
        assert await jane.texts(number) == ["between us"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"conv": "can't be blank"}),
        ("?conv=", {"conv": "can't be blank"}),
        ("?conv=x", {"conv": "is invalid"}),
        ("?conv=1.5", {"conv": "is invalid"}),
        ("?conv=1&limit=-1", {"limit": "must be from 0 to 1e+09"}),
        ("?conv=1&start=x", {"start": "is invalid"}),
    ],
)
async def test_messages_need_the_number_of_a_conversation(
    query: str, expected: dict[str, str]
) -> None:
    async with colleagues("John") as (_, (john,)):
        reply = await john.get(f"/messages{query}")
        assert (reply.status, reply.body) == (422, errors(**expected))


async def test_a_message_needs_words() -> None:
    async with colleagues("John", "Jane") as (_, (john, jane)):
        number = await john.conversation(jane)
        reply = await john.post("/messages", {"conv": number, "content": ""})
        assert (reply.status, reply.body) == (422, errors(content=BLANK[0]))
        assert (await john.say(number, "x" * 10_001)).status == 422
        assert await jane.texts(number) == []


async def test_a_key_is_good_for_one_message() -> None:
    async with colleagues("John", "Jane") as (_, (john, jane)):
        number = await john.conversation(jane)
        once = {"headers": {"Idempotency-Key": "k"}}
        first = await john.say(number, "once", **once)
        assert (await john.say(number, "once", **once)).body == first.body
        other = await john.say(number, "twice", **once)
        assert other.body == errors(**{"Idempotency-Key": "was used for another request"})
        assert await jane.texts(number) == ["once"]


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "Bearer:", "BEARER:"])
async def test_schemes(scheme: str) -> None:
    async with colleagues("John") as (world, (john,)):
        headers = {"Authorization": f"{scheme} {john.token}"}
        assert (await world.get("/company/api/users", headers=headers)).status == 200


async def test_a_token_that_opens_nothing_says_why(mock_clock: MockClock) -> None:
    async with colleagues("John") as (world, (john,)):
        account = await world.services.directory.by_identity("company", "serial", str(john.id))
        assert account is not None
        useless = await useless_tokens(world, account, "company")
        for name, token in useless.items():
            reply = await world.get("/company/api/users", token=token)
            expected = "invalid_token" if token else "unauthenticated"
            assert (reply.status, reply.body) == (401, {"message": expected}), name
        mock_clock.jump(FORMS["company"].life / 1000 + 1)
        reply = await john.get("/users")
        assert (reply.status, reply.body) == (401, {"message": "token_expired"})


@pytest.mark.parametrize("body", BROKEN_BODIES, ids=range(len(BROKEN_BODIES)))
async def test_a_body_that_cannot_be_read(body: BrokenBody) -> None:
    async with colleagues() as (world, _):
        reply = await world.post("/company/api/users", raw=body.raw, kind=body.kind)
        assert reply.status == body.status
        assert set(reply.body) <= {"errors", "message"}


async def test_unknown_paths_and_methods() -> None:
    async with colleagues("John") as (world, (john,)):
        assert (await john.get("/nothing")).body == {"message": "not_found"}
        reply = await john.call("PATCH", "/users")
        assert (reply.status, reply.body) == (405, {"message": "method_not_allowed"})
        assert (await world.get("/company")).body == {"message": "not_found"}


async def test_tries_are_limited_for_a_known_and_an_unknown_address_alike() -> None:
    quotas = GENEROUS.__class__(passwords_per_identity=Quota(2))
    async with colleagues("John", quotas=quotas) as (world, _):
        for email in ("jOhn@mail.com", "nobody@mail.com"):
            statuses = [(await login(world, email, "wrong one")).status for _ in range(3)]
            assert statuses[-1] == 429
        reply = await login(world, "nobody@mail.com", "wrong one")
        assert (reply.status, reply.body) == (429, {"message": "too_many_requests"})
        assert int(reply.headers["Retry-After"]) > 0


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b"name=J&subname=D&email=j%40mail.com&job=CEO", "application/x-www-form-urlencoded"),
        (
            b"user[name]=J&user[subname]=D&user[email]=j@mail.com&user[job]=CEO",
            "application/x-www-form-urlencoded",
        ),
        (b'{"name":"J","subname":"D","email":"j@mail.com","job":"CEO"}', "text/plain"),
        (b'{"user":{"name":["J"],"subname":"D","email":"j@mail.com","job":"CEO"}}', ""),
        (
            b'--b\r\nContent-Disposition: form-data; name="user[name]"\r\n\r\nJ\r\n'
            b'--b\r\nContent-Disposition: form-data; name="subname"\r\n\r\nD\r\n'
            b'--b\r\nContent-Disposition: form-data; name="email"\r\n\r\nj@mail.com\r\n'
            b'--b\r\nContent-Disposition: form-data; name="job"\r\n\r\nCEO\r\n--b--\r\n',
            "multipart/form-data; boundary=b",
        ),
    ],
)
async def test_the_same_fields_in_every_spelling(raw: bytes, kind: str) -> None:
    async with colleagues() as (world, _):
        reply = await world.post("/company/api/users", raw=raw, kind=kind)
        assert (reply.status, set(reply.body)) == (201, USER_KEYS)
        assert (reply.body["name"], reply.body["email"]) == ("J", "j@mail.com")


async def test_an_empty_body_and_null_are_no_fields() -> None:
    async with colleagues() as (world, _):
        for raw in (b"", b"null", b"{}"):
            reply = await world.post("/company/api/users", raw=raw, kind="application/json")
            assert reply.body == {"errors": {name: BLANK for name in seed_user()}}


async def test_put_by_method_override() -> None:
    async with colleagues("John") as (_, (john,)):
        headers = {"X-HTTP-Method-Override": "PUT"}
        reply = await john.post(f"/users/{john.id}", {"password": "johndoe"}, headers=headers)
        assert (reply.status, reply.body) == (200, "johndoe")
