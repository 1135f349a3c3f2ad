"""What sessions commit reaches the devices of the people whom it concerns: at least once, whatever happens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
import trio
from auto_people import house
from structlog.testing import CapturingLogger
from trio.testing import MockClock, wait_all_tasks_blocked
from web_worlds import EPOCH, HERE, Party, WebWorld, web_world

from switchboard.engine.errors import StoreDown
from switchboard.engine.ports import NewNotice
from switchboard.engine.push import DeviceGone, PushLater, PushRefused, topic_of
from switchboard.engine.records import Device
from switchboard.engine.runtime.supervision_log import SupervisionLog
from switchboard.engine.workflows.push_delivery import PUSH_SECONDS_MOST, TOLD_AT_ONCE
from switchboard.engine.workflows.pushes import DEVICES_MOST
from switchboard.store.memory_tables import MemoryDatabase
from switchboard.web.dialects.dropin.notices import message_id

SETTLED_SECONDS = 0.5
"""Of virtual time: everything has been told by then that is not tried again."""


async def register(who: Party, address: str = "phone", type: str = "ios") -> None:
    """A phone of that person's."""
    body = {"deviceAddress": address, "deviceType": type, "bundleId": "b"}
    assert (await who.post("/devices", body)).status == 200


def told(world: WebWorld, address: str = "phone") -> list[Any]:
    """The codes that the device was told."""
    return [push.body["code"] for one, push in world.phones.pushed if one == address]


async def gig(customer: Party) -> str:
    """A gig of that customer's."""
    place = {"latitude": HERE[0], "longitude": HERE[1]}
    return str((await customer.post("/gigs", place)).body["gig"]["id"])


async def tell(world: WebWorld, account: str, count: int = 1) -> None:
    """Personal notices of that account's."""
    for number in range(count):
        body = msgspec.json.encode({"sender": "s", "data": {"n": number}})
        await world.engine.tell(NewNotice(topic_of(account), "push", body))


async def numbers(world: WebWorld, address: str = "phone") -> list[int]:
    """What ``tell`` has numbered, as the device got it."""
    await trio.sleep(SETTLED_SECONDS)
    return [push.body["data"]["n"] for one, push in world.phones.pushed if one == address]


async def numbers_at_once(world: WebWorld, address: str = "phone") -> list[int]:
    """The same while the virtual time stands still: it would leap over hours while a thread of the start is at work."""
    for _ in range(5):
        await wait_all_tasks_blocked()
    return [push.body["data"]["n"] for one, push in world.phones.pushed if one == address]


async def test_a_gigs_people_are_told_by_its_own_commits(autojump_clock: MockClock) -> None:
    async with web_world() as world:
        operator, customer = await world.operator(), await world.customer()
        await register(operator, "operator's")
        await register(customer, "customer's")
        id = await gig(customer)
        await operator.post(f"/gigs/claim/{id}", {"response": "accept"})
        await customer.post(f"/gigs/confirm/{id}")
        await operator.post(f"/gigs/handshake/{id}")
        await trio.sleep(SETTLED_SECONDS)
        assert told(world, "operator's") == [4, 11]
        assert told(world, "customer's") == [5, 2]
        push = next(push for one, push in world.phones.pushed if one == "operator's")
        assert (push.title, push.body["data"]["gig"]["id"]) == ("New gig", id)
        # An app drops the repeat of what it has heard on its websocket.
        notices = world.database.notices[topic_of(operator.id)]
        sequence = next(one.sequence for one in notices if one.name == "gig")
        assert push.id == push.body["messageId"] == message_id(topic_of(operator.id), sequence)
        shown = next(push.body for _, push in world.phones.pushed if push.body["code"] == 2)["data"]
        assert shown["token"] == shown["stream"]["token"] is not None
        assert not world.database.outbox


async def test_a_streams_dealers_are_told_by_its_own_commits(autojump_clock: MockClock) -> None:
    async with web_world() as world:
        home = await house(world)
        dealer = await (await home.dealer("one")).online()
        body = {"deviceAddress": "phone", "deviceType": "android", "bundleId": "b"}
        await dealer.post("/devices", body)
        stream = await home.streaming(dealer)
        await world.post(f"/auto/streams/stop/{stream['_id']}")
        await trio.sleep(SETTLED_SECONDS)
        assert told(world) == [0, 3]
        assert {push.body["_id"] for _, push in world.phones.pushed} == {stream["_id"]}


async def test_without_a_device_a_commit_reads_and_writes_nothing_for_it(
    autojump_clock: MockClock,
) -> None:
    async with web_world() as world:
        operator, customer = await world.operator(), await world.customer()
        await trio.sleep(SETTLED_SECONDS)
        looked_up = []
        of = world.database.devices.of

        async def spied(account: str) -> Sequence[Any]:
            looked_up.append(account)
            return await of(account)

        world.database.devices.of = spied  # type: ignore[method-assign]
        id = await gig(customer)
        await operator.post(f"/gigs/claim/{id}", {"response": "accept"})
        await trio.sleep(SETTLED_SECONDS)
        assert looked_up == []
        assert not world.database.outbox


async def test_a_device_is_told_what_comes_after_its_registration(
    autojump_clock: MockClock,
) -> None:
    async with web_world() as world:
        who = await world.customer()
        await tell(world, who.id, 2)
        await register(who)
        assert await numbers(world) == []
        await tell(world, who.id, 3)
        assert await numbers(world) == [0, 1, 2]
        await register(who)
        assert await numbers(world) == [0, 1, 2]
        other = await world.customer()
        await tell(world, other.id)
        await register(other)
        await tell(world, who.id)
        assert await numbers(world) == [0, 1, 2]


async def test_what_is_told_while_a_device_registers_is_not_missed(
    autojump_clock: MockClock,
) -> None:
    async with web_world() as world:
        who = await world.customer()
        devices = world.database.devices
        put = devices.put

        async def overtaken(device: Device) -> Device:
            await tell(world, who.id)
            await trio.sleep(SETTLED_SECONDS)
            return await put(device)

        devices.put = overtaken  # type: ignore[method-assign]
        await register(who)
        assert await numbers(world) == [0]


async def test_more_than_is_read_at_once_comes_in_order(autojump_clock: MockClock) -> None:
    async with web_world() as world:
        who = await world.customer()
        await register(who)
        world.phones.fails = [PushLater("not yet")]
        await tell(world, who.id, 50)
        await trio.sleep(5)
        assert await numbers(world) == list(range(50))


async def test_what_was_taken_but_not_written_down_comes_again_after_a_crash(
    mock_clock: MockClock,
) -> None:
    database = MemoryDatabase()
    async with web_world(database=database) as world:
        who = await world.customer()
        await register(who)

        async def dies(device: Device, sequence: int) -> None:
            await trio.sleep_forever()

        kept = database.devices.told
        database.devices.told = dies  # type: ignore[method-assign]
        await tell(world, who.id, 2)
        assert await numbers_at_once(world) == [0]
        first = world.phones.pushed[0][1]
        database.devices.told = kept  # type: ignore[method-assign]
    async with web_world(database=database, begins_at=EPOCH + 60_000) as world:
        assert await numbers_at_once(world) == [0, 1]
        assert world.phones.pushed[0][1].id == first.id


async def test_what_was_told_while_nobody_delivered_comes_at_the_next_start(
    mock_clock: MockClock,
) -> None:
    database = MemoryDatabase()
    async with web_world(database=database) as world:
        who, other = await world.customer(), await world.customer()
        await register(who)
        await register(other, "other's")
        world.phones.broken = {"phone": None}
        await tell(world, who.id)
        await tell(world, other.id)
        assert await numbers_at_once(world, "other's") == [0]
    async with web_world(database=database, begins_at=EPOCH + 60_000) as world:
        assert await numbers_at_once(world) == [0]
        assert await numbers_at_once(world, "other's") == []


async def test_a_commit_whose_answer_was_lost_is_told_too(autojump_clock: MockClock) -> None:
    async with web_world() as world:
        who = await world.customer()
        await register(who)
        sessions = world.engine.store.sessions
        tells = sessions.tell

        async def loses(notice: NewNotice, at: int) -> int:
            await tells(notice, at)
            raise StoreDown("the answer was lost")

        sessions.tell = loses  # type: ignore[method-assign]
        with pytest.raises(StoreDown):
            await tell(world, who.id)
        assert await numbers(world) == [0]


async def test_a_vendor_that_hangs_holds_up_nobody_elses(autojump_clock: MockClock) -> None:
    async with web_world() as world:
        hanging = [f"hangs-{number}" for number in range(TOLD_AT_ONCE["ios"] + 5)]
        world.phones.broken = dict.fromkeys(hanging)
        for address in hanging:
            unlucky = await world.customer()
            await register(unlucky, address, "ios")
            await tell(world, unlucky.id)
        lucky = await world.customer()
        await register(lucky, "phone", "android")
        await tell(world, lucky.id)
        assert await numbers(world) == [0]
        # Nor are its own kept for ever: a try ends.
        also = await world.customer()
        await register(also, "fine", "ios")
        await tell(world, also.id)
        assert await numbers(world, "fine") == []
        await trio.sleep(2 * PUSH_SECONDS_MOST + 1)
        assert await numbers(world, "fine") == [0]


async def test_a_refusal_is_logged_once_and_what_follows_is_told(
    autojump_clock: MockClock,
) -> None:
    async with web_world() as world:
        who = await world.customer()
        await register(who)
        world.phones.fails = [PushRefused("status 413")]
        await tell(world, who.id, 2)
        assert await numbers(world) == [1]
        (event,) = [one for one in world.engine.log.recent() if one["event"] == "push_refused"]
        assert (event["account"], event["reason"]) == (who.id, "status 413")


async def test_nothing_of_an_address_or_an_unknown_error_is_logged(
    autojump_clock: MockClock,
) -> None:
    logger = CapturingLogger()
    async with web_world() as world:
        world.engine.log = SupervisionLog(world.engine.clock.now, logger)
        who = await world.customer()
        await register(who, "a-secret-token")
        world.phones.fails = [ValueError("a-secret-token"), DeviceGone("status 410")]
        await tell(world, who.id)
        await trio.sleep(10)
        names = [call.args[0] for call in logger.calls]
        assert names == ["push_failed", "push_device_gone"]
        assert "a-secret-token" not in repr(logger.calls)
        assert not await world.engine.store.devices.of(who.id)


async def test_a_notice_that_nobody_can_read_holds_up_none_behind_it(
    autojump_clock: MockClock,
) -> None:
    async with web_world() as world:
        who = await world.customer()
        await register(who)
        topic = topic_of(who.id)
        for name, body in (("push", b"{"), ("gig", b'{"code":99}'), ("unknown", b"{}")):
            await world.engine.tell(NewNotice(topic, name, body))
        await tell(world, who.id)
        assert await numbers(world) == [0]
        assert world.engine.log.counts["push_unreadable"] == 2


async def test_a_store_that_is_away_is_waited_for(autojump_clock: MockClock) -> None:
    async with web_world() as world:
        who = await world.customer()
        await register(who)
        away = [StoreDown("away")] * 3
        of = world.database.devices.of

        async def fails(account: str) -> Sequence[Any]:
            if away:
                raise away.pop()
            return await of(account)

        world.database.devices.of = fails  # type: ignore[method-assign]
        await tell(world, who.id)
        await trio.sleep(10)
        assert await numbers(world) == [0]


async def test_an_account_has_so_many_devices(autojump_clock: MockClock) -> None:
    async with web_world() as world:
        who = await world.customer()
        for number in range(DEVICES_MOST + 2):
            await trio.sleep(1)
            await register(who, f"phone-{number}")
        devices = await world.engine.store.devices.of(who.id)
        left = [f"phone-{number}" for number in range(2, DEVICES_MOST + 2)]
        assert [device.address for device in devices] == left
