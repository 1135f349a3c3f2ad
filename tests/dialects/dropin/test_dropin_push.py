"""What people send to each other's devices: stored with one commit, told, and delivered until it was taken."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import trio
from bad_requests import UNKNOWN_ID
from trio.testing import MockClock
from web_worlds import GENEROUS, HERE, Party, WebWorld, web_world

from switchboard.engine.push import DeviceGone
from switchboard.engine.workflows.quotas import Quota
from switchboard.web.dialects.dropin.notices import message_id

DATA = {"message": "sfdsf"}
"""The seed's."""

DEVICE = {"deviceAddress": "phone", "deviceType": "ios", "bundleId": "b"}


async def acquainted(world: WebWorld) -> tuple[Party, Party, str]:
    """A customer and an operator who share a gig."""
    operator, customer = await world.operator(), await world.customer()
    place = {"latitude": HERE[0], "longitude": HERE[1]}
    gig = (await customer.post("/gigs", place)).body["gig"]["id"]
    await operator.post(f"/gigs/claim/{gig}", {"response": "accept"})
    return customer, operator, gig


async def send(who: Party, whom: Party, data: Any = DATA) -> Any:
    """A push."""
    return await who.post("/notifications/push", {"recipientId": whom.id, "data": data})


async def behind(world: WebWorld) -> list[str]:
    """Accounts of which a device has not been told everything."""
    listening = await world.engine.store.devices.listening()
    return [account for account, late in listening if late]


async def test_it_is_told_on_the_recipients_topic_and_to_each_of_its_devices(
    autojump_clock: MockClock,
) -> None:
    async with web_world() as world:
        customer, operator, _ = await acquainted(world)
        for address in ("one", "other"):
            await operator.post("/devices", DEVICE | {"deviceAddress": address})
        topic = f"account/{operator.id}"
        with world.engine.announcements.subscribe(topic) as subscription:
            reply = await send(customer, operator)
            assert (reply.status, reply.body) == (200, {"message": "ok"})
            told = await subscription.receive()
        expected = {"code": 100, "sender": customer.id, "data": DATA}
        assert (told.name, msgspec.json.decode(told.body)) == ("push", expected)
        stored = await world.engine.store.sessions.notices(topic, told.sequence - 1, 10)
        assert [one.body for one in stored] == [told.body]
        await trio.sleep(1)
        assert sorted(address for address, _ in world.phones.pushed) == ["one", "other"]
        assert {push.id for _, push in world.phones.pushed} == {message_id(topic, told.sequence)}
        assert not await behind(world)


async def test_a_provider_that_fails_is_asked_again_and_a_device_that_is_gone_is_not(
    autojump_clock: MockClock,
) -> None:
    async with web_world() as world:
        customer, operator, _ = await acquainted(world)
        await operator.post("/devices", DEVICE)
        world.phones.fails = [ConnectionError(), ConnectionError()]
        await send(customer, operator)
        await trio.sleep(30)
        assert [address for address, _ in world.phones.pushed] == ["phone"]
        world.phones.fails = [DeviceGone()]
        await send(customer, operator)
        await send(customer, operator)
        await trio.sleep(30)
        assert len(world.phones.pushed) == 1
        assert not await world.engine.store.devices.of(operator.id)


async def test_one_device_that_fails_keeps_no_other_waiting_and_is_given_up_after_an_hour(
    autojump_clock: MockClock,
) -> None:
    async with web_world() as world:
        customer, operator, _ = await acquainted(world)
        for address in ("one", "other"):
            await operator.post("/devices", DEVICE | {"deviceAddress": address})
        world.phones.broken = {"one": KeyError("a vendor's answer")}
        await send(customer, operator)
        await trio.sleep(60)
        assert "other" in {address for address, _ in world.phones.pushed}
        assert await behind(world) == [operator.id]
        await trio.sleep(4100)
        assert not await behind(world)
        assert world.engine.log.counts["push_given_up"] == 1
        count = len(world.phones.pushed)
        world.phones.broken = {"one": None}
        await send(customer, operator)
        await trio.sleep(0.1)
        assert [address for address, _ in world.phones.pushed[count:]] == ["other"]


async def test_nobody_can_send_what_only_the_server_says(autojump_clock: MockClock) -> None:
    async with web_world() as world:
        customer, operator, _ = await acquainted(world)
        await operator.post("/devices", DEVICE)
        await send(customer, operator, {"code": 3, "from": "somebody", "title": "x"})
        await trio.sleep(1)
        ((_, push),) = world.phones.pushed
        assert (push.body["code"], push.body["from"]) == (100, customer.id)
        assert push.body["data"]["code"] == 3
        assert push.title == "New message"


async def test_only_who_shares_a_gig_of_the_last_day_is_reached(mock_clock: MockClock) -> None:
    async with web_world() as world:
        customer, operator, gig = await acquainted(world)
        stranger, admin = await world.customer("Stranger"), await world.admin()
        for who, whom in ((stranger, operator), (operator, stranger)):
            reply = await send(who, whom)
            assert (reply.status, reply.code) == (403, "E_FORBIDDEN")
        assert (await send(operator, customer)).status == 200
        assert (await send(admin, stranger)).status == 200
        await customer.post(f"/gigs/cancel/{gig}")
        mock_clock.jump(24 * 3600 - 60)
        assert (await send(customer, operator)).status == 200
        mock_clock.jump(120)
        assert (await send(customer, operator)).status == 403


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"recipientId": UNKNOWN_ID}, 404, "E_USER_NOT_FOUND"),
        ({"recipientId": "x"}, 404, "E_USER_NOT_FOUND"),
        ({"recipientId": None}, 400, "E_VALIDATION"),
        ({"data": None}, 400, "E_VALIDATION"),
        ({"data": [1]}, 400, "E_VALIDATION"),
        ({"data": {"a": "x" * 5000}}, 400, "E_VALIDATION"),
    ],
)
async def test_what_cannot_be_sent(change: Any, status: int, code: str) -> None:
    async with web_world() as world:
        customer, operator, _ = await acquainted(world)
        before = world.fingerprint()
        body = {"recipientId": operator.id, "data": DATA} | change
        reply = await customer.post("/notifications/push", body)
        assert (reply.status, reply.code) == (status, code)
        assert world.fingerprint() == before


async def test_pushes_are_limited() -> None:
    async with web_world(quotas=GENEROUS.__class__(pushes_per_account=Quota(1))) as world:
        customer, operator, _ = await acquainted(world)
        assert (await send(customer, operator)).status == 200
        reply = await send(customer, operator)
        assert (reply.status, reply.code) == (429, "E_TOO_MANY")
