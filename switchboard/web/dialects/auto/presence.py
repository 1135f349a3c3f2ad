"""auto's calls of dealers about themselves: presence, pings, devices. Source: contracts/auto.md, 'Endpoints'."""

from __future__ import annotations

from typing import Any

from switchboard.engine.records import Device
from switchboard.web.call import Call
from switchboard.web.dialects.auto.accounts import shown
from switchboard.web.dialects.auto.callers import only_dealer
from switchboard.web.dialects.auto.shapes import Json, device_shape, subscription_shape
from switchboard.web.reading import Reader
from switchboard.web.subscriptions import public_key, subscribe, unsubscribe

ADDRESS_LENGTH_MOST = 2000
"""Push tokens have some hundred characters."""

BUNDLE_LENGTH_MOST = 255
"""Of an app's identifier, in Apple's and Google's stores."""


async def online(call: Call) -> Json:
    """POST /accounts/status/online."""
    await call.services.showroom.online(call.caller.id)
    return await shown(call, call.caller)


async def offline(call: Call) -> Json:
    """POST /accounts/status/offline: what is live goes on, and an offer moves on."""
    await call.services.showroom.offline(call.caller.id)
    return await shown(call, call.caller)


def _place(reader: Reader) -> tuple[float | None, float | None]:
    latitude = reader.number("latitude", "lat", least=-90, most=90)
    longitude = reader.number("longitude", "lng", "long", least=-180, most=180)
    if (latitude is None) != (longitude is None):
        reader.complain("latitude" if latitude is None else "longitude", "is required too")
    return latitude, longitude


async def ping(call: Call) -> Json:
    """POST /ping: volatile, answered without a commit.

    Only an operator's place is kept: who has one is found by those who look for operators nearby.
    """
    dealer = only_dealer(call.caller)
    latitude, longitude = call.parse(_place)
    if call.caller.operator != "approved":
        latitude = longitude = None
    await call.services.showroom.ping(dealer, latitude, longitude)
    return {}


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
    """GET /devices/webpush."""
    return {"publicKey": public_key(call)}


async def register_browser(call: Call) -> Json:
    """POST /devices/webpush: a subscription is one account's at a time."""
    return subscription_shape(await subscribe(call))


async def forget_browser(call: Call) -> Json:
    """DELETE /devices/webpush."""
    await unsubscribe(call)
    return {}
