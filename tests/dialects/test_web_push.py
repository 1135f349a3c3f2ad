"""Browsers of dropin's and auto's people: how they subscribe, and what reaches them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import http_ece
import msgspec
import pytest
import trio
import trustme
import web_push
from cryptography.hazmat.primitives.asymmetric import ec
from push_vendors import Says, clock, trusting, vendor_with_tls
from transport_peers import until
from web_worlds import HERE, PLAIN, Reply, WebWorld, web_world

from switchboard.outbound.push import ByPlatform, LogPusher
from switchboard.outbound.push.sealing import CURVE, decoded
from switchboard.outbound.push.webpush import WebPusher
from switchboard.web import WebSettings

PATHS = {"dropin": "/dropin/notifications/webpush", "auto": "/auto/devices/webpush"}


@pytest.fixture(params=PATHS)
def dialect(request: pytest.FixtureRequest) -> str:
    """Each that has browsers."""
    return str(request.param)


def shown(dialect: str, reply: Reply) -> Any:
    """What is in the envelope."""
    return reply.body["data"] if dialect == "auto" else reply.body


async def somebody(world: WebWorld, dialect: str) -> tuple[str, str]:
    """An account and its token."""
    account = await world.person()
    return account.id, world.token(account, dialect)


async def test_a_browser_subscribes_and_goes(dialect: str) -> None:
    async with web_world() as world:
        path = PATHS[dialect]
        id, token = await somebody(world, dialect)
        other, others = await somebody(world, dialect)
        assert shown(dialect, await world.get(path))["publicKey"] == web_push.PUBLIC
        made = await world.post(path, web_push.SUBSCRIPTION, token=token)
        assert shown(dialect, made)["endpoint"] == web_push.ENDPOINT
        assert web_push.AUTH not in repr(made.body)
        devices = world.engine.store.devices
        (device,) = await devices.of(id)
        assert (device.type, device.address) == ("web", web_push.ENDPOINT)
        assert (device.p256dh, device.auth) == (web_push.PUBLIC, web_push.AUTH)
        # Whoever signs in at the same browser has it from then on.
        await world.post(path, web_push.SUBSCRIPTION, token=others)
        assert not await devices.of(id)
        gone = {"endpoint": web_push.ENDPOINT}
        for word, left in ((token, 1), (others, 0), (others, 0)):
            assert (await world.call("DELETE", path, gone, token=word)).status == 200
            assert len(await devices.of(other)) == left


NO_SUBSCRIPTIONS: Sequence[tuple[Any, str]] = (
    ({"endpoint": None}, "endpoint"),
    ({"endpoint": "http://push.example.org/x"}, "endpoint"),
    ({"endpoint": "https://127.0.0.1/x"}, "endpoint"),
    ({"endpoint": "https://localhost/x"}, "endpoint"),
    ({"endpoint": "https://169.254.169.254/latest/meta-data"}, "endpoint"),
    ({"keys": None}, "keys.p256dh"),
    ({"keys": "x"}, "keys"),
    ({"keys": {"p256dh": web_push.AUTH, "auth": web_push.AUTH}}, "keys.p256dh"),
    ({"keys": {"p256dh": "A" * 87, "auth": web_push.AUTH}}, "keys.p256dh"),
    ({"keys": {"p256dh": web_push.PUBLIC, "auth": "AAAA"}}, "keys.auth"),
    ({"keys": {"p256dh": web_push.PUBLIC, "auth": [1]}}, "keys.auth"),
)
"""What is changed, and the field that the complaint names."""


async def test_what_is_no_subscription(dialect: str) -> None:
    async with web_world() as world:
        _, token = await somebody(world, dialect)
        before = world.fingerprint()
        for change, field in NO_SUBSCRIPTIONS:
            body = web_push.SUBSCRIPTION | change
            reply = await world.post(PATHS[dialect], body, token=token)
            assert reply.status == 400
            assert field in repr(reply.body)
        assert world.fingerprint() == before


async def test_without_a_key_there_are_no_subscriptions(dialect: str) -> None:
    async with web_world(WebSettings(lenient=True, access_log=False)) as world:
        id, token = await somebody(world, dialect)
        assert (await world.get(PATHS[dialect])).status == 404
        reply = await world.post(PATHS[dialect], web_push.SUBSCRIPTION, token=token)
        assert reply.status == 404
        assert not await world.engine.store.devices.of(id)


async def test_hosts_that_the_settings_name(dialect: str) -> None:
    settings = settings_with(web_push_hosts=("example.org",))
    async with web_world(settings) as world:
        _, token = await somebody(world, dialect)
        reply = await world.post(PATHS[dialect], web_push.SUBSCRIPTION, token=token)
        assert reply.status == 400
        body = web_push.SUBSCRIPTION | {"endpoint": "https://push.example.org/x"}
        assert (await world.post(PATHS[dialect], body, token=token)).status == 200


async def test_a_gigs_news_reaches_the_browser_until_it_is_gone(tmp_path: Path) -> None:
    """All of it over sockets but the server's own: subscribed, committed, sealed, signed, sent, opened, gone."""
    authority = trustme.CA()
    key = ec.generate_private_key(CURVE)
    async with vendor_with_tls(authority, tmp_path) as service:
        pusher = WebPusher(
            key=key,
            subject="mailto:a@b.test",
            clock=clock(),
            private=True,
            context=trusting(authority),
        )
        settings = settings_with(web_push_key=pusher.public_key, web_push_private=True)
        by_platform = ByPlatform({"web": pusher}, LogPusher())
        async with web_world(settings, pusher=by_platform) as world:
            customer, operator = await world.customer(), await world.operator()
            body = web_push.SUBSCRIPTION | {"endpoint": f"{service.url}/one"}
            assert (await operator.post("/notifications/webpush", body)).status == 200
            service.says = [Says(503), Says(201)]
            place = {"latitude": HERE[0], "longitude": HERE[1]}
            gig = (await customer.post("/gigs", place)).body["gig"]["id"]
            with trio.fail_after(15):
                await until(lambda: len(service.asked) == 2)
            number = int.from_bytes(decoded(web_push.PRIVATE), "big")
            opened = http_ece.decrypt(
                service.asked[1].body,
                private_key=ec.derive_private_key(number, CURVE),
                auth_secret=decoded(web_push.AUTH),
                version="aes128gcm",
            )
            told = msgspec.json.decode(opened)
            assert (told["code"], told["data"]["gig"]["id"]) == (4, gig)
            service.says = [Says(410)]
            await customer.post(f"/gigs/cancel/{gig}")
            await until(lambda: not world.database.devices._devices)
            assert len(service.asked) == 3


def settings_with(**changes: Any) -> WebSettings:
    """The plain settings but for these."""
    return dataclasses.replace(PLAIN, **changes)
