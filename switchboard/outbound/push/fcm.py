"""Android's phones, through Firebase Cloud Messaging's HTTP v1 API.

Source: https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages and .../ErrorCode; RFC 7523 for the
token.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import jwt
import msgspec
import trio
from cryptography.hazmat.primitives.asymmetric import rsa

from switchboard.engine.clock import Clock, Instant
from switchboard.engine.push import DeviceGone, Push, PushLater, PushRefused
from switchboard.engine.records import Device
from switchboard.outbound.push.vendors import UNAVAILABLE, Answer, ask, client, fitted, retry_after

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"

GRANT_SECONDS = 3600
"""The longest that Google takes."""

RENEWED_BEFORE_SECONDS = 300
"""A token is replaced so long before it ends."""

REFUSED_SECONDS = 60.0
"""How long nobody is told anything after Google has refused us the token, which an operator has to see to."""

MESSAGE_BYTES_MOST = 4096
"""Of a message's data and notification."""


class ServiceAccount(NamedTuple):
    """The account that sends."""

    project: str
    email: str
    key_id: str | None
    key: rsa.RSAPrivateKey


class FcmPusher:
    """A ``Pusher`` for devices of type ``android``.

    Args:
        base_url: of the API, without a slash at its end.
        token_url: where the token is had.
        context: whom to trust; None: the authorities that everybody trusts.
    """

    def __init__(
        self,
        *,
        account: ServiceAccount,
        base_url: str,
        token_url: str,
        clock: Clock,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._account = account
        self._url = f"{base_url}/v1/projects/{quote(account.project, safe='')}/messages:send"
        self._token_url = token_url
        self._clock = clock
        self._token: str | None = None
        self._renew_at: Instant = 0
        self._renewing = trio.Lock()
        self._client = client(context, http2=True)

    async def aclose(self) -> None:
        """Ends it."""
        await self._client.aclose()

    async def push(self, device: Device, push: Push) -> None:
        """See ``Pusher``."""
        content = fitted(push, MESSAGE_BYTES_MOST, lambda body: self._message(device, push, body))
        token = await self._valid_token()
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._judge(await ask(self._client, self._url, headers, content), token)

    def _message(self, device: Device, push: Push, body: Mapping[str, Any]) -> bytes:
        seconds = max(0, (push.expires_at - self._clock.now()) // 1000)
        message = {
            "token": device.address,
            "notification": {"title": push.title, "body": push.text},
            # Its values are strings; what is none is written as JSON.
            "data": {name: _text(value) for name, value in body.items() if value is not None},
            "android": {
                "priority": "HIGH",
                "ttl": f"{seconds}s",
                # A repeat takes the place of the first.
                "notification": {"tag": push.id},
            },
        }
        return msgspec.json.encode({"message": message})

    def _judge(self, answer: Answer, token: str) -> None:
        if answer.status == 200:
            return
        code, about_token = _error(answer)
        reason = f"status {answer.status}" + (f", {code}" if code else "")
        if code == "UNREGISTERED" or about_token:
            raise DeviceGone(reason)
        if answer.status == 401:
            if self._token == token:
                self._token = None
            raise PushLater(reason)
        if answer.status in UNAVAILABLE:
            seconds = retry_after(answer.headers, self._clock.now())
            if answer.status == 429:
                # "the server does not know when: start with a minute" (FCM's table of errors, QUOTA_EXCEEDED)
                raise PushLater(reason, seconds or 60.0, everybody=True)
            raise PushLater(reason, seconds, everybody=seconds > 0)
        raise PushRefused(reason)

    async def _valid_token(self) -> str:
        """Raises: PushLater."""
        async with self._renewing:
            if self._token is None or self._clock.now() >= self._renew_at:
                self._token, seconds = await self._granted()
                usable = max(seconds - RENEWED_BEFORE_SECONDS, seconds // 2)
                self._renew_at = self._clock.now() + usable * 1000
            return self._token

    async def _granted(self) -> tuple[str, int]:
        """A token and its seconds. Raises: PushLater."""
        now = self._clock.now() // 1000
        account = self._account
        claims = {
            "iss": account.email,
            "scope": SCOPE,
            "aud": self._token_url,
            "iat": now,
            "exp": now + GRANT_SECONDS,
        }
        kid = {} if account.key_id is None else {"kid": account.key_id}
        assertion = jwt.encode(claims, account.key, algorithm="RS256", headers=kid)
        form = urlencode({"grant_type": GRANT, "assertion": assertion}).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await ask(self._client, self._token_url, headers, form)
        if answer.status != 200:
            seconds = retry_after(answer.headers, self._clock.now()) or REFUSED_SECONDS
            reason = f"no access token: status {answer.status}"
            raise PushLater(reason, seconds, everybody=True)
        try:
            granted = msgspec.json.decode(answer.body, type=Granted)
        except msgspec.DecodeError as error:
            reason = "no access token: not understood"
            raise PushLater(reason, REFUSED_SECONDS, everybody=True) from error
        return granted.access_token, granted.expires_in


class Granted(msgspec.Struct, frozen=True):
    """RFC 6749, 5.1."""

    access_token: str
    expires_in: int


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _error(answer: Answer) -> tuple[str, bool]:
    """FCM's own code, else Google's, and whether it is the device's token that was found wrong."""
    value = answer.json()
    error = value.get("error") if isinstance(value, dict) else None
    if not isinstance(error, dict):
        return "", False
    details = [one for one in _list(error.get("details")) if isinstance(one, dict)]
    codes = [one["errorCode"] for one in details if isinstance(one.get("errorCode"), str)]
    about_token = any(
        isinstance(violation, dict) and violation.get("field") == "message.token"
        for one in details
        for violation in _list(one.get("fieldViolations"))
    )
    code = codes[0] if codes else error.get("status")
    # A word of upper case letters, or it may be anything.
    known = isinstance(code, str) and code.isascii() and code.replace("_", "").isupper()
    return (str(code)[:40] if known else ""), about_token
