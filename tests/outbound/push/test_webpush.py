"""Browsers: what their push services are asked, and what is made of the answers."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import http_ece
import jwt
import msgspec
import pytest
import trio
import trustme
import web_push
from cryptography.hazmat.primitives.asymmetric import ec
from push_vendors import BODY, NOW, Says, Vendor, a_device, a_push, clock, trusting, vendor_with_tls

from switchboard.engine.push import DeviceGone, PushLater, PushRefused
from switchboard.engine.records import Device
from switchboard.outbound.push.sealing import CURVE, decoded, encoded, public_bytes
from switchboard.outbound.push.webpush import WebPusher

SUBJECT = "mailto:push@example.test"


@asynccontextmanager
async def pusher(
    authority: trustme.CA, key: ec.EllipticCurvePrivateKey, **options: Any
) -> AsyncIterator[WebPusher]:
    """One that may call this machine."""
    plain = {"private": True, "context": trusting(authority)}
    one = WebPusher(key=key, subject=SUBJECT, clock=clock(), **{**plain, **options})
    yield one
    await one.aclose()


def browser(service: Vendor, **fields: Any) -> Device:
    """A browser whose push service is that."""
    keys = {"p256dh": web_push.PUBLIC, "auth": web_push.AUTH}
    return a_device("web", f"{service.url}/push/one", **{**keys, **fields})


def opened(body: bytes) -> Any:
    """What the browser reads."""
    number = int.from_bytes(decoded(web_push.PRIVATE), "big")
    key = ec.derive_private_key(number, CURVE)
    return msgspec.json.decode(
        http_ece.decrypt(
            body, private_key=key, auth_secret=decoded(web_push.AUTH), version="aes128gcm"
        )
    )


async def test_a_push_is_sealed_for_the_browser_and_signed_for_its_service(
    authority: trustme.CA, p256: ec.EllipticCurvePrivateKey, tmp_path: Path
) -> None:
    async with (
        vendor_with_tls(authority, tmp_path) as service,
        pusher(authority, p256) as web,
    ):
        service.usually = Says(201)
        with trio.fail_after(10):
            await web.push(browser(service), a_push())
        (asked,) = service.asked
        assert (asked.method, asked.path) == ("POST", "/push/one")
        assert opened(asked.body) == BODY
        headers = asked.headers
        assert headers["host"] == service.url.removeprefix("https://")
        assert headers["content-encoding"] == "aes128gcm"
        assert 3590 <= int(headers["ttl"]) <= 3600
        assert headers["urgency"] == "high"
        assert headers["topic"] == "4b5e9a762f2c4d6e8a3b0c8f1d2e3f40"
        scheme, _, fields = headers["authorization"].partition(" ")
        word, key = (part.strip().partition("=")[2] for part in fields.split(","))
        assert scheme == "vapid"
        assert key == encoded(public_bytes(p256.public_key())) == web.public_key
        told = jwt.decode(word, p256.public_key(), ["ES256"], audience=service.url)
        assert told["sub"] == SUBJECT
        assert NOW // 1000 < told["exp"] <= NOW // 1000 + 24 * 3600


async def test_data_that_are_too_long_are_left_out(
    authority: trustme.CA, p256: ec.EllipticCurvePrivateKey, tmp_path: Path
) -> None:
    async with vendor_with_tls(authority, tmp_path) as service, pusher(authority, p256) as web:
        with trio.fail_after(10):
            await web.push(browser(service), a_push(data={"text": "x" * 4000}))
            with pytest.raises(PushRefused, match="too long"):
                await web.push(browser(service), a_push(more="x" * 4000))
        short = {name: value for name, value in BODY.items() if name != "data"}
        assert [opened(asked.body) for asked in service.asked] == [short]


ANSWERS: Sequence[tuple[Says, type[Exception], float | None]] = (
    (Says(404), DeviceGone, None),
    (Says(410), DeviceGone, None),
    (Says(400), PushRefused, None),
    (Says(403), PushRefused, None),
    (Says(413), PushRefused, None),
    (Says(301, None, {"Location": "https://example.test/"}), PushRefused, None),
    (Says(429, None, {"Retry-After": "120"}), PushLater, 120),
    (Says(429, None, {"Retry-After": "never"}), PushLater, 0),
    (Says(429, None, {"Retry-After": "999999999"}), PushLater, 3600),
    (Says(503, None, {"Retry-After": "Fri, 15 Jan 2027 08:01:40 GMT"}), PushLater, 100),
    (Says(500), PushLater, 0),
)
"""What is said, what is made of it, and how many seconds are waited at least."""


async def test_what_is_made_of_an_answer(
    authority: trustme.CA, p256: ec.EllipticCurvePrivateKey, tmp_path: Path
) -> None:
    async with vendor_with_tls(authority, tmp_path) as service, pusher(authority, p256) as web:
        for said, raised, seconds in ANSWERS:
            service.says = [said]
            with trio.fail_after(10), pytest.raises(raised) as caught:
                await web.push(browser(service), a_push())
            assert str(caught.value) == f"status {said.status}"
            if isinstance(caught.value, PushLater):
                assert caught.value.seconds == pytest.approx(seconds, abs=9)
                assert not caught.value.everybody


@pytest.mark.parametrize(
    "keys", [{"p256dh": "AAAA"}, {"p256dh": None}, {"p256dh": encoded(b"\x04" + b"\x01" * 64)}]
)
async def test_a_browser_whose_key_is_none_is_gone(
    authority: trustme.CA, p256: ec.EllipticCurvePrivateKey, keys: Any
) -> None:
    async with pusher(authority, p256) as web:
        with pytest.raises(DeviceGone):
            await web.push(_at(keys), a_push())


def _at(keys: Any) -> Device:
    plain = {"p256dh": web_push.PUBLIC, "auth": web_push.AUTH}
    return a_device("web", "https://localhost:1/x", **{**plain, **keys})


async def test_a_service_that_is_not_there_or_not_itself_is_tried_again(
    authority: trustme.CA, p256: ec.EllipticCurvePrivateKey, tmp_path: Path
) -> None:
    async with vendor_with_tls(authority, tmp_path) as service:
        async with pusher(trustme.CA(), p256) as web:
            with trio.fail_after(10), pytest.raises(PushLater, match="ConnectError"):
                await web.push(browser(service), a_push())
        assert not service.asked
    async with pusher(authority, p256) as web:
        with trio.fail_after(10), pytest.raises(PushLater, match="ConnectError"):
            await web.push(browser(service), a_push())


class Resolver(trio.abc.HostnameResolver):
    """A DNS of one's own."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def getaddrinfo(self, host: Any, port: Any, *_: Any, **__: Any) -> Any:
        """The next answer; the last one again and again."""
        await trio.lowlevel.checkpoint()
        self.asked.append(host.decode() if isinstance(host, bytes) else host)
        addresses = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        kind = socket.SOCK_STREAM
        return [(socket.AF_INET, kind, 6, "", (address, port)) for address in addresses]

    async def getnameinfo(self, *_: Any) -> Any:
        """Nobody asks."""
        raise NotImplementedError


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["10.0.0.1", "169.254.169.254"], ["::1"], ["::ffff:192.168.1.1"], []],
)
async def test_a_name_that_resolves_to_no_public_address_is_not_called(
    authority: trustme.CA, p256: ec.EllipticCurvePrivateKey, addresses: Sequence[str]
) -> None:
    resolver = Resolver(addresses)
    trio.socket.set_custom_hostname_resolver(resolver)
    async with pusher(authority, p256, private=False) as web:
        device = a_device("web", web_push.ENDPOINT, p256dh=web_push.PUBLIC, auth=web_push.AUTH)
        with pytest.raises(PushRefused, match="no public address"):
            await web.push(device, a_push())
    assert resolver.asked == ["push.example.net"]


async def test_it_is_the_address_looked_at_that_is_connected_to(
    authority: trustme.CA, p256: ec.EllipticCurvePrivateKey, tmp_path: Path
) -> None:
    """A name that would resolve to something else a moment later is asked for once."""
    async with vendor_with_tls(authority, tmp_path) as service, pusher(authority, p256) as web:
        resolver = Resolver(["127.0.0.1"], ["192.0.2.1"])
        trio.socket.set_custom_hostname_resolver(resolver)
        with trio.fail_after(10):
            await web.push(browser(service), a_push())
        assert resolver.asked == ["localhost"]
        assert len(service.asked) == 1


async def test_an_address_of_which_the_settings_do_not_approve_any_more_is_not_called(
    authority: trustme.CA, p256: ec.EllipticCurvePrivateKey
) -> None:
    async with pusher(authority, p256, private=False, hosts=("example.org",)) as web:
        device = a_device("web", web_push.ENDPOINT, p256dh=web_push.PUBLIC, auth=web_push.AUTH)
        with pytest.raises(PushRefused, match="not of a push service"):
            await web.push(device, a_push())
