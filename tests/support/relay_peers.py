"""A plain websocket client of ally's relay, for tests over real sockets or a server's process."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import trio
import trio_websocket
from pusher_peers import WAIT_SECONDS_MOST, opened
from trio_websocket import WebSocketConnection


class Peer:
    """One connection."""

    def __init__(self, socket: WebSocketConnection) -> None:
        self.socket = socket

    async def text(self) -> str:
        """The next frame as it came, which is a text."""
        with trio.fail_after(WAIT_SECONDS_MOST):
            received = await self.socket.get_message()
        assert isinstance(received, str)
        return received

    async def next(self) -> Any:
        """The next frame."""
        return json.loads(await self.text())

    async def content(self, type: str) -> Any:
        """The content of the next frame, which must be of that type."""
        received = await self.next()
        assert (set(received), received["type"]) == ({"type", "content"}, type), received
        return received["content"]

    async def after(self, *passed: str, type: str = "message") -> Any:
        """The same after frames of the types ``passed``, in that order."""
        for one in passed:
            await self.content(one)
        return await self.content(type)

    async def texts(self, count: int) -> Sequence[str]:
        """What so many messages say; frames of other types between them are passed over."""
        found: list[str] = []
        while len(found) < count:
            received = await self.next()
            if received["type"] == "message":
                found.append(received["content"]["message"])
        return found

    async def send(self, type: str, **content: Any) -> None:
        """A frame."""
        await self.raw(json.dumps({"type": type, "content": content}))

    async def raw(self, frame: str | bytes) -> None:
        """A frame as it is: text or binary."""
        with trio.fail_after(WAIT_SECONDS_MOST):
            await self.socket.send_message(frame)

    async def say(self, room: str, message: str, **more: Any) -> None:
        """A message."""
        await self.send("message", room=room, message=message, **more)

    async def refused(self) -> Any:
        """The content of the error that must come next."""
        return await self.content("error")

    async def quiet(self) -> None:
        """Nothing has come but the answer to a bad frame that is sent now; all that was sent before is done."""
        await self.raw("?")
        assert (await self.refused())["message"] == "Invalid field: frame must be JSON"

    async def closed(self) -> int:
        """The code with which the server closes; frames before it are passed over."""
        with trio.fail_after(WAIT_SECONDS_MOST):
            with suppress(trio_websocket.ConnectionClosed):
                while True:
                    await self.socket.get_message()
        assert self.socket.closed is not None
        return int(self.socket.closed.code)


@asynccontextmanager
async def relayed(base: str, token: str, path: str = "/ally/relay") -> AsyncIterator[Peer]:
    """An open connection.

    Args:
        base: ``http://host:port`` of the server.
    """
    async with opened(f"ws{base.removeprefix('http')}{path}?token={token}") as socket:
        yield Peer(socket)
