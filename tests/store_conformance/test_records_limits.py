"""Limits, one-time codes and revocations, in Postgres and in memory, held to the same behaviour."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from record_stores import Records, together

from switchboard.engine.errors import Conflict
from switchboard.engine.records import (
    Attempt,
    Revocation,
)
from switchboard.store.records_rules import ATTEMPT_KEPT

NOW = 1_700_000_000_000
MINUTE = 60_000
CODE = b"h" * 32
OTHER_CODE = b"o" * 32
UNSTORABLE = ("\x00", "a\x00b", "\ud800")


# -- limits


async def test_tries_within_the_limit_pass_and_the_next_hears_how_long_to_wait(
    records: Records,
) -> None:
    async def hit(at: int, key: str = "a", scope: str = "login") -> int | None:
        return await records.limits.hit(scope, key, at, MINUTE, 3)

    assert [await hit(NOW + number) for number in range(3)] == [None, None, None]
    assert await hit(NOW + 3) == 60
    assert await hit(NOW + 59_001) == 1
    assert await hit(NOW + 59_999) == 1
    assert await hit(NOW + 59_999, key="b") is None
    assert await hit(NOW + 59_999, scope="code") is None
    assert await hit(NOW + MINUTE) is None
    assert await hit(NOW + MINUTE + 1) is None


async def test_a_refused_try_does_not_prolong_the_window(records: Records) -> None:
    for at in range(0, 59_000, 1000):
        await records.limits.hit("login", "a", NOW + at, MINUTE, 2)
    assert await records.limits.hit("login", "a", NOW + MINUTE, MINUTE, 2) is None


async def test_tries_at_once_are_all_counted(records: Records) -> None:
    answers = await together(
        *[lambda: records.limits.hit("login", "a", NOW, MINUTE, 7) for _ in range(20)]
    )
    assert answers.count(None) == 7
    assert answers.count(60) == 13


async def test_a_limit_of_nothing_refuses_the_first_try(records: Records) -> None:
    assert await records.limits.hit("login", "a", NOW, MINUTE, 0) == 60


# -- one-time codes


def an_attempt(id: str = "attempt", **fields: Any) -> Attempt:
    plain: dict[str, Any] = {"account": "full", "expires_at": NOW + MINUTE, "created_at": NOW}
    return Attempt(
        id=id,
        identity_type="email",
        identity_value="a@example.org",
        code_hash=CODE,
        **{**plain, **fields},
    )


async def test_an_attempt_comes_back_as_it_was_stored(records: Records) -> None:
    attempts = [an_attempt("one"), an_attempt("two", account=None, tries=3, status="failed")]
    for attempt in attempts:
        await records.attempts.add(attempt)
        assert await records.attempts.get(attempt.id) == attempt
    with pytest.raises(Conflict):
        await records.attempts.add(replace(attempts[0], account="other"))
    assert await records.attempts.get("one") == attempts[0]
    assert await records.attempts.get("three") is None


async def test_a_code_is_verified_once(records: Records) -> None:
    await records.attempts.add(an_attempt())
    verified = an_attempt(tries=1, status="verified")
    assert await records.attempts.try_code("attempt", CODE, NOW, 5) == ("verified", verified)
    assert await records.attempts.try_code("attempt", CODE, NOW, 5) == ("over", verified)
    assert await records.attempts.get("attempt") == verified


async def test_of_many_tries_at_once_with_the_right_code_one_is_verified(records: Records) -> None:
    await records.attempts.add(an_attempt())
    answers = await together(
        *[lambda: records.attempts.try_code("attempt", CODE, NOW, 50) for _ in range(20)]
    )
    results = [result for result, _ in answers]
    assert sorted(results) == ["over"] * 19 + ["verified"]


async def test_of_many_tries_at_once_no_more_are_compared_than_allowed(records: Records) -> None:
    await records.attempts.add(an_attempt())
    answers = await together(
        *[lambda: records.attempts.try_code("attempt", OTHER_CODE, NOW, 5) for _ in range(20)]
    )
    results = [result for result, _ in answers]
    assert sorted(results) == ["over"] * 15 + ["wrong"] * 5
    assert await records.attempts.get("attempt") == an_attempt(tries=5, status="failed")


async def test_wrong_codes_use_up_the_tries(records: Records) -> None:
    await records.attempts.add(an_attempt())
    for tries, status in ((1, "pending"), (2, "failed")):
        expected = an_attempt(tries=tries, status=status)
        assert await records.attempts.try_code("attempt", OTHER_CODE, NOW, 2) == ("wrong", expected)
    assert (await records.attempts.try_code("attempt", CODE, NOW, 2))[0] == "over"


async def test_the_last_try_may_be_the_right_one(records: Records) -> None:
    await records.attempts.add(an_attempt(tries=1))
    assert (await records.attempts.try_code("attempt", CODE, NOW, 2))[0] == "verified"


async def test_an_expired_code_is_over(records: Records) -> None:
    await records.attempts.add(an_attempt())
    result = await records.attempts.try_code("attempt", CODE, NOW + MINUTE, 5)
    assert result == ("over", an_attempt())
    assert (await records.attempts.try_code("attempt", CODE, NOW + MINUTE - 1, 5))[0] == "verified"


async def test_no_code_verifies_an_attempt_for_nobody(records: Records) -> None:
    await records.attempts.add(an_attempt(account=None))
    result, attempt = await records.attempts.try_code("attempt", CODE, NOW, 5)
    assert (result, attempt) == ("wrong", an_attempt(account=None, tries=1))


async def test_attempts_are_forgotten_long_after_their_end(records: Records) -> None:
    old = an_attempt("old")
    await records.attempts.add(old)
    end = old.expires_at + ATTEMPT_KEPT
    await records.attempts.add(an_attempt("late", created_at=end, expires_at=end + MINUTE))
    assert await records.attempts.get("old") == old
    await records.attempts.add(an_attempt("later", created_at=end + 1, expires_at=end + MINUTE))
    assert await records.attempts.get("old") is None
    assert await records.attempts.get("late") is not None


# -- tokens taken back


async def test_revocations_come_back_in_the_order_in_which_they_came(records: Records) -> None:
    one = Revocation(jti="b", expires_at=NOW + 2)
    all_before = Revocation(account="full", before=NOW - 5, keep="c", expires_at=NOW + 1)
    later = Revocation(account="full", before=NOW, expires_at=NOW + 3)
    for revocation in (one, all_before, later):
        await records.revocations.add(revocation)
    assert await records.revocations.all(NOW) == [one, all_before, later]


async def test_expired_revocations_are_deleted(records: Records) -> None:
    first = Revocation(jti="a", expires_at=NOW)
    second = Revocation(jti="b", expires_at=NOW + 1)
    await records.revocations.add(first)
    await records.revocations.add(second)
    assert await records.revocations.all(NOW) == [second]
    assert await records.revocations.all(NOW - 1) == [second]


async def test_a_token_revoked_twice_stays_so_for_the_longer_time(records: Records) -> None:
    for expires_at in (NOW + 2, NOW + 9, NOW + 5):
        await records.revocations.add(Revocation(jti="a", expires_at=expires_at))
    assert await records.revocations.all(NOW) == [Revocation(jti="a", expires_at=NOW + 9)]
