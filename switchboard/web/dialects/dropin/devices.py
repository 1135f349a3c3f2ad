"""dropin's calls about phones and browsers, and what clients log.

Source: contracts/dropin.md, POST /devices and POST /logs; web push is ours (docs/protocols.md).
"""

from __future__ import annotations

from typing import Any

import structlog

from switchboard.engine.records import Device
from switchboard.web.authentication import authenticate
from switchboard.web.call import Call
from switchboard.web.dialects.dropin.accounts import OK
from switchboard.web.dialects.dropin.callers import AUDIENCE, credential
from switchboard.web.dialects.dropin.shapes import Json, device_shape, subscription_shape
from switchboard.web.reading import Reader
from switchboard.web.subscriptions import public_key, subscribe, unsubscribe

ADDRESS_LENGTH_MOST = 4096
"""Longer than Apple's and Google's tokens."""

BUNDLE_LENGTH_MOST = 200

LEVELS = ("debug", "info", "warn", "error")
"""contracts/dropin.md, POST /logs."""

PUSH_BYTES_MOST = 4 * 1024
"""contracts/dropin.md, POST /notifications/push."""

LOG_BYTES_MOST = 16 * 1024
"""contracts/dropin.md, POST /logs."""


def _device(reader: Reader) -> dict[str, Any]:
    return {
        "address": reader.required_text("deviceAddress", most=ADDRESS_LENGTH_MOST),
        "type": reader.choice("deviceType", of=("ios", "android")),
        "bundle": reader.required_text("bundleId", most=BUNDLE_LENGTH_MOST),
    }


async def register_device(call: Call) -> Json:
    """POST /devices: an address is one account's at a time."""
    fields = call.parse(_device)
    engine = call.services.engine
    now = engine.clock.now()
    device = Device(
        id=engine.ids.new(now), account=call.caller.id, created_at=now, updated_at=now, **fields
    )
    return device_shape(await call.services.pushes.register(device))


async def web_push_key(call: Call) -> Json:
    """GET /notifications/webpush."""
    return {"publicKey": public_key(call)}


async def register_browser(call: Call) -> Json:
    """POST /notifications/webpush: a subscription is one account's at a time."""
    return subscription_shape(await subscribe(call))


async def forget_browser(call: Call) -> Json:
    """DELETE /notifications/webpush."""
    await unsubscribe(call)
    return OK


def _push(reader: Reader) -> tuple[str, dict[str, Any]]:
    recipient = reader.reference("recipientId")
    data = reader.object("data", most=PUSH_BYTES_MOST)
    if data is None:
        reader.complain("data", "is required")
    return recipient, data or {}


async def push(call: Call) -> Json:
    """POST /notifications/push: to somebody with whom the caller shares something."""
    recipient, data = call.parse(_push)
    await call.services.pushes.send(call.caller, recipient, data)
    return OK


def _entry(reader: Reader) -> Json:
    return {
        "level": reader.choice("level", of=LEVELS),
        "message": reader.required_text("message"),
        "data": reader.anything("data", most=LOG_BYTES_MOST),
    }


async def log(call: Call) -> Json:
    """POST /logs: fields of a line of our own log, whose words are ours. Anonymous callers may, a bad token not."""
    services = call.services
    await services.counter.count("log/address", call.address, services.quotas.logs_per_address)
    entry = call.parse(_entry)
    account = None
    given = credential(call)
    if given:
        _, account = await authenticate(services, given, AUDIENCE)
    structlog.get_logger("clients").info(
        "client_log",
        request=call.id,
        account=None if account is None else account.id,
        address=call.address,
        said=entry,
    )
    return OK
