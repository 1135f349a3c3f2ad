"""The load of one room, a process of its own: members who say something in turn, and all of them hear it.

Run as ``python -P switchboard/bench/room_load.py``: reads a ``RoomTask`` as JSON from stdin, writes a ``RoomResult``
as JSON to stdout. It sends to the loopback address alone and ends by itself.

It counts bytes instead of reading frames: all frames are equally long, so that as many bytes as were to come are as
many messages, and what is missing or too much at the end shows.
"""

from __future__ import annotations

import selectors
import socket
import struct
import sys
import time

import msgspec

BODY = b"x" * 200
"""The size of the peers' messages in the comparison that the transport is made for."""

MESSAGE = struct.pack("!BBH4x", 0x81, 0x80 | 126, len(BODY)) + BODY
"""As a client sends it: masked, with a mask of zeros (RFC 6455, 5.2)."""

FRAME_BYTES = 4 + len(BODY)
"""As a server sends it."""

RECEIVE_BYTES = 65536
REST_SECONDS_MOST = 15.0
"""For what is under way at the end."""

HANDSHAKE = (
    b"GET /room HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class RoomTask(msgspec.Struct, frozen=True):
    """What to do."""

    port: int
    members: int
    outstanding: int
    """Messages that have been said and not been heard by everybody; the members say them in turn."""
    seconds: float


class RoomResult(msgspec.Struct, frozen=True):
    """What was done."""

    deliveries: int
    seconds: float
    own_cpu_seconds: float


def enter(port: int) -> socket.socket:
    """A member's open websocket. Raises: RuntimeError: it was refused."""
    member = socket.create_connection(("127.0.0.1", port))
    member.sendall(HANDSHAKE)
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
        self._members = [enter(task.port) for _ in range(task.members)]
        self._said = self._heard_bytes = 0
        self._selector = selectors.DefaultSelector()
        for member in self._members:
            self._selector.register(member, selectors.EVENT_READ)

    @property
    def _heard(self) -> float:
        """Messages that everybody has heard, on an average."""
        return self._heard_bytes / FRAME_BYTES / self._task.members

    def run(self) -> RoomResult:
        """Says and hears for so many seconds, then hears the rest. Raises: RuntimeError: something was lost."""
        task = self._task
        began, cpu = time.perf_counter(), time.process_time()
        while time.perf_counter() - began < task.seconds:
            while self._said - self._heard < task.outstanding:
                self._members[self._said % task.members].sendall(MESSAGE)
                self._said += 1
            self._hear(1.0)
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        deliveries = self._heard_bytes // FRAME_BYTES
        expected, end = self._said * FRAME_BYTES * task.members, time.perf_counter()
        while self._heard_bytes < expected and time.perf_counter() - end < REST_SECONDS_MOST:
            self._hear(0.1)
        if self._heard_bytes != expected:
            raise RuntimeError(f"{self._heard_bytes} bytes were heard instead of {expected}")
        return RoomResult(deliveries=deliveries, seconds=seconds, own_cpu_seconds=cpu)

    def _hear(self, wait: float) -> None:
        for key, _ in self._selector.select(wait):
            member = key.fileobj
            assert isinstance(member, socket.socket)
            data = member.recv(RECEIVE_BYTES)
            if not data:
                raise RuntimeError("the server closed a connection")
            self._heard_bytes += len(data)


def main() -> None:
    """The program."""
    task = msgspec.json.decode(sys.stdin.buffer.read(), type=RoomTask)
    sys.stdout.buffer.write(msgspec.json.encode(Room(task).run()))


if __name__ == "__main__":
    main()
