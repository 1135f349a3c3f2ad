"""A plain websocket client of the Pusher protocol, for tests over real sockets or a server's process."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import trio
import trio_websocket
from trio_websocket import WebSocketConnection, open_websocket_url

WAIT_SECONDS_MOST = 20.0


class Peer:
    """One connection."""

    def __init__(self, socket: WebSocketConnection, key: str, secret: str) -> None:
        self.socket = socket
        self.key = key
        self.secret = secret
        self.id = ""

    async def next(self) -> Any:
        """The next frame, its data decoded."""
        with trio.fail_after(WAIT_SECONDS_MOST):
            received = json.loads(await self.socket.get_message())
        if "data" in received:
            assert isinstance(received["data"], str), received
            # What another client said may be any text.
            with suppress(ValueError):
                received["data"] = json.loads(received["data"])
        return received

    async def event(self, name: str) -> Any:
        """The next frame, which must have that event."""
        received = await self.next()
        assert received["event"] == name, received
        return received

    async def send(self, event: str, data: Any = None, channel: str | None = None) -> None:
        """A frame."""
        content = {"event": event, "data": {} if data is None else data}
        if channel is not None:
            content["channel"] = channel
        await self.socket.send_message(json.dumps(content))

    def signature(self, text: str) -> str:
        """As a server of the app's owner signs."""
        return f"{self.key}:{sign(self.secret, text)}"

    async def subscribe(self, channel: str, *, who: Any = None, **more: Any) -> Any:
        """Into a channel, signed by ourselves; the answer."""
        data: dict[str, Any] = {"channel": channel, **more}
        text = f"{self.id}:{channel}"
        if who is not None:
            data["channel_data"] = json.dumps(who)
            text += f":{data['channel_data']}"
        if channel.startswith(("private-", "presence-")):
            data.setdefault("auth", self.signature(text))
        await self.send("pusher:subscribe", data)
        return await self.next()

    async def quiet(self) -> None:
        """Nothing has come but the answer to a ping that is sent now."""
        await self.send("pusher:ping")
        await self.event("pusher:pong")

    async def closed(self) -> int:
        """The code with which the server closes; frames before it are passed over."""
        with trio.fail_after(WAIT_SECONDS_MOST):
            with suppress(trio_websocket.ConnectionClosed):
                while True:
                    await self.socket.get_message()
        assert self.socket.closed is not None
        return int(self.socket.closed.code)


def sign(secret: str, text: str) -> str:
    """Hex HMAC-SHA256."""
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[WebSocketConnection]:
    """An open websocket whose socket is closed afterwards: the library leaves it to the garbage collector where the
    server closes first."""
    async with open_websocket_url(url) as connection:
        try:
            yield connection
        finally:
            await connection.aclose()
            await connection._stream.aclose()


@asynccontextmanager
async def peer(base: str, key: str, secret: str, *, path: str = "/app") -> AsyncIterator[Peer]:
    """A connection that has been told its socket id.

    Args:
        base: ``http://host:port`` of the server.
    """
    url = f"ws{base.removeprefix('http')}{path}/{key}?protocol=7&client=test&version=1"
    async with opened(url) as socket:
        made = Peer(socket, key, secret)
        first = await made.event("pusher:connection_established")
        made.id = first["data"]["socket_id"]
        yield made
