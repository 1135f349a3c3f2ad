"""Accounts, identities and organizations, in Postgres and in memory, held to the same behaviour."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from record_stores import Records, together

from switchboard.engine.errors import Conflict, IdentityTaken
from switchboard.engine.records import (
    Account,
    Identity,
    Organization,
)

NOW = 1_700_000_000_000
MINUTE = 60_000
CODE = b"h" * 32
OTHER_CODE = b"o" * 32
UNSTORABLE = ("\x00", "a\x00b", "\ud800")


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
    profile={"job": "Ünï 'O\\", "number": 7, "offset": -1.5, "device": {"os": None, "tags": ["a"]}},
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
    again = await records.accounts.update(changed, admin=False, profile={"job": "other"})
    assert await records.accounts.get("full") == again
    assert again == replace(changed, admin=False, profile={"job": "other"}, version=9)


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


async def test_a_realms_active_accounts_come_in_the_order_of_their_last_change(
    records: Records,
) -> None:
    accounts = [
        an_account("a", realm="company", updated_at=NOW + 1),
        an_account("b", realm="company", updated_at=NOW + 3),
        an_account("c", realm="company", updated_at=NOW + 2),
        an_account("d", realm="company", updated_at=NOW + 2),
        an_account("gone", realm="company", status="archived", updated_at=NOW + 9),
        an_account("elsewhere", realm="people", updated_at=NOW + 9),
    ]
    for account in accounts:
        await records.accounts.add(account)
    found = await records.accounts.latest("company", 0, 100)
    assert [one.id for one in found] == ["b", "d", "c", "a"]
    assert [one.id for one in await records.accounts.latest("company", 1, 2)] == ["d", "c"]
    await records.accounts.update(accounts[0], updated_at=NOW + 5)
    assert [one.id for one in await records.accounts.latest("company", 0, 1)] == ["a"]
    assert await records.accounts.latest("ally", 0, 100) == []


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
