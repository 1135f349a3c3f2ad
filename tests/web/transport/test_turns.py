"""Nobody keeps the server for itself, however much it sends at once and however little of it makes anybody wait."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import pytest
import trio
from quart import websocket
from transport_peers import (
    PING,
    asgi_app,
    connected,
    frame,
    new_app,
    served,
    until,
    websocket_to,
)

from switchboard.web.transport import Limits, websocket_stream
from switchboard.web.transport.bodies import BodyReader
from switchboard.web.transport.frames import Frame, encode_pong
from switchboard.web.transport.inbox import YIELD_EVERY

MANY = 3000

IN_A_TURN = 2 * YIELD_EVERY
"""Trio shuffles whose turn comes first, so that one task may have two between two of another."""


class Progress:
    """How far something has come, as seen by a task that gets its turn like all others."""

    def __init__(self) -> None:
        self.done = 0
        self._seen = [0]

    async def watch(self) -> None:
        """Looks at it in every turn."""
        while True:
            self._seen.append(self.done)
            await trio.lowlevel.checkpoint()

    @property
    def most_in_a_turn(self) -> int:
        """The largest step between two turns of the watching task."""
        return max(after - before for before, after in pairwise([*self._seen, self.done]))


@asynccontextmanager
async def watched(progress: Progress) -> AsyncIterator[None]:
    """It is watched for the length of the block."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(progress.watch)
        yield
        nursery.cancel_scope.cancel()


async def test_thousands_of_pings_in_one_read_are_answered_a_few_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app, progress = new_app(), Progress()

    @app.websocket("/ws")
    async def listen() -> None:
        await websocket.accept()
        await trio.sleep_forever()

    def counted(payload: bytes) -> Frame:
        progress.done += 1
        return encode_pong(payload)

    monkeypatch.setattr(websocket_stream, "encode_pong", counted)
    limits = Limits(handler_seconds=0.05, outbox_frames=MANY)
    async with served(app, limits) as server, websocket_to(server) as peer, watched(progress):
        await peer.send(frame(PING, b"") * MANY)
        await until(lambda: progress.done == MANY)
    assert 0 < progress.most_in_a_turn <= IN_A_TURN


@pytest.mark.parametrize("read", [True, False])
async def test_a_body_of_thousands_of_chunks_is_read_a_few_at_a_time(
    read: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its handler, or by nobody, to be thrown away."""
    progress = Progress()

    async def handle(scope: Any, receive: Any, send: Any) -> None:
        while read and (await receive())["more_body"]:
            continue
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    async with served(asgi_app(handle)) as server, connected(server) as peer, watched(progress):
        count_parts(monkeypatch, progress)
        await peer.send(
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            + b"1\r\nx\r\n" * MANY
            + b"0\r\n\r\n"
        )
        await peer.until_received(b"\r\n\r\n")
        await until(lambda: progress.done >= MANY - 4)
    assert 0 < progress.most_in_a_turn <= IN_A_TURN


def count_parts(monkeypatch: pytest.MonkeyPatch, progress: Progress) -> None:
    """Every part that is taken out of a body is progress."""
    part = BodyReader.part

    async def counted(self: BodyReader) -> tuple[bytes, bool] | None:
        progress.done += 1
        return await part(self)

    monkeypatch.setattr(BodyReader, "part", counted)
