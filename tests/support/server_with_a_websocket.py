"""``switchboard`` with one route more: a websocket at ``/echo``. A program, and an app for hypercorn's own command."""

from __future__ import annotations

from quart import websocket

from switchboard import command_line, wiring
from switchboard.asgi import app
from switchboard.web.app import SwitchboardApp, create_app
from switchboard.web.services import Services

__all__ = ["app"]


def with_a_websocket(services: Services) -> SwitchboardApp:
    """The app as always, and the route."""
    made = create_app(services)

    @made.websocket("/echo")
    async def echo() -> None:
        while True:
            await websocket.send(await websocket.receive())

    return made


vars(wiring)["create_app"] = with_a_websocket

if __name__ == "__main__":
    command_line.main()
