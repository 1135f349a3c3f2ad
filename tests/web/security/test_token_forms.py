"""Tokens of the APIs whose clients read them look as those clients expect, and open nothing of another API."""

from __future__ import annotations

import random
import uuid
from typing import Any

import jwt
import pytest
import trio

from switchboard.engine.clock import Clock
from switchboard.engine.ids import Ids
from switchboard.store.memory_records import MemoryRevocations
from switchboard.web.security.token_forms import FORMS, PLAIN, TokenForm
from switchboard.web.security.tokens import TokenExpired, TokenRefused, Tokens

EPOCH = 1_800_000_000_789
SECOND = EPOCH // 1000
SECRET = b"1" * 32
ACCOUNT = "a" * 24
UNTIMED: Any = {"verify_nbf": False, "verify_iat": False}
"""The engine's clock in these tests is not this machine's."""
AUDIENCES = ("dropin", "auto", "company", "ally")


def tokens() -> Tokens:
    """Tokens at the epoch."""
    revocations, clock, ids = MemoryRevocations(), Clock(EPOCH), Ids(random.Random(1))
    return Tokens(
        keys={"one": SECRET}, current="one", revocations=revocations, clock=clock, ids=ids
    )


async def test_companys_are_as_guardian_made_them() -> None:
    """HS512, integers, a jti of the fourth kind, 28 days."""
    text = tokens().issue(ACCOUNT, "company", sub="User:7", typ="access")
    key = FORMS["company"].key(SECRET)
    assert len(key) == 64
    claims = jwt.decode(text, key, algorithms=["HS512"], audience="CompanyApi", options=UNTIMED)
    assert claims["iss"] == "CompanyApi"
    assert (claims["sub"], claims["typ"]) == ("User:7", "access")
    times = (claims["iat"], claims["nbf"], claims["exp"])
    assert times == (SECOND, SECOND - 1, SECOND + 2_419_200)
    assert uuid.UUID(claims["jti"]).version == 4


async def test_allys_say_in_their_header_when_they_end() -> None:
    """Its clients look for ``exp`` there."""
    text = tokens().issue(ACCOUNT, "ally")
    header = jwt.get_unverified_header(text)
    claims = jwt.decode(text, options={"verify_signature": False})
    assert (header["alg"], header["iat"], header["exp"]) == ("HS256", SECOND, SECOND + 3600)
    assert (claims["iat"], claims["exp"], claims["user_id"]) == (SECOND, SECOND + 3600, ACCOUNT)


@pytest.mark.parametrize("audience", AUDIENCES)
async def test_each_opens_its_own_api_only(audience: str) -> None:
    """Also once it has been checked, and whatever the claims say whom it is for."""
    made = tokens()
    text = made.issue(ACCOUNT, audience)
    assert made.check(text, audience).account == ACCOUNT
    for other in AUDIENCES:
        if other != audience:
            with pytest.raises(TokenRefused):
                made.check(text, other)
            with pytest.raises(TokenRefused):
                tokens().check(text, other)


@pytest.mark.parametrize("audience", AUDIENCES)
async def test_a_new_token_outlives_a_revocation_of_its_own_second(audience: str) -> None:
    """Although some say only the second of their issue."""
    made = tokens()
    old = made.issue(ACCOUNT, audience)
    await made.revoke_account(ACCOUNT)
    with pytest.raises(TokenRefused):
        made.check(old, audience)
    assert made.check(made.issue(ACCOUNT, audience), audience).account == ACCOUNT


@pytest.mark.parametrize("audience", AUDIENCES)
async def test_that_a_token_is_over_can_be_told(
    audience: str, mock_clock: trio.testing.MockClock
) -> None:
    """But not of one that was revoked before it was over."""
    made = tokens()
    over, revoked = made.issue(ACCOUNT, audience), made.issue(ACCOUNT, audience)
    await made.revoke(made.check(revoked, audience))
    mock_clock.jump(FORMS.get(audience, PLAIN).life / 1000 + 0.001)
    with pytest.raises(TokenExpired):
        made.check(over, audience)
    with pytest.raises(TokenRefused) as refused:
        made.check(revoked, audience)
    assert refused.type is TokenRefused


async def test_a_token_without_the_instant_of_its_issue_is_refused() -> None:
    """Revocations could not be compared with it."""
    form: TokenForm = FORMS["company"]
    claims = form.claims(ACCOUNT, "company", "j", EPOCH, {})
    del claims["at"]
    text = jwt.encode(claims, form.key(SECRET), algorithm="HS512", headers={"kid": "one"})
    with pytest.raises(TokenRefused):
        tokens().check(text, "company")
