"""A room with more people than it can carry, one who stops reading, and everybody who comes back at once.

``python -m switchboard.bench.crowd`` fails if anybody who reads misses a message, hears one twice or out of order, or
if who stalls is not cut off in time.
"""

from __future__ import annotations

import fcntl
import json
import struct
import sys
import tempfile
import termios
import urllib.request
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

import click
import msgspec
import trio
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from switchboard.bench.room import Desk, desk
from switchboard.bench.room_load import HANDSHAKE, framed

PUBLISHERS = 20
OUTSTANDING = 16
"""Messages of one publisher that it has not heard back: all of them together keep the room busy all the time."""

STALLED_SECONDS_MOST = 10.0
"""How soon after nothing more goes into its socket somebody who does not read is cut off."""

LOOK_SECONDS = 0.1

STORM_SECONDS_MOST = 60.0
RECEIVE_BYTES = 65536
PONG = b"\x8a\x80\x00\x00\x00\x00"
TEXT, CLOSE, PING = 1, 8, 9


class Heard(msgspec.Struct):
    """A frame of the relay."""

    type: str
    content: dict[str, object]


DECODER = msgspec.json.Decoder(Heard)


class Member:
    """One connection, which reads all the time."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self.heard: list[str] = []
        """The texts of the messages, in their order."""
        self.prefix = "?"
        """How what it says itself begins."""
        self.own = 0
        """So many of them are its own."""
        self.news = trio.Event()
        self.closed: int | None = None
        """The code with which the server has ended it."""

    async def read(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Reads until the connection ends."""
        task_status.started()
        async with aclosing(frames(self.stream)) as found:
            async for kind, body in found:
                if kind == TEXT:
                    told = DECODER.decode(body)
                    if told.type == "message":
                        text = str(told.content["message"])
                        self.heard.append(text)
                        self.own += text.startswith(self.prefix)
                        self.news.set()
                elif kind == PING:
                    await self.stream.send_all(PONG)
                elif kind == CLOSE:
                    self.closed = int.from_bytes(body[:2], "big")
                    return

    async def say(self, text: str, room: str) -> None:
        """Hands a message in."""
        frame = {"type": "message", "content": {"room": room, "message": text}}
        await self.stream.send_all(framed(json.dumps(frame)))


async def frames(stream: trio.SocketStream) -> AsyncGenerator[tuple[int, bytes]]:
    """(opcode, payload) of what a server sends, which it neither masks nor splits."""
    buffer = bytearray()
    while True:
        data = await stream.receive_some(RECEIVE_BYTES)
        if not data:
            return
        buffer += data
        while (frame := _frame(buffer)) is not None:
            yield frame


def _frame(buffer: bytearray) -> tuple[int, bytes] | None:
    if len(buffer) < 2:
        return None
    length, start = buffer[1] & 127, 2
    if length == 126:
        start = 4
        if len(buffer) < start:
            return None
        (length,) = struct.unpack_from("!H", buffer, 2)
    if len(buffer) < start + length:
        return None
    kind, body = buffer[0] & 15, bytes(buffer[start : start + length])
    del buffer[: start + length]
    return kind, body


def _unread(stream: trio.SocketStream) -> int:
    """Bytes that have come and were not read."""
    count = bytearray(4)
    fcntl.ioctl(stream.socket.fileno(), termios.FIONREAD, count)
    return int.from_bytes(count, sys.byteorder)


async def enter(port: int, path: str) -> trio.SocketStream:
    """An open websocket. Raises: RuntimeError: it was refused, with what was said."""
    stream = await trio.open_tcp_stream("127.0.0.1", port)
    await stream.send_all(HANDSHAKE.format(path=path).encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        part = await stream.receive_some(1)
        if not part:
            break
        head += part
    if not head.startswith(b"HTTP/1.1 101"):
        await stream.aclose()
        raise RuntimeError(f"refused: {head[:200]!r}")
    return stream


class Crowd:
    """The measurement: members, publishers, somebody who stalls, the storm."""

    def __init__(self, port: int, place: Desk, console: Console) -> None:
        self._port = port
        self._place = place
        self._room = json.loads(place.message)["content"]["room"]
        self._console = console

    async def busy(self, count: int, messages: int) -> None:
        """``count`` members hear ``messages`` of some of them, one of them stops reading. Raises: AssertionError."""
        async with trio.open_nursery() as nursery:
            members = [Member(await enter(self._port, self._place.path)) for _ in range(count)]
            for member in members:
                await nursery.start(member.read)
            stalled = await enter(self._port, self._place.path)
            began = trio.current_time()
            with Bar(self._console, "messages", messages) as step:
                async with trio.open_nursery() as publishing:
                    share = messages // PUBLISHERS
                    for number, publisher in enumerate(members[:PUBLISHERS]):
                        publishing.start_soon(self._publish, publisher, number, share, step)
                    cut_after = await self._stall(stalled)
            took = trio.current_time() - began
            total = share * PUBLISHERS
            with trio.fail_after(STORM_SECONDS_MOST):
                for member in members:
                    while len(member.heard) < total:
                        member.news = trio.Event()
                        if len(member.heard) < total:
                            await member.news.wait()
            first = members[0].heard
            assert len(set(first)) == len(first) == total, "a message is missing or came twice"
            assert all(member.heard == first for member in members), "two heard it differently"
            assert all(member.closed is None for member in members), "somebody was cut off"
            history = await trio.to_thread.run_sync(self._history, total)
            assert history == first, "the history is another"
            assert cut_after <= STALLED_SECONDS_MOST, f"who stalled stayed for {cut_after:.1f} s"
            self._console.print(
                f"{count} members heard all of {total} messages in one order, as the history has them: "
                f"{total * count / took:,.0f} deliveries/s; who stalled was cut off {cut_after:.1f} s "
                "after its socket was full and finds everything in the history"
            )
            nursery.cancel_scope.cancel()

    async def _publish(self, me: Member, number: int, share: int, step: object) -> None:
        me.prefix = f"{number}/"
        for said in range(share):
            while said - me.own >= OUTSTANDING:
                me.news = trio.Event()
                await me.news.wait()
            await me.say(f"{me.prefix}{said} {'x' * 180}", self._room)
            step(1)  # type: ignore[operator]

    async def _stall(self, stream: trio.SocketStream) -> float:
        """Reads nothing; how long after nothing more went into its socket the server has ended it."""
        waiting, grew_at = 0, trio.current_time()
        with trio.fail_after(STORM_SECONDS_MOST):
            # Nothing is read: that the server has gone shows when something is written to it.
            while True:
                try:
                    await stream.send_all(PONG)
                except trio.BrokenResourceError:
                    break
                now_waiting = _unread(stream)
                if now_waiting > waiting:
                    waiting, grew_at = now_waiting, trio.current_time()
                await trio.sleep(LOOK_SECONDS)
        await stream.aclose()
        return trio.current_time() - grew_at

    def _history(self, count: int) -> list[str]:
        token = self._place.path.partition("token=")[2]
        base = f"http://127.0.0.1:{self._port}/ally/api/room/{self._room}/messages?token={token}"
        found: list[str] = []
        path = "&show=old&limit=50"
        while len(found) < count:
            with urllib.request.urlopen(base + path, timeout=30) as answer:
                page = json.load(answer)["messages"]
            if not page:
                break
            found = [one["message"] for one in page] + found
            path = f"&show=old&limit=50&last_read_message={page[0]['id']}"
        return found[-count:]

    async def storm(self, count: int) -> None:
        """``count`` clients come at the same moment, and a member hears messages meanwhile. Raises: AssertionError."""
        came, refused = list[float](), list[str]()
        streams: list[trio.SocketStream] = []
        began = trio.current_time()

        async def comes(step: object) -> None:
            while True:
                try:
                    streams.append(await enter(self._port, self._place.path))
                except (OSError, RuntimeError) as error:
                    refused.append(str(error)[:80])
                    await trio.sleep(0.2)
                else:
                    came.append(trio.current_time() - began)
                    step(1)  # type: ignore[operator]
                    return

        member = Member(await enter(self._port, self._place.path))
        slowest = 0.0
        async with trio.open_nursery() as nursery:
            await nursery.start(member.read)
            with Bar(self._console, "clients", count) as step, trio.fail_after(STORM_SECONDS_MOST):
                async with trio.open_nursery() as coming:
                    for _ in range(count):
                        coming.start_soon(comes, step)
                    number = 0
                    while len(came) < count:
                        asked, number = trio.current_time(), number + 1
                        await member.say(f"meanwhile {number}", self._room)
                        while not member.heard or member.heard[-1] != f"meanwhile {number}":
                            member.news = trio.Event()
                            await member.news.wait()
                        slowest = max(slowest, trio.current_time() - asked)
            nursery.cancel_scope.cancel()
        for stream in streams:
            await stream.aclose()
        self._console.print(
            f"{count} clients at once were in after {max(came):.1f} s, {len(refused)} tries were refused; "
            f"meanwhile a member's message took {slowest:.2f} s at most"
        )


class Bar:
    """A bar of so many steps."""

    def __init__(self, console: Console, unit: str, total: int) -> None:
        columns = TextColumn("{task.completed}/{task.total} " + unit), BarColumn()
        self._progress = Progress(*columns, TimeElapsedColumn(), console=console)
        self._task = self._progress.add_task(unit, total=total)

    def __enter__(self) -> object:
        self._progress.start()
        return lambda count: self._progress.advance(self._task, count)

    def __exit__(self, *_: object) -> None:
        self._progress.stop()


@click.command()
@click.option("--members", default=500, show_default=True, help="Of the room.")
@click.option("--messages", default=2000, show_default=True, help="That are said there.")
@click.option("--storm", "storm", default=2000, show_default=True, help="Clients at one moment.")
def main(members: int, messages: int, storm: int) -> None:
    """Crowd a room of a server of its own, and let everybody come back at once."""
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        with desk(folder) as (port, _, _, place):
            crowd = Crowd(port, place, console)
            trio.run(crowd.busy, members, messages)
            trio.run(crowd.storm, storm)


if __name__ == "__main__":
    main()
