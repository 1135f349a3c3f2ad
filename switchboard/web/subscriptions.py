"""Web push subscriptions, as browsers' ``PushSubscription.toJSON()`` writes them; the dialects give them paths.

Source: https://www.w3.org/TR/push-api/ (PushSubscriptionJSON), RFC 8291, 3.
"""

from __future__ import annotations

import base64
import binascii
from typing import NamedTuple

from switchboard.engine.errors import NotFound
from switchboard.engine.records import Device
from switchboard.engine.web_addresses import URL_LENGTH_MOST, complaint_about
from switchboard.web.call import Call
from switchboard.web.reading import Reader

KEY_BYTES = 65
"""An uncompressed point of P-256."""

UNCOMPRESSED = 4
"""Its first byte."""

AUTH_BYTES = 16

KEY_LENGTH_MOST = 100
"""Of 65 bytes in base64, with whatever padding."""


class Subscription(NamedTuple):
    """What a browser hands over."""

    endpoint: str
    p256dh: str
    auth: str


def public_key(call: Call) -> str:
    """What browsers subscribe with, in base64url. Raises: NotFound: web push is off."""
    key = call.services.settings.web_push_key
    if key is None:
        raise NotFound("web push")
    return key


async def subscribe(call: Call) -> Device:
    """Stores the body's subscription as a device of the caller's. Raises: NotFound, Invalid."""
    caller = call.caller
    public_key(call)
    settings = call.services.settings

    def parse(reader: Reader) -> Subscription:
        endpoint = reader.required_text("endpoint", most=URL_LENGTH_MOST)
        keys = reader.object("keys") or {}
        complaint = complaint_about(
            endpoint, settings.web_push_hosts, private=settings.web_push_private
        )
        if complaint is not None:
            reader.complain("endpoint", complaint)
        return Subscription(
            endpoint,
            _key(reader, keys, "p256dh", KEY_BYTES),
            _key(reader, keys, "auth", AUTH_BYTES),
        )

    subscription = call.parse(parse)
    engine = call.services.engine
    now = engine.clock.now()
    device = Device(
        id=engine.ids.new(now),
        account=caller.id,
        address=subscription.endpoint,
        type="web",
        bundle="",
        created_at=now,
        updated_at=now,
        p256dh=subscription.p256dh,
        auth=subscription.auth,
    )
    return await call.services.pushes.register(device)


def _key(reader: Reader, keys: dict[str, object], name: str, length: int) -> str:
    """In base64url without padding, whichever base64 it came in."""
    given = keys.get(name)
    if isinstance(given, str) and len(given) <= KEY_LENGTH_MOST:
        plain = given.rstrip("=").replace("+", "-").replace("/", "_")
        try:
            data = base64.b64decode(plain + "=" * (-len(plain) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            data = b""
        if len(data) == length and (length != KEY_BYTES or data[0] == UNCOMPRESSED):
            return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    reader.complain(f"keys.{name}", f"must be {length} bytes in base64url")
    return ""


async def unsubscribe(call: Call) -> None:
    """Forgets the caller's subscription that the body names; whether it had it, it has it no more."""

    def parse(reader: Reader) -> str:
        return reader.required_text("endpoint", most=URL_LENGTH_MOST)

    caller = call.caller
    await call.services.pushes.forget(caller.id, call.parse(parse))
