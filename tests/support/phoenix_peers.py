"""A plain websocket client of Phoenix channels, for tests over real sockets or a server's process."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple

import httpx
import trio
import trio_websocket
from trio_websocket import WebSocketConnection, open_websocket_url

WAIT_SECONDS_MOST = 20.0


class Heard(NamedTuple):
    """A frame of the server's."""

    join_ref: Any
    ref: Any
    topic: str
    event: str
    payload: Any


class Peer:
    """One connection. Its refs are numbers in strings, as those of the library."""

    def __init__(self, socket: WebSocketConnection, version: int) -> None:
        self.socket = socket
        self.version = version
        self.joined: dict[str, str] = {}
        self._refs = 0

    async def next(self) -> Heard:
        """The next frame."""
        with trio.fail_after(WAIT_SECONDS_MOST):
            received = json.loads(await self.socket.get_message())
        if self.version == 2:
            return Heard(*received)
        assert set(received) == {"topic", "event", "payload", "ref"}, received
        return Heard(None, received["ref"], *(received[n] for n in ("topic", "event", "payload")))

    async def event(self, name: str, topic: str | None = None) -> Any:
        """The payload of the next frame, which must have that event, and no ref as it answers nothing."""
        heard = await self.next()
        assert (heard.event, heard.ref) == (name, None), heard
        assert topic in (None, heard.topic), heard
        return heard.payload

    async def send(self, topic: str, event: str, payload: Any = None) -> str:
        """A frame; its ref."""
        self._refs += 1
        ref = str(self._refs)
        if event == "phx_join":
            self.joined[topic] = ref
        payload = {} if payload is None else payload
        frame: Any = [self.joined.get(topic), ref, topic, event, payload]
        if self.version == 1:
            frame = {"topic": topic, "event": event, "payload": payload, "ref": ref}
        await self.socket.send_message(json.dumps(frame))
        return ref

    async def reply(self, ref: str) -> tuple[str, Any]:
        """Status and response of the next frame, which must answer that ref."""
        heard = await self.next()
        assert (heard.event, heard.ref) == ("phx_reply", ref), heard
        if self.version == 2 and heard.topic != "phoenix":
            assert heard.join_ref == self.joined.get(heard.topic), heard
        assert set(heard.payload) == {"status", "response"}
        return heard.payload["status"], heard.payload["response"]

    async def ask(self, topic: str, event: str, payload: Any = None) -> tuple[str, Any]:
        """Sends it; status and response of the answer, which must come next."""
        return await self.reply(await self.send(topic, event, payload))

    async def join(self, topic: str) -> None:
        """Into a topic."""
        assert await self.ask(topic, "phx_join") == ("ok", {})

    async def meet(self, topic: str) -> Any:
        """Into a topic with presence; who is there."""
        await self.join(topic)
        return await self.event("presence_state", topic)

    async def quiet(self) -> None:
        """Nothing has come but the answer to a heartbeat that is sent now."""
        assert await self.ask("phoenix", "heartbeat") == ("ok", {})

    async def closed(self) -> int:
        """The code with which the server closes; frames before it are passed over."""
        with trio.fail_after(WAIT_SECONDS_MOST), suppress(trio_websocket.ConnectionClosed):
            while True:
                await self.socket.get_message()
        assert self.socket.closed is not None
        return int(self.socket.closed.code)


@asynccontextmanager
async def peer(
    base: str,
    token: str | None = None,
    *,
    version: int = 2,
    vsn: str | None = None,
    protocols: list[str] | None = None,
) -> AsyncIterator[Peer]:
    """A connection.

    Args:
        base: ``http://host:port`` of the server.
        vsn: instead of the version's own.
        protocols: offered as subprotocols.
    """
    url = f"ws{base.removeprefix('http')}/company/socket/websocket"
    query = [f"token={token}"] if token is not None else []
    if version == 2 or vsn is not None:
        query.append(f"vsn={vsn or '2.0.0'}")
    async with open_websocket_url(f"{url}?{'&'.join(query)}", subprotocols=protocols) as socket:
        try:
            yield Peer(socket, version)
        finally:
            await socket.aclose()
            await socket._stream.aclose()


async def upgrade(base: str, query: str, protocols: str = "") -> httpx.Response:
    """The answer to an upgrade that is refused."""
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    if protocols:
        headers["Sec-WebSocket-Protocol"] = protocols
    async with httpx.AsyncClient(trust_env=False, timeout=WAIT_SECONDS_MOST) as client:
        return await client.get(f"{base}/company/socket/websocket?{query}", headers=headers)
