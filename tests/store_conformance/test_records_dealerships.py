"""Leads, vehicles, devices and whose dealers there are, in Postgres and in memory, held to the same behaviour."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from record_stores import Records, together

from switchboard.engine.records import Account, Device, Lead, Organization, Vehicle

NOW = 1_700_000_000_000
UNSTORABLE = ("\x00", "a\x00b", "\ud800")

LEAD = Lead(
    id="lead-1",
    organization="house",
    stream="stream-1",
    vin="1HGCM82633A004352",
    session="mine",
    email="hoa@codehub.io",
    first_name="Höa 🙂",
    last_name="O'Neil",
    phone="dfdsfds",
    comment="123213",
    created_at=NOW,
)


def an_account(id: str, **fields: Any) -> Account:
    plain: dict[str, Any] = {"realm": "people", "created_at": NOW, "updated_at": NOW}
    return Account(id=id, **{**plain, **fields})


def a_device(address: str, account: str, at: int = NOW, **fields: Any) -> Device:
    plain: dict[str, Any] = {"type": "ios", "bundle": "app", "created_at": at, "updated_at": at}
    return Device(id=f"device-{address}", account=account, address=address, **{**plain, **fields})


# -- leads


async def test_a_lead_comes_back_as_it_was_stored(records: Records) -> None:
    bare = Lead(id="lead-2", organization="house", created_at=NOW)
    for lead in (LEAD, bare):
        assert await records.leads.add(lead) == lead
    assert await records.leads.many(["lead-2", "nobody", "lead-1"]) == {
        "lead-1": LEAD,
        "lead-2": bare,
    }
    assert await records.leads.many([]) == {}
    assert await records.leads.many(UNSTORABLE) == {}


async def test_the_first_lead_with_an_id_stays(records: Records) -> None:
    await records.leads.add(LEAD)
    assert await records.leads.add(replace(LEAD, comment="another")) == LEAD
    assert await records.leads.many(["lead-1"]) == {"lead-1": LEAD}


async def test_of_two_leads_with_one_id_at_once_both_hear_of_the_one_that_stays(
    records: Records,
) -> None:
    other = replace(LEAD, comment="another")
    first, second = await together(
        lambda: records.leads.add(LEAD), lambda: records.leads.add(other)
    )
    assert first == second
    assert first in (LEAD, other)


# -- vehicles


async def test_a_vehicle_is_found_by_its_organization_and_vin_alone(records: Records) -> None:
    vehicle = Vehicle(organization="house", vin="V1", model="Accord", created_at=NOW)
    other = replace(vehicle, organization="other", model="Civic", photo="https://x.test/p.png")
    await records.vehicles.put(vehicle)
    await records.vehicles.put(other)
    assert await records.vehicles.many("house", ["V1", "V2"]) == {"V1": vehicle}
    assert await records.vehicles.many("other", ["V1"]) == {"V1": other}
    assert await records.vehicles.many("house", []) == {}
    assert await records.vehicles.many("house", UNSTORABLE) == {}
    assert await records.vehicles.many("a\x00b", ["V1"]) == {}


async def test_a_vehicle_that_is_registered_again_is_replaced(records: Records) -> None:
    vehicle = Vehicle(organization="house", vin="V1", model="Accord", created_at=NOW)
    await records.vehicles.put(vehicle)
    fresh = replace(vehicle, model="Civic", photo="https://x.test/p.png", created_at=NOW + 5)
    await records.vehicles.put(fresh)
    found = await records.vehicles.many("house", ["V1"])
    assert found == {"V1": replace(fresh, created_at=NOW)}


# -- devices


async def test_devices_are_listed_by_account_in_the_order_of_their_registration(
    records: Records,
) -> None:
    late, early = a_device("b", "ann", NOW + 1), a_device("c", "ann", NOW)
    other = a_device("d", "ben", type="android")
    for device in (late, early, other):
        assert await records.devices.put(device) == device
    assert list(await records.devices.of("ann")) == [early, late]
    assert list(await records.devices.of("ben")) == [other]
    assert list(await records.devices.of("nobody")) == []
    assert list(await records.devices.of("\x00")) == []


async def test_an_address_that_is_registered_again_moves_to_the_new_account(
    records: Records,
) -> None:
    first = a_device("a", "ann")
    await records.devices.put(first)
    again = a_device("a", "ben", NOW + 9, type="android", bundle="other")
    moved = await records.devices.put(replace(again, id="fresh"))
    assert moved == replace(again, id=first.id, created_at=NOW)
    assert list(await records.devices.of("ann")) == []
    assert list(await records.devices.of("ben")) == [moved]


async def test_a_device_is_removed_by_its_own_account_alone(records: Records) -> None:
    device = a_device("a", "ann")
    await records.devices.put(device)
    assert not await records.devices.remove("ben", "a")
    assert not await records.devices.remove("ann", "b")
    for text in UNSTORABLE:
        assert not await records.devices.remove("ann", text)
    assert list(await records.devices.of("ann")) == [device]
    assert await records.devices.remove("ann", "a")
    assert not await records.devices.remove("ann", "a")
    assert list(await records.devices.of("ann")) == []


# -- dealers and their organizations


async def test_dealers_are_the_active_and_approved_ones_of_that_organization(
    records: Records,
) -> None:
    for id, fields in {
        "b": {"dealer": "approved", "organization": "house"},
        "a": {"dealer": "approved", "organization": "house"},
        "pending": {"dealer": "pending", "organization": "house"},
        "operator": {"operator": "approved", "organization": "house"},
        "archived": {"dealer": "approved", "organization": "house", "status": "archived"},
        "elsewhere": {"dealer": "approved", "organization": "other"},
        "nowhere": {"dealer": "approved"},
    }.items():
        await records.accounts.add(an_account(id, **fields))
    assert list(await records.accounts.dealers("house")) == ["a", "b"]
    assert list(await records.accounts.dealers("other")) == ["elsewhere"]
    assert list(await records.accounts.dealers("\x00")) == []


async def test_an_organization_is_disabled_and_enabled_again(records: Records) -> None:
    house = Organization(id="1", code="house", name="House", created_at=NOW)
    await records.organizations.add(house)
    disabled = replace(house, enabled=False)
    assert await records.organizations.enable("1", False) == disabled
    assert await records.organizations.find("house") == disabled
    assert await records.organizations.enable("1", True) == house
    assert await records.organizations.find("1") == house
    assert await records.organizations.enable("2", True) is None


async def test_a_browser_is_stored_with_its_keys(records: Records) -> None:
    browser = a_device("https://push.example", "ann", type="web", p256dh="key", auth="secret")
    assert await records.devices.put(browser) == browser
    fresh = replace(browser, p256dh="other", auth=None)
    assert await records.devices.put(fresh) == fresh
    assert list(await records.devices.of("ann")) == [fresh]


async def test_how_far_a_device_was_told_never_goes_back_and_is_its_accounts(
    records: Records,
) -> None:
    devices = records.devices
    device = await devices.put(a_device("a", "ann", told=3))
    await devices.put(a_device("b", "ann"))
    for sequence in (5, 4):
        await devices.told(device, sequence)
    assert [one.told for one in await devices.of("ann")] == [5, 0]
    assert (await devices.put(replace(device, told=9))).told == 5
    assert (await devices.put(replace(device, account="ben", told=1))).told == 1
    await devices.told(device, 7)
    assert [one.told for one in await devices.of("ben")] == [1]
    await devices.told(replace(device, address="gone"), 7)


async def test_every_account_with_a_device_is_listed_once(records: Records) -> None:
    for address, account in (("a", "ann"), ("b", "ann"), ("c", "ben")):
        await records.devices.put(a_device(address, account))
    assert list(await records.devices.listening()) == [("ann", False), ("ben", False)]
