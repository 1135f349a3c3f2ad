"""The ceiling to compare with: Quart-Trio as released, which does nothing and keeps nothing."""

from __future__ import annotations

from typing import Any

from quart import Websocket, websocket
from quart_trio import QuartTrio

app = QuartTrio("bare")

members: set[Websocket] = set()


@app.post("/hello")
async def hello() -> dict[str, bool]:
    """The least that an endpoint can do."""
    return {"ok": True}


@app.websocket("/room")
async def room() -> None:
    """Everybody gets what anybody says, straight from the task that heard it: the quickest way that there is."""
    await websocket.accept()
    proxy: Any = websocket
    me: Websocket = proxy._get_current_object()
    members.add(me)
    try:
        while True:
            text = await me.receive()
            for member in list(members):
                await member.send(text)
    finally:
        members.discard(me)
