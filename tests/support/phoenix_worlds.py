"""The whole server over the memory store, on a loopback port with our transport, colleagues and their sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import phoenix_peers
from colleagues import Colleague, colleagues
from phoenix_peers import Peer
from transport_peers import Server, served
from web_worlds import WebWorld

from switchboard.web.transport import Limits


class PhoenixWorld:
    """A server and who talks to it."""

    def __init__(self, world: WebWorld, running: Server, people: list[Colleague]) -> None:
        self.world = world
        self.running = running
        self.base = f"http://127.0.0.1:{running.port}"
        self.people = people
        self.server = world.services.phoenix

    def peer(self, who: Colleague, **more: Any) -> AbstractAsyncContextManager[Peer]:
        """A connection with that colleague's token."""
        return phoenix_peers.peer(self.base, who.token, **more)


@asynccontextmanager
async def phoenix_world(
    *names: str, limits: Limits | None = None, **more: Any
) -> AsyncIterator[PhoenixWorld]:
    """A running one."""
    async with colleagues(*names, **more) as (world, people), served(world.app, limits) as server:
        yield PhoenixWorld(world, server, people)
