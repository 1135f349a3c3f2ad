"""Android's phones: the token that Google is asked for, the messages, and what is made of the answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
import trio
from cryptography.hazmat.primitives.asymmetric import rsa
from push_vendors import NOW, Says, Vendor, a_device, a_push, clock, vendor

from switchboard.engine.push import DeviceGone, PushLater, PushRefused
from switchboard.outbound.push.fcm import GRANT, SCOPE, FcmPusher, ServiceAccount

PHONE = a_device("android", "phone:token")
TOKEN_PATH, SEND_PATH = "/token", "/v1/projects/my-project/messages:send"
GRANTED = Says(200, {"access_token": "secret", "expires_in": 3599, "token_type": "Bearer"})


@asynccontextmanager
async def fcm(key: rsa.RSAPrivateKey) -> AsyncIterator[tuple[Vendor, FcmPusher]]:
    """Google and who asks it."""
    async with vendor() as google:
        google.by_path[TOKEN_PATH] = GRANTED
        pusher = FcmPusher(
            account=ServiceAccount("my-project", "sender@example.test", "kid-1", key),
            base_url=google.url,
            token_url=f"{google.url}{TOKEN_PATH}",
            clock=clock(),
        )
        with trio.fail_after(15):
            yield google, pusher
        await pusher.aclose()


def error(status: int, code: str | None, name: str = "NAME", **more: Any) -> Says:
    """As Google writes them."""
    details: list[Any] = []
    if code is not None:
        kind = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
        details.append({"@type": kind, "errorCode": code})
    details += more.pop("details", [])
    body = {"code": status, "message": "phone:token", "status": name, "details": details}
    return Says(status, {"error": body}, more.pop("headers", {}))


async def test_a_message_goes_with_a_token_that_was_signed_for(rsa_key: rsa.RSAPrivateKey) -> None:
    async with fcm(rsa_key) as (google, pusher):
        await pusher.push(PHONE, a_push(duration=None, price=11.15, bypassRating=True))
        granted, sent = google.asked
        assert (granted.path, sent.path) == (TOKEN_PATH, SEND_PATH)
        form = parse_qs(granted.body.decode())
        assert form["grant_type"] == [GRANT]
        (assertion,) = form["assertion"]
        assert jwt.get_unverified_header(assertion)["kid"] == "kid-1"
        token_url = f"{google.url}{TOKEN_PATH}"
        options: Any = {"verify_iat": False, "verify_exp": False}
        claims = jwt.decode(
            assertion, rsa_key.public_key(), ["RS256"], audience=token_url, options=options
        )
        assert (claims["iss"], claims["scope"]) == ("sender@example.test", SCOPE)
        assert claims["exp"] - claims["iat"] == 3600
        assert 0 <= claims["iat"] - NOW // 1000 < 10
        assert sent.headers["authorization"] == "Bearer secret"
        message = sent.json()["message"]
        assert message["token"] == "phone:token"
        assert message["notification"] == {"title": "New gig", "body": "near you"}
        assert message["data"] == {
            "code": "4",
            "title": "New gig",
            "message": "near you",
            "data": '{"gig":{"id":"g"}}',
            "price": "11.15",
            "bypassRating": "true",
        }
        assert message["android"]["priority"] == "HIGH"
        assert 3590 <= int(message["android"]["ttl"].removesuffix("s")) <= 3600
        assert message["android"]["notification"]["tag"] == a_push().id


async def test_the_token_is_had_once_and_again_when_it_is_refused_or_about_to_end(
    rsa_key: rsa.RSAPrivateKey,
) -> None:
    async with fcm(rsa_key) as (google, pusher):
        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(pusher.push, PHONE, a_push())
        assert [asked.path for asked in google.asked].count(TOKEN_PATH) == 1
        google.says = [error(401, None, "UNAUTHENTICATED")]
        with pytest.raises(PushLater, match="status 401, UNAUTHENTICATED"):
            await pusher.push(PHONE, a_push())
        await pusher.push(PHONE, a_push())
        assert [asked.path for asked in google.asked].count(TOKEN_PATH) == 2
    async with fcm(rsa_key) as (google, pusher):
        google.by_path[TOKEN_PATH] = Says(200, {"access_token": "short", "expires_in": 0})
        await pusher.push(PHONE, a_push())
        await pusher.push(PHONE, a_push())
        assert [asked.path for asked in google.asked].count(TOKEN_PATH) == 2


async def test_without_a_token_nobody_is_tried_for_a_while(rsa_key: rsa.RSAPrivateKey) -> None:
    async with fcm(rsa_key) as (google, pusher):
        for said, reason, seconds in (
            (Says(400, {"error": "invalid_grant"}), "status 400", 60),
            (Says(503, None, {"Retry-After": "7"}), "status 503", 7),
            (Says(200, {"token": 1}), "not understood", 60),
        ):
            google.by_path[TOKEN_PATH] = said
            with pytest.raises(PushLater, match=f"no access token: {reason}") as caught:
                await pusher.push(PHONE, a_push())
            assert (caught.value.seconds, caught.value.everybody) == (seconds, True)


FIELD = {
    "@type": "type.googleapis.com/google.rpc.BadRequest",
    "fieldViolations": [{"field": "message.token", "description": "Invalid registration token"}],
}


ERRORS: Sequence[tuple[Says, type[Exception], str]] = (
    (error(404, "UNREGISTERED"), DeviceGone, "status 404, UNREGISTERED"),
    (error(400, "INVALID_ARGUMENT", details=[FIELD]), DeviceGone, "INVALID_ARGUMENT"),
    (error(400, "INVALID_ARGUMENT"), PushRefused, "status 400, INVALID_ARGUMENT"),
    (error(403, "SENDER_ID_MISMATCH"), PushRefused, "status 403, SENDER_ID_MISMATCH"),
    (error(404, None, "NOT_FOUND"), PushRefused, "status 404, NOT_FOUND"),
    (Says(404, ["no error"]), PushRefused, "status 404$"),
    (Says(400, {"error": {"status": "phone:token", "details": 1}}), PushRefused, "400$"),
    (error(500, "INTERNAL"), PushLater, "status 500, INTERNAL"),
)
"""What is said, what is made of it, and what is logged."""


async def test_what_is_made_of_an_error(rsa_key: rsa.RSAPrivateKey) -> None:
    async with fcm(rsa_key) as (google, pusher):
        for said, raised, reason in ERRORS:
            google.says = [said]
            with pytest.raises(raised, match=reason) as caught:
                await pusher.push(PHONE, a_push())
            assert "phone:token" not in str(caught.value)


async def test_google_says_how_long_it_wants_no_more(rsa_key: rsa.RSAPrivateKey) -> None:
    async with fcm(rsa_key) as (google, pusher):
        for said, seconds, everybody in (
            (error(429, "QUOTA_EXCEEDED", headers={"Retry-After": "30"}), 30, True),
            (error(429, "QUOTA_EXCEEDED"), 60, True),
            (error(503, "UNAVAILABLE", headers={"Retry-After": "20"}), 20, True),
            (error(503, "UNAVAILABLE"), 0, False),
        ):
            google.says = [said]
            with pytest.raises(PushLater) as caught:
                await pusher.push(PHONE, a_push())
            assert (caught.value.seconds, caught.value.everybody) == (seconds, everybody)
