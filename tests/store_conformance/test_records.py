"""The record stores, in Postgres and in memory, held to the same behaviour."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
import trio
from msgspec.structs import replace

from switchboard.engine.errors import Conflict, EngineError, IdentityTaken
from switchboard.engine.records import (
    Account,
    Accounts,
    Attempt,
    Attempts,
    Identity,
    Limits,
    Organization,
    Organizations,
    Revocation,
    Revocations,
)
from switchboard.store.bridge import Database
from switchboard.store.memory_records import (
    MemoryAccounts,
    MemoryAttempts,
    MemoryLimits,
    MemoryOrganizations,
    MemoryRevocations,
)
from switchboard.store.migrations import migrate
from switchboard.store.records_accounts import PostgresAccounts, PostgresOrganizations
from switchboard.store.records_limits import PostgresAttempts, PostgresLimits
from switchboard.store.records_revocations import PostgresRevocations
from switchboard.store.records_rules import ATTEMPT_KEPT

NOW = 1_700_000_000_000
MINUTE = 60_000
CODE = b"h" * 32
OTHER_CODE = b"o" * 32
UNSTORABLE = ("\x00", "a\x00b", "\ud800")


@dataclass(frozen=True)
class Records:
    """One kind of store, empty."""

    accounts: Accounts
    organizations: Organizations
    attempts: Attempts
    limits: Limits
    revocations: Revocations


@pytest.fixture(params=["memory", "postgres"])
def url(request: pytest.FixtureRequest) -> str | None:
    """The database of this test, or None for the store in memory."""
    return request.getfixturevalue("database_url") if request.param == "postgres" else None


@pytest.fixture
async def records(url: str | None) -> AsyncIterator[Records]:
    """Each kind in turn."""
    if url is None:
        yield Records(
            MemoryAccounts(),
            MemoryOrganizations(),
            MemoryAttempts(),
            MemoryLimits(),
            MemoryRevocations(),
        )
        return
    async with Database.open(url) as database:
        await migrate(database)
        yield Records(
            PostgresAccounts(database),
            PostgresOrganizations(database),
            PostgresAttempts(database),
            PostgresLimits(database),
            PostgresRevocations(database),
        )


async def together(*calls: Callable[[], Awaitable[Any]]) -> list[Any]:
    """The answers or refusals of calls made at once, in their order."""
    answers: list[Any] = [None] * len(calls)

    async def one(number: int, call: Callable[[], Awaitable[Any]]) -> None:
        try:
            answers[number] = await call()
        except EngineError as error:
            answers[number] = error

    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            for number, call in enumerate(calls):
                nursery.start_soon(one, number, call)
    return answers


def an_identity(type: Any, value: str, **fields: Any) -> Identity:
    plain: dict[str, Any] = {"shown": value.upper(), "created_at": NOW, "updated_at": NOW}
    return Identity(id=f"identity-{type}-{value}", type=type, value=value, **{**plain, **fields})


def an_account(id: str, *identities: Identity, **fields: Any) -> Account:
    plain: dict[str, Any] = {"realm": "people", "created_at": NOW, "updated_at": NOW}
    return Account(id=id, identities=identities, **{**plain, **fields})


FULL = an_account(
    "full",
    an_identity("phone", "+4930123", shown="030 123", verified=True, updated_at=NOW + 5),
    an_identity("email", "one@example.org", shown='"Ö\\ne"@Example.org'),
    an_identity("username", "one"),
    realm="company",
    first_name="Ünï",
    last_name="O'Neil 🙂",
    password_hash="$argon2id$v=19$m=1,t=1,p=1$c2FsdA$aGFzaA",
    type="staff",
    status="archived",
    operator="pending",
    dealer="approved",
    admin=True,
    organization="demo",
    referral_code="R1",
    profile_image="https://example.org/p.png",
    version=7,
    updated_at=NOW + 9,
)


# -- accounts


async def test_an_account_comes_back_as_it_was_stored(records: Records) -> None:
    bare = an_account("bare")
    for account in (FULL, bare):
        await records.accounts.add(account)
        assert await records.accounts.get(account.id) == account
    assert await records.accounts.many(["bare", "nobody", "full"]) == {"full": FULL, "bare": bare}
    assert await records.accounts.many([]) == {}
    assert await records.accounts.get("nobody") is None


async def test_an_account_is_found_by_each_of_its_identities_in_its_realm(records: Records) -> None:
    await records.accounts.add(FULL)
    for identity in FULL.identities:
        assert await records.accounts.by_identity("company", identity.type, identity.value) == FULL
        assert await records.accounts.by_identity("people", identity.type, identity.value) is None
    assert await records.accounts.by_identity("company", "email", "ONE@example.org") is None


async def test_an_identity_of_another_account_is_taken_and_nothing_is_stored(
    records: Records,
) -> None:
    await records.accounts.add(an_account("first", an_identity("phone", "+1")))
    both = (an_identity("email", "free@example.org"), an_identity("phone", "+1"))
    with pytest.raises(IdentityTaken) as error:
        await records.accounts.add(an_account("second", *both))
    assert error.value.field == "phone"
    assert await records.accounts.get("second") is None
    assert await records.accounts.by_identity("people", "email", "free@example.org") is None
    await records.accounts.add(an_account("elsewhere", *both, realm="ally"))


async def test_of_several_taken_identities_the_first_by_type_is_named(records: Records) -> None:
    taken = (an_identity("phone", "+1"), an_identity("email", "a@example.org"))
    await records.accounts.add(an_account("first", *taken))
    with pytest.raises(IdentityTaken) as error:
        await records.accounts.add(an_account("second", *taken))
    assert error.value.field == "email"


async def test_the_same_identity_twice_in_one_account_is_taken(records: Records) -> None:
    twins = (an_identity("email", "a@example.org"), an_identity("email", "a@example.org"))
    with pytest.raises(IdentityTaken):
        await records.accounts.add(an_account("first", *twins))
    assert await records.accounts.get("first") is None


async def test_an_id_that_is_known_is_a_conflict(records: Records) -> None:
    account = an_account("first", an_identity("phone", "+1"))
    await records.accounts.add(account)
    with pytest.raises(Conflict):
        await records.accounts.add(an_account("first", first_name="Other"))
    assert await records.accounts.get("first") == account


async def test_an_update_changes_what_it_names_and_counts_the_version_up(records: Records) -> None:
    await records.accounts.add(FULL)
    changed = await records.accounts.update(FULL, first_name="New", password_hash=None, version=99)
    assert changed == replace(FULL, first_name="New", password_hash=None, version=8)
    assert await records.accounts.get("full") == changed
    again = await records.accounts.update(changed, admin=False)
    assert await records.accounts.get("full") == again == replace(changed, admin=False, version=9)


async def test_an_update_of_an_older_version_or_of_nobody_is_a_conflict(records: Records) -> None:
    await records.accounts.add(FULL)
    changed = await records.accounts.update(FULL, first_name="New")
    for stale in (FULL, replace(changed, version=9), an_account("nobody")):
        with pytest.raises(Conflict):
            await records.accounts.update(stale, first_name="Late", identities=())
    assert await records.accounts.get("full") == changed


async def test_an_update_replaces_the_identities_as_a_whole(records: Records) -> None:
    old, kept = an_identity("phone", "+1"), an_identity("email", "a@example.org")
    account = an_account("first", old, kept)
    await records.accounts.add(account)
    new = (replace(kept, verified=True), an_identity("username", "a"))
    changed = await records.accounts.update(account, identities=new)
    assert changed.identities == new
    assert await records.accounts.get("first") == changed
    assert await records.accounts.by_identity("people", "phone", "+1") is None
    await records.accounts.add(an_account("second", old))


async def test_an_update_to_a_taken_identity_changes_nothing(records: Records) -> None:
    await records.accounts.add(an_account("first", an_identity("phone", "+1")))
    account = an_account("second", an_identity("phone", "+2"))
    await records.accounts.add(account)
    with pytest.raises(IdentityTaken):
        await records.accounts.update(
            account, first_name="New", identities=(an_identity("phone", "+1"),)
        )
    assert await records.accounts.get("second") == account
    assert await records.accounts.by_identity("people", "phone", "+2") == account


async def test_of_two_updates_of_one_version_one_wins(records: Records) -> None:
    await records.accounts.add(FULL)
    answers = await together(
        *(lambda name=name: records.accounts.update(FULL, first_name=name) for name in "abcdef")
    )
    won = [answer for answer in answers if isinstance(answer, Account)]
    assert len(won) == 1
    assert sum(isinstance(answer, Conflict) for answer in answers) == 5
    assert await records.accounts.get("full") == won[0]


async def test_of_two_accounts_with_one_identity_one_is_stored(records: Records) -> None:
    both = (an_identity("phone", "+1"), an_identity("email", "a@example.org"))
    accounts = [an_account(f"a{number}", *both[:: (-1) ** number]) for number in range(6)]
    answers = await together(
        *(lambda account=account: records.accounts.add(account) for account in accounts)
    )
    assert sum(isinstance(answer, IdentityTaken) for answer in answers) == 5
    assert answers.count(None) == 1
    stored = await records.accounts.many([account.id for account in accounts])
    assert list(stored) == [accounts[answers.index(None)].id]


async def test_pages_go_through_all_accounts_of_a_realm_in_the_order_of_ids(
    records: Records,
) -> None:
    ids = ["B", "a", "b", "0f", "aa"]
    for id in ids:
        await records.accounts.add(an_account(id, realm="ally" if id == "aa" else "people"))

    async def page(realm: Any, after: str | None, limit: int) -> list[str]:
        return [account.id for account in await records.accounts.page(realm, after, limit)]

    assert await page(None, None, 10) == ["0f", "B", "a", "aa", "b"]
    assert await page("people", None, 2) == ["0f", "B"]
    assert await page("people", "B", 2) == ["a", "b"]
    assert await page("people", "b", 2) == []


@pytest.mark.parametrize("text", UNSTORABLE)
async def test_looking_for_what_cannot_be_stored_finds_nothing(records: Records, text: str) -> None:
    assert await records.accounts.get(text) is None
    assert await records.accounts.many([text]) == {}
    assert await records.accounts.by_identity("people", "email", text) is None
    assert await records.organizations.find(text) is None
    assert await records.attempts.get(text) is None
    assert await records.attempts.try_code(text, CODE, NOW, 5) == ("over", None)
    assert await records.limits.hit("login", text, NOW, MINUTE, 1) is None


# -- organizations


async def test_organizations_are_found_by_id_and_by_code_in_any_case(records: Records) -> None:
    demo = Organization(id="1", code="Demo-Straße", name="Demo", created_at=NOW)
    other = Organization(id="2", code="alpha", name="Alpha", enabled=False, created_at=NOW)
    await records.organizations.add(demo)
    await records.organizations.add(other)
    for name in ("1", "Demo-Straße", "DEMO-STRASSE"):
        assert await records.organizations.find(name) == demo
    assert await records.organizations.find("3") is None
    assert await records.organizations.all() == [other, demo]


async def test_an_organizations_code_is_unique_in_any_case(records: Records) -> None:
    demo = Organization(id="1", code="demo", name="Demo", created_at=NOW)
    await records.organizations.add(demo)
    for id, code in (("2", "DEMO"), ("1", "other")):
        with pytest.raises(Conflict):
            await records.organizations.add(
                Organization(id=id, code=code, name="Other", created_at=NOW)
            )
    assert await records.organizations.all() == [demo]


async def test_an_id_goes_before_a_code(records: Records) -> None:
    first = Organization(id="1", code="2", name="First", created_at=NOW)
    second = Organization(id="2", code="3", name="Second", created_at=NOW)
    await records.organizations.add(first)
    await records.organizations.add(second)
    assert await records.organizations.find("2") == second


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
