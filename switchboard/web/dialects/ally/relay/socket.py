"""The relay's websocket: ``/ally/relay`` and ``/ally/api/2/relay``, with the token in the query or a header."""

from __future__ import annotations

from functools import partial
from typing import Any, cast

import msgspec
import trio
from quart import websocket
from quart_trio import QuartTrio
from quart_trio.wrappers import TrioResponse

from switchboard.engine.records import Account
from switchboard.web.authentication import authenticate
from switchboard.web.call import Statistics
from switchboard.web.dialects.ally.callers import AUDIENCE, credential_in
from switchboard.web.dialects.ally.errors import failure
from switchboard.web.dialects.ally.relay.connection import Connection
from switchboard.web.dialects.ally.relay.server import Relay
from switchboard.web.failures import LoginRequired
from switchboard.web.incoming import RequestHeaders
from switchboard.web.parsing import parse_query
from switchboard.web.security import Token
from switchboard.web.services import Services
from switchboard.web.transport import (
    HANDOVER,
    INBOX,
    OUTLET,
    CloseCodes,
    Handover,
    Inbox,
    Outlet,
    Receive,
)

PATHS = ("/relay", "/api/2/relay")

SILENT_SECONDS_MOST = 60.0
"""contracts/realtime.md. The transport pings after some of it."""

CODES = CloseCodes(overrun=1013)
"""IANA, try again later: 1008 is for who should not."""


def add_relay(app: QuartTrio, services: Services) -> Statistics:
    """Registers the routes; returns what is counted."""
    relay = Relay(services)

    async def serve() -> TrioResponse | None:
        return await _serve(relay)

    for number, path in enumerate(PATHS):
        rule = f"/{AUDIENCE}{path}"
        app.add_websocket(rule, f"ally_relay_{number}", serve, strict_slashes=False)
    return relay.statistics


async def _serve(relay: Relay) -> TrioResponse | None:
    """One connection, or why there is none. It opens no nursery, and waits for nothing longer than a request."""
    scope = cast(Any, websocket.scope)
    outlet: Outlet = scope[OUTLET]
    inbox: Inbox = scope[INBOX]
    handover: Handover = scope[HANDOVER]
    try:
        with trio.fail_after(relay.services.settings.request_seconds):
            token, account = await _admitted(relay.services, scope)
            connection = await relay.connect(outlet, token, account)
    except Exception as error:
        return _refusal(relay, error)
    try:
        outlet.codes = CODES
        outlet.give_up_after(SILENT_SECONDS_MOST)
        await websocket.accept()
        relay.accepted(connection)
    except BaseException:
        relay.disconnect(connection)
        raise
    connection.wake_up = handover.call
    handover.to(
        partial(_converse, connection, inbox),
        partial(relay.disconnect, connection),
        taker=connection.take_at_once,
        resting=connection.resting,
    )
    return None


async def _converse(connection: Connection, inbox: Inbox, receive: Receive) -> None:
    await connection.run(receive, inbox)


async def _admitted(services: Services, scope: Any) -> tuple[Token, Account]:
    """Raises: LoginRequired, UnreadableBody, StoreDown."""
    query, headers = parse_query(scope["query_string"]), RequestHeaders(scope["headers"])
    given = credential_in(query, headers)
    if given is None:
        raise LoginRequired
    return await authenticate(services, given, AUDIENCE)


def _refusal(relay: Relay, error: Exception) -> TrioResponse:
    """The upgrade's answer: as a call's, but that a bad token is 401 (contracts/realtime.md)."""
    known = relay.known(error)
    answer = failure(known)
    status = 401 if isinstance(known, LoginRequired) else answer.status
    headers = dict(answer.headers)
    wait = getattr(known, "retry_after_seconds", None)
    if wait is not None:
        headers["Retry-After"] = str(wait)
    body = msgspec.json.encode(answer.body)
    return TrioResponse(body, status, headers, content_type="application/json")
