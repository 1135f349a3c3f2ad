"""The websocket of the protocol: ``/app/<key>`` and ``/<dialect>/app/<key>``."""

from __future__ import annotations

from functools import partial
from typing import Any, cast

from quart import websocket
from quart_trio import QuartTrio

from switchboard.web.realtime.pusher import frames
from switchboard.web.realtime.pusher.connection import Connection
from switchboard.web.realtime.pusher.frames import error
from switchboard.web.realtime.pusher.server import PusherServer
from switchboard.web.transport import HANDOVER, OUTLET, Handover, Outlet, Receive

PROTOCOLS = frozenset({"5", "6", "7"})
"""Those that have the same frames; clients of today say 7."""


def add_socket(app: QuartTrio, server: PusherServer) -> None:
    """Registers the routes."""

    async def of_any(key: str) -> None:
        await _serve(server, key, None)

    async def of_dialect(dialect: str, key: str) -> None:
        await _serve(server, key, dialect)

    app.add_websocket("/app/<key>", "pusher", of_any)
    app.add_websocket("/<any(auto,dropin,dowell):dialect>/app/<key>", "pusher_of", of_dialect)


async def _serve(server: PusherServer, key: str, dialect: str | None) -> None:
    """One connection. It opens no nursery and waits for nothing but the store, so what comes is read promptly."""
    scope = cast(Any, websocket.scope)
    outlet: Outlet = scope[OUTLET]
    await websocket.accept()
    app = server.apps.get(key)
    if app is None or dialect not in (None, app.dialect):
        _refuse(outlet, frames.UNKNOWN_KEY, "there is no app with this key")
        return
    if websocket.args.get("protocol", "7") not in PROTOCOLS:
        _refuse(outlet, frames.UNSUPPORTED_PROTOCOL, "this server speaks protocol 7")
        return
    handover: Handover = scope[HANDOVER]
    connection = server.connect(app, outlet)
    handover.to(partial(_converse, connection), partial(server.disconnect, connection))


async def _converse(connection: Connection, receive: Receive) -> None:
    while True:
        await connection.handle(await receive())


def _refuse(outlet: Outlet, code: int, message: str) -> None:
    outlet.send_encoded(error(code, message))
    outlet.close(code, message)
