"""The HTTP API's own limits and refusals; that SDKs get on with it is tried in tests/clients."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import urlencode

from pusher_peers import sign
from pusher_worlds import KEYS, pusher_world
from web_worlds import EPOCH, Reply, WebWorld

APP = "/apps/12"


async def called(
    world: WebWorld, method: str, path: str, body: Any = None, **changes: str
) -> Reply:
    """A signed call of dropin's app; ``changes`` come after the signature."""
    key, secret = KEYS["dropin"]
    raw = b"" if body is None else json.dumps(body).encode()
    query = {"auth_key": key, "auth_timestamp": str(EPOCH // 1000), "auth_version": "1.0"}
    if raw:
        query["body_md5"] = hashlib.md5(raw).hexdigest()
    for name in ("info", "filter_by_prefix"):
        if name in changes:
            query[name] = changes.pop(name)
    if "at" in changes:
        query["auth_timestamp"] = changes.pop("at")
    text = "&".join(f"{name}={value}" for name, value in sorted(query.items()))
    query["auth_signature"] = sign(secret, f"{method}\n{path}\n{text}")
    query |= changes
    kind = "application/json" if raw else None
    return await world.call(method, f"{path}?{urlencode(query)}", raw=raw or None, kind=kind)


def event(**changes: Any) -> Any:
    """A good one."""
    return {"name": "news", "channels": ["open"], "data": "{}"} | changes


async def test_only_what_the_app_signed_now_is_taken() -> None:
    """401 for anything else, 404 for an app that is none."""
    async with pusher_world() as server:
        world, path = server.world, f"{APP}/events"
        assert (await called(world, "POST", path, event())).status == 200
        assert (await called(world, "POST", path, event(), auth_signature="0" * 64)).status == 401
        assert (await called(world, "POST", path, event(), auth_key="other")).status == 401
        assert (await called(world, "POST", path, event(), body_md5="0" * 32)).status == 401
        for seconds, status in ((-601, 401), (-599, 200), (599, 200), (601, 401)):
            at = str(EPOCH // 1000 + seconds)
            late = await called(world, "POST", path, event(), at=at)
            assert late.status == status, seconds
        assert (await world.post(path, event())).status == 401
        assert (await called(world, "POST", "/apps/99/events", event())).status == 404
        assert (await called(world, "GET", path)).status == 405


async def test_what_is_too_much_or_no_event_is_refused_and_nobody_hears_of_it() -> None:
    """413 and 400; of a batch with one wrong event none is told."""
    async with pusher_world() as server, server.peer() as peer:
        await peer.subscribe("open")
        world, path = server.world, f"{APP}/events"
        wrong: tuple[tuple[Any, int], ...] = (
            (event(data="x" * 10_241), 413),
            (event(channels=["open"] * 101), 400),
            (event(channels=[]), 400),
            (event(channels=["a b"]), 400),
            (event(name=""), 400),
            (event(data={"no": "text"}), 400),
            ([], 400),
        )
        for body, status in wrong:
            assert (await called(world, "POST", path, body)).status == status, body
        batch = {"batch": [{"name": "n", "channel": name, "data": ""} for name in ("open", "a b")]}
        assert (await called(world, "POST", f"{APP}/batch_events", batch)).status == 400
        await peer.quiet()


async def test_channels_are_shown_to_their_own_app_and_the_speaker_is_left_out() -> None:
    """Presence users, counts, prefixes."""
    async with pusher_world() as server, server.peer() as one, server.peer() as two:
        world = server.world
        for peer in (one, two):
            await peer.subscribe("open")
        await one.subscribe("presence-x", who={"user_id": 7})
        await called(world, "POST", f"{APP}/events", event(socket_id=one.id))
        await two.event("news")
        await one.quiet()
        shown = await called(world, "GET", f"{APP}/channels", info="subscription_count")
        assert shown.body["channels"]["open"] == {"subscription_count": 2}
        found = await called(world, "GET", f"{APP}/channels", filter_by_prefix="presence-")
        assert found.body == {"channels": {"presence-x": {}}}
        users = await called(world, "GET", f"{APP}/channels/presence-x/users")
        assert users.body == {"users": [{"id": "7"}]}
        assert (await called(world, "GET", f"{APP}/channels/open/users")).status == 400
        assert (await called(world, "GET", f"{APP}/channels/none")).body == {"occupied": False}


async def test_a_cache_channel_tells_its_last_event_to_who_comes() -> None:
    """Also when nobody had listened."""
    async with pusher_world() as server, server.peer() as peer, server.peer() as late:
        await peer.subscribe("cache-x")
        await peer.event("pusher:cache_miss")
        await called(server.world, "POST", f"{APP}/events", event(channels=["cache-x", "cache-y"]))
        await peer.event("news")
        for channel in ("cache-x", "cache-y"):
            await late.subscribe(channel)
            assert (await late.event("news"))["channel"] == channel
