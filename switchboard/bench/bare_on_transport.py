"""The same as ``bare``, on our transport. Importing it puts the transport into this process: it is for a process
alone."""

from __future__ import annotations

from typing import Any

from quart import websocket
from quart_trio import QuartTrio

from switchboard.web.transport import (
    OUTLET,
    HTTPConnection,
    Limits,
    Outlet,
    WebsocketConnection,
    encode_text,
    install,
)

install(Limits())

app = QuartTrio("bare")
app.asgi_http_class = HTTPConnection
app.asgi_websocket_class = WebsocketConnection

members: set[Outlet] = set()


@app.post("/hello")
async def hello() -> dict[str, bool]:
    """The least that an endpoint can do."""
    return {"ok": True}


@app.websocket("/room")
async def room() -> None:
    """Everybody gets what anybody says, encoded once."""
    await websocket.accept()
    scope: Any = websocket.scope
    me: Outlet = scope[OUTLET]
    members.add(me)
    try:
        while True:
            frame = encode_text(await websocket.receive())
            for member in members:
                member.send_encoded(frame)
    finally:
        members.discard(me)
