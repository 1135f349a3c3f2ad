"""Stands between a client and Postgres, and can say something in the server's place."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import parse_qs, urlsplit

import trio

SOCKET_NAME = ".s.PGSQL.5432"

FIELDS = b"SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0"
ADMIN_SHUTDOWN = b"E" + (len(FIELDS) + 4).to_bytes(4, "big") + FIELDS
"""ErrorResponse (Postgres' documentation, 'Message Formats') as ``pg_terminate_backend`` causes it."""


class Relay:
    """Passes bytes both ways, for as many connections as come."""

    def __init__(self, url: str, socket: str) -> None:
        self.url = url
        """As the server's own, through the relay."""
        self._socket = socket
        self._clients: list[trio.SocketStream] = []

    async def announce_the_end(self) -> None:
        """Tells every client that the server ends its connection; the connection itself stays as it is."""
        for client in self._clients:
            await client.send_all(ADMIN_SHUTDOWN)

    async def serve(self, client: trio.SocketStream) -> None:
        """One connection."""
        server = await trio.open_unix_socket(self._socket)
        self._clients.append(client)
        async with client, server, trio.open_nursery() as nursery:
            nursery.start_soon(self._pass, server, client, nursery.cancel_scope)
            await self._pass(client, server, nursery.cancel_scope)
        self._clients.remove(client)

    async def _pass(
        self, source: trio.SocketStream, target: trio.SocketStream, both: trio.CancelScope
    ) -> None:
        """One direction; its end is the connection's, as either side may hang up at any time."""
        with suppress(trio.BrokenResourceError):
            async for data in source:
                await target.send_all(data)
        both.cancel()


@asynccontextmanager
async def a_relay(database_url: str) -> AsyncIterator[Relay]:
    """A relay to the database of that DSN, which names a socket's folder."""
    parts = urlsplit(database_url)
    [folder] = parse_qs(parts.query)["host"]
    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        port = listeners[0].socket.getsockname()[1]
        url = f"{parts.scheme}://{parts.netloc}127.0.0.1:{port}{parts.path}"
        relay = Relay(url, f"{folder}/{SOCKET_NAME}")
        nursery.start_soon(trio.serve_listeners, relay.serve, listeners)
        yield relay
        nursery.cancel_scope.cancel()
