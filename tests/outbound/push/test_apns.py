"""Apple's phones: HTTP/2 with a provider token, and what is made of the answers."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import jwt
import pytest
import trio
import trustme
from cryptography.hazmat.primitives.asymmetric import ec
from push_vendors import BODY, NOW, Says, Vendor, a_device, a_push, trusting, vendor_with_tls
from transport_peers import until

from switchboard.engine.clock import Clock
from switchboard.engine.push import DeviceGone, PushLater, PushRefused
from switchboard.outbound.push.apns import ApnsPusher

TOKEN = "00fc13adff785122b4ad28809a3420982341241421348097878e577c991de8f0"
PHONE = a_device("ios", TOKEN)
MINUTES = 60_000


class Watch(Clock):
    """A clock that is set by hand."""

    def __init__(self) -> None:
        super().__init__(NOW)
        self.at = NOW

    def now(self) -> int:
        """What it was set to."""
        return self.at


class Stage:
    """Apple and who asks it."""

    def __init__(self, apple: Vendor, pusher: ApnsPusher, watch: Watch) -> None:
        self.apple = apple
        self.pusher = pusher
        self.watch = watch

    async def push(self, device: Any = PHONE, **body: Any) -> None:
        """A push to that phone."""
        await self.pusher.push(device, a_push(**body))

    def words(self) -> list[str]:
        """The provider tokens of all that was asked."""
        return [asked.headers["authorization"] for asked in self.apple.asked]


@asynccontextmanager
async def apns(
    authority: trustme.CA, folder: Path, key: ec.EllipticCurvePrivateKey
) -> AsyncIterator[Stage]:
    """Both of them."""
    async with vendor_with_tls(authority, folder) as apple:
        watch = Watch()
        pusher = ApnsPusher(
            key=key,
            key_id="ABC123DEFG",
            team_id="DEF123GHIJ",
            topic="org.example.default",
            base_url=apple.url,
            clock=watch,
            context=trusting(authority),
        )
        with trio.fail_after(15):
            yield Stage(apple, pusher, watch)
        await pusher.aclose()


async def test_a_notification_is_told_over_http_2_with_a_word_of_ours(
    authority: trustme.CA, tmp_path: Path, p256: ec.EllipticCurvePrivateKey
) -> None:
    async with apns(authority, tmp_path, p256) as stage:
        await stage.push(aps={"alert": "forged"})
        (asked,) = stage.apple.asked
        assert (asked.method, asked.path, asked.version) == ("POST", f"/3/device/{TOKEN}", "2")
        headers = asked.headers
        assert headers["apns-topic"] == "org.example.app"
        assert (headers["apns-push-type"], headers["apns-priority"]) == ("alert", "10")
        assert headers["apns-id"] == headers["apns-collapse-id"] == a_push().id
        assert headers["apns-expiration"] == str(NOW // 1000 + 3600)
        alert = {"title": "New gig", "body": "near you"}
        assert asked.json() == BODY | {"aps": {"alert": alert, "sound": "default"}}
        scheme, _, word = headers["authorization"].partition(" ")
        assert scheme == "bearer"
        assert jwt.get_unverified_header(word)["kid"] == "ABC123DEFG"
        options: Any = {"verify_iat": False}
        claims = jwt.decode(word, p256.public_key(), ["ES256"], options=options)
        assert claims == {"iss": "DEF123GHIJ", "iat": NOW // 1000}


async def test_nothing_of_it_is_logged(
    authority: trustme.CA,
    tmp_path: Path,
    p256: ec.EllipticCurvePrivateKey,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The client's own libraries would write down the URL, and when asked for more, the headers."""
    caplog.set_level(logging.DEBUG)
    async with apns(authority, tmp_path, p256) as stage:
        await stage.push()
        (word,) = stage.words()
    assert TOKEN not in caplog.text
    assert word.split()[1] not in caplog.text


async def test_our_word_is_kept_for_most_of_an_hour(
    authority: trustme.CA, tmp_path: Path, p256: ec.EllipticCurvePrivateKey
) -> None:
    async with apns(authority, tmp_path, p256) as stage:
        for minutes in (0, 49, 50):
            stage.watch.at = NOW + minutes * MINUTES
            await stage.push()
        one, again, other = stage.words()
        assert one == again != other


async def test_a_word_that_apple_finds_too_old_is_replaced_but_not_more_often_than_it_likes(
    authority: trustme.CA, tmp_path: Path, p256: ec.EllipticCurvePrivateKey
) -> None:
    refusal = Says(403, {"reason": "ExpiredProviderToken"})
    async with apns(authority, tmp_path, p256) as stage:
        for minutes in (0, 19, 21, 21):
            stage.watch.at = NOW + minutes * MINUTES
            stage.apple.says = [refusal]
            with pytest.raises(PushLater, match="403, ExpiredProviderToken") as caught:
                await stage.push()
            assert (caught.value.seconds, caught.value.everybody) == (60, True)
        first, second, third, fourth = stage.words()
        assert first == second == third != fourth


@pytest.mark.parametrize(
    ("device", "raised"),
    [
        (a_device("ios", "../../evil?x"), DeviceGone),
        (a_device("ios", "a" * 500), DeviceGone),
        (a_device("ios", TOKEN, bundle="evil\r\nheader: x"), PushRefused),
    ],
)
async def test_what_cannot_be_asked(
    authority: trustme.CA,
    tmp_path: Path,
    p256: ec.EllipticCurvePrivateKey,
    device: Any,
    raised: type[Exception],
) -> None:
    async with apns(authority, tmp_path, p256) as stage:
        with pytest.raises(raised):
            await stage.push(device)
        assert not stage.apple.asked


async def test_a_phone_without_its_apps_name_has_the_settings_and_long_data_are_left_out(
    authority: trustme.CA, tmp_path: Path, p256: ec.EllipticCurvePrivateKey
) -> None:
    async with apns(authority, tmp_path, p256) as stage:
        await stage.push(a_device("ios", TOKEN, bundle=""), data={"text": "x" * 4096})
        (asked,) = stage.apple.asked
        assert asked.headers["apns-topic"] == "org.example.default"
        assert set(asked.json()) == {"code", "title", "message", "aps"}


LATER = {"Retry-After": "9"}


ERRORS: Sequence[tuple[Says, type[Exception], str]] = (
    (Says(410, {"reason": "Unregistered"}), DeviceGone, "status 410, Unregistered"),
    (Says(410, {"reason": "Unregistered", "timestamp": NOW}), DeviceGone, "410"),
    # The app was registered again after Apple had last seen it gone.
    (Says(410, {"reason": "Unregistered", "timestamp": NOW - 1}), PushRefused, "410"),
    (Says(400, {"reason": "BadDeviceToken"}), DeviceGone, "status 400, BadDeviceToken"),
    (Says(400, {"reason": "DeviceTokenNotForTopic"}), PushRefused, "DeviceTokenNotForTopic"),
    (Says(400, {"reason": f"evil {TOKEN}"}), PushRefused, "status 400$"),
    (Says(413, {"reason": "PayloadTooLarge"}), PushRefused, "status 413, PayloadTooLarge"),
    (Says(404, "no object"), PushRefused, "status 404$"),
    (Says(403, {"reason": "InvalidProviderToken"}), PushLater, "InvalidProviderToken"),
    (Says(429, {"reason": "TooManyRequests"}, LATER), PushLater, "TooManyRequests"),
    (Says(503, {"reason": "Shutdown"}), PushLater, "status 503, Shutdown"),
)
"""What is said, what is made of it, and what is logged."""


async def test_what_is_made_of_an_error(
    authority: trustme.CA, tmp_path: Path, p256: ec.EllipticCurvePrivateKey
) -> None:
    async with apns(authority, tmp_path, p256) as stage:
        for said, raised, reason in ERRORS:
            stage.apple.says = [said]
            with pytest.raises(raised, match=reason) as caught:
                await stage.push()
            if isinstance(caught.value, PushLater):
                wanted = {429: 9.0, 403: 60.0, 503: 0.0}[said.status]
                assert caught.value.seconds == wanted
                assert caught.value.everybody == (said.status == 403)


async def test_a_try_that_was_cut_off_leaves_the_others_alone(
    authority: trustme.CA, tmp_path: Path, p256: ec.EllipticCurvePrivateKey
) -> None:
    """All go over one connection; a stream of it that hangs is no reason for another to."""
    async with apns(authority, tmp_path, p256) as stage:
        stage.apple.says = [Says(0)]
        async with trio.open_nursery() as nursery:

            async def hangs() -> None:
                with trio.move_on_after(0.5) as scope:
                    await stage.push()
                assert scope.cancelled_caught

            nursery.start_soon(hangs)
            await until(lambda: len(stage.apple.asked) == 1)
            for _ in range(3):
                await stage.push()
        for _ in range(3):
            await stage.push()
        assert len(stage.apple.asked) == 7
