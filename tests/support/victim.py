"""A small Quart-Trio app to be attacked, on hypercorn as released or on our transport. Run as a program:

    python victim.py released|guarded hasty|pinging|patient

Hasty: every deadline is a few tenths of a second, so that an attack on one is quickly seen. Pinging: hasty, and as
released it pings its websockets, of which it dies now and then. Patient: deadlines as they are shipped, caps on
connections small. Where hypercorn has a setting of its own it is set to the same figure, so that the difference is what
no setting gives.
"""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import hypercorn.trio
import trio
from quart import request, websocket
from quart_trio import QuartTrio

from switchboard.web import transport

HASTY_SECONDS = 0.4
"""Each deadline of a hasty victim: long beside a loopback exchange, short beside the test's patience."""
PING_SECONDS = 0.1
"""Several of them in a deadline."""
GRACE_SECONDS = 1.5
"""For what is under way when the server is told to stop: more than the goodbye's deadline."""
HEAD_BYTES_MOST = 16 * 1024
"""hypercorn's own default."""
MESSAGE_BYTES_MOST = 64 * 1024
"""contracts/realtime.md: frames over 64 KiB close 1009."""
CONNECTIONS_MOST = 400
CONNECTIONS_PER_ADDRESS_MOST = 200
"""Of a patient victim: a thousand must meet either."""

LARGE_BYTES = 16 * 1024 * 1024
"""More than the socket buffers of both sides hold (4 MiB here): somebody has to read it."""
CHUNK = "x" * 65536
"""The largest message that our own peers would take."""
BURST = 256
"""16 MiB of them, as ``LARGE_BYTES``."""

app = QuartTrio("victim")
open_calls: Counter[str] = Counter()
"""Path -> ASGI calls that have begun and not ended."""
finished: Counter[str] = Counter()
"""Path -> handlers that came to their last line."""
releases: dict[str, trio.Event] = {}


@app.get("/hello")
async def hello() -> str:
    """The least that an endpoint can do."""
    return "hello"


@app.post("/echo")
async def echo() -> str:
    """The length of the body."""
    return str(len(await request.get_data()))


@app.get("/large")
async def large() -> bytes:
    """More than anybody's buffers hold."""
    return bytes(LARGE_BYTES)


@app.get("/stream")
async def stream() -> AsyncIterator[str]:
    """An answer without end."""

    async def chunks() -> AsyncIterator[str]:
        while True:
            yield CHUNK

    return chunks()


@app.get("/state")
async def state() -> dict[str, Any]:
    """What the server knows of its own calls."""
    return {"open": dict(+open_calls), "finished": dict(finished)}


def release_of(name: str) -> trio.Event:
    """What the work of that name waits for."""
    return releases.setdefault(name, trio.Event())


@app.get("/work/<name>")
async def work(name: str) -> str:
    """Work that takes until it is released."""
    await release_of(name).wait()
    finished[request.path] += 1
    return "worked"


@app.get("/fail/<name>")
async def fail(name: str) -> str:
    """Work that fails once it is released."""
    await release_of(name).wait()
    raise RuntimeError(f"the work of {name} has failed")


@app.post("/release/<name>")
async def release(name: str) -> str:
    """Lets the work of that name go on."""
    release_of(name).set()
    return "released"


@app.websocket("/ws/echo")
async def ws_echo() -> None:
    """Sends back what comes."""
    await websocket.accept()
    while True:
        await websocket.send(await websocket.receive())


@app.websocket("/ws/kinds")
async def ws_kinds() -> None:
    """Tells what Python makes of each message."""
    await websocket.accept()
    while True:
        await websocket.send(repr(await websocket.receive())[:50])


@app.websocket("/ws/lengths")
async def ws_lengths() -> None:
    """Tells how long each message is."""
    await websocket.accept()
    while True:
        await websocket.send(str(len(await websocket.receive())))


@app.websocket("/ws/deaf")
async def ws_deaf() -> None:
    """Never reads."""
    await websocket.accept()
    await trio.sleep_forever()


async def fail_in_the_end() -> None:
    """Work beside the reading, whose clean-up fails."""
    try:
        await trio.sleep_forever()
    finally:
        raise RuntimeError("the clean-up has failed")


@app.websocket("/ws/beside")
async def ws_beside() -> None:
    """Reads, and does something else in a nursery of its own."""
    await websocket.accept()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(fail_in_the_end)
        while True:
            await websocket.send(await websocket.receive())


@app.websocket("/ws/burst")
async def ws_burst() -> None:
    """Sends 16 MiB, then goes."""
    await websocket.accept()
    for _ in range(BURST):
        await websocket.send(CHUNK)


@app.websocket("/ws/push")
async def ws_push() -> None:
    """Sends without end."""
    await websocket.accept()
    while True:
        await websocket.send("push")


async def counted(scope: Any, receive: Any, send: Any) -> None:
    """The app, its calls counted."""
    path = scope.get("path", "lifespan")
    open_calls[path] += 1
    try:
        await app(scope, receive, send)
    finally:
        open_calls[path] -= 1


def limits(profile: str) -> transport.Limits:
    """Deadlines that a test can wait for, or caps that it can reach."""
    if profile != "patient":
        return transport.Limits(
            head_seconds=HASTY_SECONDS,
            body_seconds=HASTY_SECONDS,
            keep_alive_seconds=HASTY_SECONDS,
            linger_seconds=HASTY_SECONDS,
            send_seconds=HASTY_SECONDS,
            ping_seconds=PING_SECONDS,
            pong_seconds=HASTY_SECONDS,
            goodbye_seconds=HASTY_SECONDS,
            handler_seconds=HASTY_SECONDS,
        )
    return transport.Limits(
        connections_most=CONNECTIONS_MOST,
        connections_per_address_most=CONNECTIONS_PER_ADDRESS_MOST,
        # Or nobody could be counted who attacks from this machine.
        uncounted_networks=(),
    )


def guard(profile: str) -> None:
    """Puts the transport and its connection classes into force."""
    transport.install(limits(profile))
    app.asgi_http_class = transport.HTTPConnection
    app.asgi_websocket_class = transport.WebsocketConnection


def configuration(profile: str) -> hypercorn.Config:
    """hypercorn's own settings, as tight as it lets them be."""
    config = hypercorn.Config()
    config.bind = ["127.0.0.1:0"]
    config.backlog = 1024
    config.graceful_timeout = GRACE_SECONDS
    config.h11_max_incomplete_size = HEAD_BYTES_MOST
    config.websocket_max_message_size = MESSAGE_BYTES_MOST
    if profile != "patient":
        config.keep_alive_timeout = HASTY_SECONDS
    if profile == "pinging":
        config.websocket_ping_interval = PING_SECONDS
    return config


async def obey(signals: AsyncIterator[int], stop: trio.Event) -> None:
    """SIGTERM stops the server; SIGUSR1 releases all work, when no request gets in any more."""
    async for number in signals:
        if number == signal.SIGTERM:
            stop.set()
        else:
            for one in releases.values():
                one.set()


async def main(profile: str) -> None:
    """Serves until told to stop."""
    stop = trio.Event()
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGUSR1) as signals:
        async with trio.open_nursery() as obeying:
            obeying.start_soon(obey, signals, stop)
            async with trio.open_nursery() as serving:
                serve = partial(hypercorn.trio.serve, mode="asgi", shutdown_trigger=stop.wait)
                urls = await serving.start(serve, counted, configuration(profile))
                print(f"ready on {urls[0]}", flush=True)
            obeying.cancel_scope.cancel()


if __name__ == "__main__":
    variant, chosen = sys.argv[1:]
    if variant == "guarded":
        guard(chosen)
    trio.run(main, chosen)
    # Nobody waits for what a half-ended run of the released server may still hold.
    sys.stdout.flush()
    os._exit(0)
