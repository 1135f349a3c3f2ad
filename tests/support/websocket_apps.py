"""Small Quart-Trio apps with websockets, for tests of the transport."""

from __future__ import annotations

from typing import Any, cast

from quart import websocket
from quart_trio import QuartTrio
from transport_peers import new_app

from switchboard.web.transport import OUTLET, CloseCodes, Outlet


def echo_app() -> QuartTrio:
    """Sends back what it gets, as it gets it."""
    app = new_app()

    @app.websocket("/ws")
    async def echo() -> None:
        while True:
            await websocket.send(await websocket.receive())

    return app


def outlet_of_this() -> Outlet:
    """In a handler: the way out to its peer."""
    return cast(Outlet, cast(Any, websocket.scope)[OUTLET])


def broadcast_app(outlets: list[Outlet], codes: CloseCodes) -> QuartTrio:
    """Its peers get what the test sends to their outlets."""
    app = new_app()

    @app.websocket("/ws")
    async def listen() -> None:
        await websocket.accept()
        outlet = outlet_of_this()
        outlet.codes = codes
        outlets.append(outlet)
        while True:
            await websocket.receive()

    return app
