"""The websocket of the protocol: ``<path>/websocket``, with the token in the query or beside the subprotocol."""

from __future__ import annotations

import base64
import binascii
from functools import partial
from typing import Any, cast

import structlog
import trio
from quart import websocket
from quart_trio import QuartTrio
from quart_trio.wrappers import TrioResponse

from switchboard.web.failures import LoginRequired, expected
from switchboard.web.realtime.phoenix.connection import Connection
from switchboard.web.realtime.phoenix.frames import Version, version_of
from switchboard.web.realtime.phoenix.server import PhoenixServer
from switchboard.web.realtime.phoenix.speaking import Speaker
from switchboard.web.security import Token
from switchboard.web.transport import HANDOVER, OUTLET, CloseCodes, Handover, Outlet, Receive

PROTOCOL = "phoenix"
TOKEN_PROTOCOL = "base64url.bearer.phx."

CODES = CloseCodes(overrun=1013)
"""IANA, try again later: 1008 is for who should not."""


def add_socket(app: QuartTrio, server: PhoenixServer, path: str) -> None:
    """Registers the route."""

    async def serve() -> TrioResponse | None:
        return await _serve(server)

    app.add_websocket(f"{path}/websocket", "phoenix", serve, strict_slashes=False)


async def _serve(server: PhoenixServer) -> TrioResponse | None:
    """One connection, or why there is none. It opens no nursery, and waits for nothing longer than a request."""
    scope = cast(Any, websocket.scope)
    outlet: Outlet = scope[OUTLET]
    try:
        with trio.fail_after(server.seconds):
            token, speaker, version = await _admitted(server)
    except Exception as error:
        return _refusal(error)
    outlet.codes = CODES
    offered = PROTOCOL in websocket.requested_subprotocols
    await websocket.accept(subprotocol=PROTOCOL if offered else None)
    connection = server.connect(outlet, token, speaker, version)
    handover: Handover = scope[HANDOVER]
    handover.to(partial(_converse, connection), partial(server.disconnect, connection))
    return None


async def _converse(connection: Connection, receive: Receive) -> None:
    while True:
        await connection.handle(await receive())


async def _admitted(server: PhoenixServer) -> tuple[Token, Speaker, Version]:
    """Raises: LoginRequired, for an unknown version too; StoreDown."""
    version = version_of(websocket.args.get("vsn"))
    if version is None:
        raise LoginRequired
    given = [token_in(one) for one in websocket.requested_subprotocols]
    tokens = [one for one in (*given, websocket.args.get("token")) if one]
    return *await server.admit(tokens), version


def token_in(protocol: str) -> str | None:
    """The token in a subprotocol's name. The client's base64 is the plain one, without padding."""
    if not protocol.startswith(TOKEN_PROTOCOL):
        return None
    text = protocol.removeprefix(TOKEN_PROTOCOL).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return None


def _refusal(error: Exception) -> TrioResponse:
    """The answer to the upgrade: 403 and empty for who may not come in, 503 while nobody can tell."""
    known = expected(error)
    if isinstance(known, LoginRequired):
        return TrioResponse(b"", 403)
    if known is None:
        structlog.get_logger("realtime").error("socket_failed", exc_info=error)
        return TrioResponse(b"", 500)
    wait = getattr(known, "retry_after_seconds", 1)
    return TrioResponse(b"", 503, {"Retry-After": str(wait)})
