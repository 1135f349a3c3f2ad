"""A support desk's server on a loopback port with our transport, and who is connected to its relay."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import relay_peers
from desks import Desk, Voice, desk
from relay_peers import Peer
from transport_peers import Server, served

from switchboard.web.transport import Limits

SEEDS_MESSAGE = """{
"type": \u201cmessage\u201d,
"content": {
         "room": "55409c8d239728dbe4d4ea8b",\x20
         "message": "Hello Friend!",
         "file": "http://host/1.jpg"
        }
}"""
"""As it stands in the document."""


class RelayWorld:
    """A server and who talks to it."""

    def __init__(self, desk: Desk, server: Server) -> None:
        self.desk = desk
        self.server = server
        self.base = f"http://127.0.0.1:{server.port}"

    def peer(self, voice: Voice, path: str = "/ally/relay") -> AbstractAsyncContextManager[Peer]:
        """A connection of theirs."""
        return relay_peers.relayed(self.base, voice.token, path)


@asynccontextmanager
async def relay_world(limits: Limits | None = None, **more: Any) -> AsyncIterator[RelayWorld]:
    """A running one."""
    async with desk(**more) as found, served(found.world.app, limits) as server:
        yield RelayWorld(found, server)
