"""Support apps, their people and the bank's directory, in Postgres and in memory, held to the same behaviour."""

from __future__ import annotations

import pytest
from record_stores import Records

from switchboard.engine.errors import Conflict
from switchboard.engine.records import Account, BankCustomer, SupportApp

NOW = 1_700_000_000_000
UNSTORABLE = ("\x00", "\ud800")


def an_app(id: str, code: str) -> SupportApp:
    return SupportApp(
        id=id, code=code, name="Ünï", secret=f"secret {id}", needs_auth_token=True, created_at=NOW
    )


def a_customer(alias: str, phone: str = "79154983795") -> BankCustomer:
    return BankCustomer(alias=alias, phone=phone, fio="Пачай Андрей Вадимович")


async def test_an_app_is_found_by_id_and_by_code(records: Records) -> None:
    first, second = an_app("b", "zeta"), an_app("a", "alpha")
    for app in (first, second):
        await records.support_apps.add(app)
    assert await records.support_apps.find("b") == first
    assert await records.support_apps.find("alpha") == second
    assert await records.support_apps.find("Alpha") is None
    assert list(await records.support_apps.all()) == [second, first]
    for text in UNSTORABLE:
        assert await records.support_apps.find(text) is None


async def test_a_code_that_is_taken_is_a_conflict(records: Records) -> None:
    await records.support_apps.add(an_app("a", "alpha"))
    for app in (an_app("b", "alpha"), an_app("a", "other")):
        with pytest.raises(Conflict):
            await records.support_apps.add(app)
    assert len(await records.support_apps.all()) == 1


async def test_customers_are_found_within_their_app(records: Records) -> None:
    directory = records.bank_directory
    await directory.put("one", [a_customer("B"), a_customer("A"), a_customer("C", "70000000000")])
    await directory.put("two", [a_customer("Z")])
    assert await directory.by_phone("one", "79154983795") == a_customer("A")
    assert await directory.by_phone("two", "79154983795") == a_customer("Z")
    assert await directory.by_alias("one", "C") == a_customer("C", "70000000000")
    assert await directory.by_alias("two", "C") is None
    assert await directory.by_phone("one", "1") is None
    for text in UNSTORABLE:
        assert await directory.by_alias("one", text) is None


async def test_a_known_alias_is_replaced_and_of_two_lines_the_last_counts(records: Records) -> None:
    directory = records.bank_directory
    await directory.put("one", [a_customer("A", "1"), a_customer("A", "2")])
    assert await directory.by_alias("one", "A") == a_customer("A", "2")
    await directory.put("one", [a_customer("A", "3")])
    assert await directory.by_alias("one", "A") == a_customer("A", "3")
    assert await directory.by_phone("one", "2") is None
    await directory.put("one", [])


async def test_many_lines_are_stored_together(records: Records) -> None:
    many = [a_customer(f"A{number:05d}", f"7{number:010d}") for number in range(5001)]
    await records.bank_directory.put("one", many)
    assert await records.bank_directory.by_alias("one", "A05000") == many[5000]
    assert await records.bank_directory.by_phone("one", many[0].phone) == many[0]


async def test_an_apps_people_and_its_staff(records: Records) -> None:
    def person(id: str, **fields: object) -> Account:
        plain = {"realm": "ally", "organization": "app", "created_at": NOW, "updated_at": NOW}
        return Account(id=id, **{**plain, **fields})  # type: ignore[arg-type]

    people = [
        person("c"),
        person("a", admin=True),
        person("b", operator="approved"),
        person("d", operator="pending"),
        person("e", status="archived", admin=True),
        person("f", organization="another", admin=True),
    ]
    for one in people:
        await records.accounts.add(one)
    found = await records.accounts.of_organization("app", 0, 100)
    assert [one.id for one in found] == ["a", "b", "c", "d"]
    assert [one.id for one in await records.accounts.of_organization("app", 1, 2)] == ["b", "c"]
    staff = await records.accounts.of_organization("app", 0, 100, staff=True)
    assert [one.id for one in staff] == ["a", "b"]
    assert await records.accounts.count("app") == 4
    assert await records.accounts.count("none") == 0
