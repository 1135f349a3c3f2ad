"""Apple's phones, through the Apple Push Notification service: HTTP/2 with a provider token.

Source: https://developer.apple.com/documentation/usernotifications, 'Sending notification requests to APNs',
'Establishing a token-based connection to APNs', 'Handling notification responses from APNs'.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from typing import Any

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from switchboard.engine.clock import Clock, Instant
from switchboard.engine.push import DeviceGone, Push, PushLater, PushRefused
from switchboard.engine.records import Device
from switchboard.outbound.push.vendors import UNAVAILABLE, Answer, ask, client, fitted, retry_after

PAYLOAD_BYTES_MOST = 4096

TOKEN_MILLISECONDS = 50 * 60_000
"""Apple wants a new provider token at least every 60 minutes and at most every 20."""

TOKEN_LEAST_MILLISECONDS = 20 * 60_000

REFUSED_SECONDS = 60.0
"""How long nobody is told anything after Apple has refused our key, which an operator has to see to."""

ADDRESS = re.compile(r"[0-9A-Za-z]{1,400}", re.ASCII)
"""Device tokens are hexadecimal; their length may change."""

TOPIC = re.compile(r"[0-9A-Za-z.-]{1,255}", re.ASCII)
"""Bundle ids."""

REASON = re.compile(r"[A-Za-z]{1,60}", re.ASCII)

GONE = frozenset({"BadDeviceToken", "Unregistered", "ExpiredToken"})

OUR_KEY = frozenset({"ExpiredProviderToken", "InvalidProviderToken", "MissingProviderToken"})


class ApnsPusher:
    """A ``Pusher`` for devices of type ``ios``.

    Args:
        key: of P-256; ``key_id`` and ``team_id`` are Apple's names of it and of its owner.
        topic: of devices that were registered without their app's bundle id.
        base_url: without a slash at its end; over plain http, HTTP/2 is spoken without being agreed on.
        context: whom to trust; None: the authorities that everybody trusts.
    """

    def __init__(
        self,
        *,
        key: ec.EllipticCurvePrivateKey,
        key_id: str,
        team_id: str,
        topic: str | None,
        base_url: str,
        clock: Clock,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._key = key
        self._key_id = key_id
        self._team_id = team_id
        self._topic = topic
        self._base_url = base_url
        self._clock = clock
        self._token: str | None = None
        self._token_at: Instant = 0
        self._client = client(context, http1=base_url.startswith("https:"), http2=True)

    async def aclose(self) -> None:
        """Ends it."""
        await self._client.aclose()

    async def push(self, device: Device, push: Push) -> None:
        """See ``Pusher``."""
        if not ADDRESS.fullmatch(device.address):
            raise DeviceGone("it is no token of Apple's")
        topic = device.bundle or self._topic or ""
        if not TOPIC.fullmatch(topic):
            raise PushRefused("its app has no bundle id")

        def encode(body: Mapping[str, Any]) -> bytes:
            alert = {"title": push.title, "body": push.text}
            # What is ours comes last: no body has a say in it.
            return msgspec.json.encode({**body, "aps": {"alert": alert, "sound": "default"}})

        headers = {
            "authorization": f"bearer {self._valid_token()}",
            "apns-topic": topic,
            "apns-push-type": "alert",
            "apns-priority": "10",
            "apns-id": push.id,
            # A repeat takes the place of the first.
            "apns-collapse-id": push.id,
            "apns-expiration": str(push.expires_at // 1000),
        }
        content = fitted(push, PAYLOAD_BYTES_MOST, encode)
        url = f"{self._base_url}/3/device/{device.address}"
        self._judge(await ask(self._client, url, headers, content), device)

    def _valid_token(self) -> str:
        now = self._clock.now()
        if self._token is None or now - self._token_at >= TOKEN_MILLISECONDS:
            claims = {"iss": self._team_id, "iat": now // 1000}
            kid = {"kid": self._key_id}
            self._token = jwt.encode(claims, self._key, algorithm="ES256", headers=kid)
            self._token_at = now
        return self._token

    def _judge(self, answer: Answer, device: Device) -> None:
        if answer.status == 200:
            return
        value = answer.json()
        value = value if isinstance(value, dict) else {}
        word = value.get("reason")
        word = word if isinstance(word, str) and REASON.fullmatch(word) else ""
        reason = f"status {answer.status}" + (f", {word}" if word else "")
        if word in GONE or answer.status == 410:
            since = value.get("timestamp")
            if isinstance(since, int) and since < device.updated_at and answer.status == 410:
                # The app was there again after Apple had last seen it gone.
                raise PushRefused(reason)
            raise DeviceGone(reason)
        if word in OUR_KEY:
            if self._clock.now() - self._token_at >= TOKEN_LEAST_MILLISECONDS:
                self._token = None
            raise PushLater(reason, REFUSED_SECONDS, everybody=True)
        if answer.status in UNAVAILABLE:
            seconds = retry_after(answer.headers, self._clock.now())
            everybody = answer.status == 503 and seconds > 0
            raise PushLater(reason, seconds, everybody=everybody)
        raise PushRefused(reason)
