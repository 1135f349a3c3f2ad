"""The load of one room, a process of its own: members who say something in turn, and all of them hear it.

Run as ``python -P switchboard/bench/room_load.py``: reads a ``RoomTask`` as JSON from stdin, writes a ``RoomResult``
as JSON to stdout. It sends to the loopback address alone and ends by itself.

It counts the beginnings of frames instead of reading them: what is missing or too much at the end shows.
"""

from __future__ import annotations

import selectors
import socket
import struct
import sys
import time

import msgspec

BODY = "x" * 200
"""The size of the peers' messages in the comparison that the transport is made for."""

RECEIVE_BYTES = 65536
REST_SECONDS_MOST = 15.0
"""For what is under way at the end."""

BEGINNING = b"\x81\x7e"
"""Of a whole frame of text that is longer than 125 bytes (RFC 6455, 5.2)."""

HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class RoomTask(msgspec.Struct, frozen=True):
    """What to do."""

    port: int
    members: int
    outstanding: int
    """Messages that have been said and not been heard by everybody; the members say them in turn."""
    seconds: float
    path: str = "/room"
    message: str = BODY
    """What each says, a frame of text."""


class RoomResult(msgspec.Struct, frozen=True):
    """What was done."""

    deliveries: int
    seconds: float
    own_cpu_seconds: float


def framed(text: str) -> bytes:
    """As a client sends it: masked, with a mask of zeros (RFC 6455, 5.2)."""
    body = text.encode()
    if len(body) < 126:
        return struct.pack("!BB4x", 0x81, 0x80 | len(body)) + body
    return struct.pack("!BBH4x", 0x81, 0x80 | 126, len(body)) + body


def enter(port: int, path: str = "/room") -> socket.socket:
    """A member's open websocket. Raises: RuntimeError: it was refused."""
    member = socket.create_connection(("127.0.0.1", port))
    member.sendall(HANDSHAKE.format(path=path).encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        part = member.recv(1)
        if not part:
            break
        head += part
    if not head.startswith(b"HTTP/1.1 101"):
        raise RuntimeError(f"refused: {head[:80]!r}")
    return member


class Room:
    """The members, and what they have heard together."""

    def __init__(self, task: RoomTask) -> None:
        self._task = task
        self._members = [enter(task.port, task.path) for _ in range(task.members)]
        self._message = framed(task.message)
        self._said = self._frames = 0
        self._split: set[socket.socket] = set()
        """Members whose last bytes may be the first one of a frame."""
        self._selector = selectors.DefaultSelector()
        for member in self._members:
            self._selector.register(member, selectors.EVENT_READ)

    @property
    def _heard(self) -> float:
        """Messages that everybody has heard, on an average."""
        return self._frames / self._task.members

    def run(self) -> RoomResult:
        """Says and hears for so many seconds, then hears the rest. Raises: RuntimeError: something was lost."""
        task = self._task
        began, cpu = time.perf_counter(), time.process_time()
        while time.perf_counter() - began < task.seconds:
            while self._said - self._heard < task.outstanding:
                self._members[self._said % task.members].sendall(self._message)
                self._said += 1
            self._hear(1.0)
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        deliveries = self._frames
        expected, end = self._said * task.members, time.perf_counter()
        while self._frames < expected and time.perf_counter() - end < REST_SECONDS_MOST:
            self._hear(0.1)
        if self._frames != expected:
            raise RuntimeError(f"{self._frames} messages were heard instead of {expected}")
        return RoomResult(deliveries=deliveries, seconds=seconds, own_cpu_seconds=cpu)

    def _hear(self, wait: float) -> None:
        for key, _ in self._selector.select(wait):
            member = key.fileobj
            assert isinstance(member, socket.socket)
            data = member.recv(RECEIVE_BYTES)
            if not data:
                raise RuntimeError("the server closed a connection")
            # No text of ours has such a byte, and none is shorter than 126.
            self._frames += data.count(BEGINNING)
            if member in self._split and data.startswith(BEGINNING[1:]):
                self._frames += 1
            if data.endswith(BEGINNING[:1]):
                self._split.add(member)
            else:
                self._split.discard(member)


def main() -> None:
    """The program."""
    task = msgspec.json.decode(sys.stdin.buffer.read(), type=RoomTask)
    sys.stdout.buffer.write(msgspec.json.encode(Room(task).run()))


if __name__ == "__main__":
    main()
