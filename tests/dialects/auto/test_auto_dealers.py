"""auto's dealers: presence, pings that feed the watchdog, what a logout ends, devices."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from auto_people import TIME, house, stream_of
from trio.testing import MockClock, wait_all_tasks_blocked
from web_worlds import web_world

from switchboard.engine.sessions.kind import Address
from switchboard.engine.sessions.person import Person
from switchboard.web import WebSettings

DEVICE = {"deviceAddress": "apns-1", "deviceType": "ios", "bundleId": "com.example.dealer"}


async def test_a_dealer_is_busy_while_it_streams_and_then_what_it_chose(
    autojump_clock: MockClock,
) -> None:
    """Online while busy stays busy; offline while streaming takes effect afterwards."""
    async with web_world() as world:
        home = await house(world)
        dealer = await home.dealer("a")

        async def chosen(status: str) -> Any:
            reply = await dealer.post(f"/accounts/status/{status}")
            assert (reply.status, reply.data["id"]) == (200, dealer.id)
            return reply.data["presence"]

        assert await chosen("online") == "online"
        await home.requested()
        assert await dealer.presence() == "online"
        assert await chosen("offline") == "offline"
        await chosen("online")
        await trio.sleep(130)  # What was requested is missed by now.
        stream = await home.streaming(dealer)
        assert await chosen("online") == "busy"
        assert await chosen("offline") == "busy"
        assert (await stream_of(world, stream["_id"])).phase == "streaming"
        assert (await dealer.post(f"/streams/accept/{stream['_id']}")).status == 200
        await dealer.post(f"/streams/stop/{stream['_id']}")
        assert await dealer.presence() == "offline"
        await chosen("online")
        again = await home.streaming(dealer)
        await dealer.post(f"/streams/stop/{again['_id']}")
        assert await dealer.presence() == "online"


async def test_pings_keep_a_stream_alive_and_its_silence_ends_it(autojump_clock: MockClock) -> None:
    async with web_world() as world:
        home = await house(world)
        dealer = await (await home.dealer("a")).online()
        stream = await home.streaming(dealer)
        for _ in range(3):
            await trio.sleep(599)
            assert (await dealer.post("/ping", {"latitude": "1.5", "longitude": 2})).data == {}
        assert (await stream_of(world, stream["_id"])).phase == "streaming"
        await trio.sleep(601)
        assert (await stream_of(world, stream["_id"])).phase == "expired"
        assert (await dealer.post("/ping")).status == 200


async def test_a_ping_says_where_an_operator_is_and_nobody_else() -> None:
    """A dealer with a place would be found by those who look for operators nearby."""
    async with web_world() as world:
        home = await house(world)
        plain = await (await home.dealer("a")).online()
        both = await (await home.dealer("b", operator="approved")).online()
        for dealer in (plain, both):
            await dealer.post("/ping", {"latitude": 1.5, "longitude": 2.5})
        near = await world.services.dispatch.near(1.5, 2.5, without=None)
        assert [one.account for one in near] == [both.id]
        for bad in ({"latitude": 91, "longitude": 0}, {"latitude": 1}, {"longitude": "x"}):
            reply = await plain.post("/ping", bad)
            assert (reply.status, reply.code) == (400, "ERROR_VALIDATION")


async def test_only_an_approved_dealer_pings_and_a_pending_one_is_offered_nothing() -> None:
    async with web_world() as world:
        home = await house(world)
        pending = await (await home.dealer("p", dealer="pending")).online()
        assert (await pending.post("/ping")).code == "ERROR_FORBIDDEN"
        assert (await world.post("/auto/ping")).code == "ERROR_UNAUTHORIZED"
        await home.dealer("a")
        assert (await home.request()).code == "ERROR_NO_ONLINE_DEALER"
        await world.services.desk.approve(pending.id, "dealer")
        await home.requested()


async def test_a_dealer_that_chose_online_is_found_a_day_later_without_a_ping(
    autojump_clock: MockClock,
) -> None:
    """Phones that are in a pocket do not ping; who pinged since goes first."""
    async with web_world() as world:
        home = await house(world)
        dealer = await (await home.dealer("a")).online()
        await trio.sleep(23 * 3600)
        stream = await home.requested()
        assert (await stream_of(world, stream["_id"])).offered_to == dealer.id
        await trio.sleep(2 * 3600)
        assert (await home.request()).code == "ERROR_NO_ONLINE_DEALER"


async def test_a_logout_stops_the_live_stream_and_takes_the_dealer_offline() -> None:
    async with web_world() as world:
        home = await house(world)
        dealer = await (await home.dealer("a")).online()
        stream = await home.streaming(dealer)
        assert (await dealer.post("/auth/logout")).data == {}
        stopped = (await world.get(f"/auto/streams/{stream['_id']}")).data
        assert stopped["status"] == "stopped"
        assert await dealer.presence() == "offline"
        assert (await home.request()).code == "ERROR_NO_ONLINE_DEALER"
        assert (await dealer.post("/ping")).code == "ERROR_UNAUTHORIZED"


async def test_a_logout_lets_the_offer_move_on() -> None:
    async with web_world() as world:
        home = await house(world)
        second = await (await home.dealer("b")).online()
        first = await (await home.dealer("a")).online()
        id = (await home.requested())["_id"]
        had = (await stream_of(world, id)).offered_to
        leaving, staying = (first, second) if had == first.id else (second, first)
        await leaving.post("/auth/logout")
        assert (await stream_of(world, id)).offered_to == staying.id


async def test_a_logout_of_an_operator_who_is_no_dealer_leaves_dropin_alone() -> None:
    async with web_world() as world:
        operator = await world.operator()
        token = world.token(operator.account, "auto")
        assert (await world.post("/auto/auth/logout", token=token)).status == 200
        person = await world.engine.read(Address("person", operator.id))
        assert isinstance(person, Person)
        assert person.phase == "online"


async def test_a_dealer_in_a_pocket_comes_back_by_a_ping_and_is_offered_what_waits(
    autojump_clock: MockClock,
) -> None:
    async with web_world() as world:
        home = await house(world)
        dealer = await (await home.dealer("a")).online()
        await trio.sleep(24 * 3600 + 1)
        other = await (await home.dealer("b")).online()
        id = (await home.requested())["_id"]
        await other.post("/accounts/status/offline")
        await wait_all_tasks_blocked()
        assert (await stream_of(world, id)).offered_to is None
        await dealer.post("/ping")
        assert (await stream_of(world, id)).offered_to == dealer.id


# -- devices ----------------------------------------------------------------------------------------------------


async def test_a_device_is_registered_again_and_goes_with_the_logout() -> None:
    async with web_world() as world:
        home = await house(world)
        first, second = await home.dealer("a"), await home.dealer("b")
        reply = await first.post("/devices", DEVICE)
        device = reply.data
        assert reply.status == 200
        assert {name: device[name] for name in DEVICE} == DEVICE
        assert (device["_id"], device["account"]) == (device["id"], first.id)
        assert TIME.fullmatch(device["createdAt"])
        again = (await first.post("/devices", DEVICE | {"bundleId": "other"})).data
        assert (again["id"], again["bundleId"]) == (device["id"], "other")
        moved = (await second.post("/devices", DEVICE)).data
        assert (moved["id"], moved["account"]) == (device["id"], second.id)
        devices = world.engine.store.devices
        assert list(await devices.of(first.id)) == []
        await second.post("/auth/logout", {"deviceAddress": DEVICE["deviceAddress"]})
        assert list(await devices.of(second.id)) == []


@pytest.mark.parametrize(
    "change",
    [
        {"deviceAddress": ""},
        {"deviceAddress": "x" * 2001},
        {"deviceType": "windows"},
        {"deviceType": None},
        {"bundleId": None},
        {"bundleId": {"a": 1}},
    ],
)
async def test_a_device_that_cannot_be_is_refused(change: dict[str, Any]) -> None:
    async with web_world() as world:
        dealer = await (await house(world)).dealer("a")
        reply = await dealer.post("/devices", DEVICE | change)
        assert (reply.status, reply.code) == (400, "ERROR_VALIDATION")
        assert reply.body["message"].startswith(next(iter(change)))
        assert list(await world.engine.store.devices.of(dealer.id)) == []


async def test_with_the_embedded_default_a_dealer_who_registers_can_stream_at_once() -> None:
    settings = WebSettings(approve_at_once=True, default_organization="house", access_log=False)
    async with web_world(settings) as world:
        home = await house(world)
        seed = {"email": "a@b.test", "username": "a", "password": "xxxxxx"}
        account = (await world.post("/auto/auth/register", seed)).data
        assert (account["status"], account["organization"]) == ("active", home.id)
        token = (await world.post("/auto/auth", seed)).body["token"]
        headers = {"Authorization": f"JWT {token}"}
        online = await world.post("/auto/accounts/status/online", headers=headers)
        assert online.data["presence"] == "online"
        id = (await home.requested())["_id"]
        reply = await world.post(f"/auto/streams/accept/{id}", headers=headers)
        assert reply.data["acceptedDealerFullName"] == "a"
