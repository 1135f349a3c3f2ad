"""The whole server over the memory store, on a loopback port with our transport, and Pusher clients of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pusher_peers
from pusher_peers import Peer
from transport_peers import served
from web_worlds import APPS, Reply, WebWorld, web_world

from switchboard.web import WebSettings

KEYS = {app.dialect: (app.key, app.secret) for app in APPS}


class PusherWorld:
    """A server and who talks to it."""

    def __init__(self, world: WebWorld, base: str) -> None:
        self.world = world
        self.base = base
        self.server = world.services.pusher

    def peer(self, dialect: str = "dropin") -> AbstractAsyncContextManager[Peer]:
        """A connection to that dialect's app."""
        return pusher_peers.peer(self.base, *KEYS[dialect], path=f"/{dialect}/app")

    async def authorized(self, peer: Peer, path: str, channel: str, **more: Any) -> Reply:
        """The auth endpoint's answer for that socket and channel."""
        body = {"socket_id": peer.id, "channel_name": channel}
        return await self.world.post(path, body, **more)

    async def join(self, peer: Peer, path: str, channel: str, **more: Any) -> Any:
        """Into the channel with what the auth endpoint answers; the frame that says so."""
        reply = await self.authorized(peer, path, channel, **more)
        assert reply.status == 200, reply.body
        await peer.send("pusher:subscribe", {"channel": channel, **reply.body})
        joined = await peer.event("pusher_internal:subscription_succeeded")
        assert joined["channel"] == channel
        return joined


@asynccontextmanager
async def pusher_world(settings: WebSettings | None = None) -> AsyncIterator[PusherWorld]:
    """A running one."""
    async with web_world(settings) as world, served(world.app) as server:
        yield PusherWorld(world, f"http://127.0.0.1:{server.port}")
