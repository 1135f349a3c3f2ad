"""A client that does as it likes with its TCP connection, and what the kernel says about the server's end of it."""

from __future__ import annotations

import json
import re
import socket
import struct
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from server_process import ServerProcess
from websocket_frames import CLOSE, Frame, decode, upgrade

PATIENCE_SECONDS = 10.0
"""How long a guard may take to act on a busy machine: its own deadline is some tenths of a second."""
BRIEF_SECONDS = 1.2
"""How long the released server is watched doing nothing: three times the guard's deadline."""
ANSWER_SECONDS_MOST = 15.0
"""For an exchange that must succeed."""
LOOK_SECONDS = 0.02
RECEIVE_BYTES = 65536

ESTABLISHED, CLOSE_WAIT = "01", "08"
"""States in ``/proc/net/tcp`` (include/net/tcp_states.h) in which a process still has the connection."""


class Answer(NamedTuple):
    """An HTTP answer."""

    status: int
    head: bytes
    body: bytes


def eventually(question: Callable[[], bool], seconds: float) -> bool:
    """Whether the answer becomes yes within that time."""
    deadline = time.monotonic() + seconds
    while not question():
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK_SECONDS)
    return True


class Peer:
    """One connection to the server."""

    def __init__(
        self, address: tuple[str, int], *, receive_buffer: int | None = None, source: str = ""
    ) -> None:
        self.socket = socket.socket()
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source:
            self.socket.bind((source, 0))
        self.socket.settimeout(ANSWER_SECONDS_MOST)
        try:
            self.socket.connect(address)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:
            self.socket.close()
            raise
        self.name: tuple[str, int] = self.socket.getsockname()
        """Its own end, which no other connection to this server has at the same time."""
        self.buffer = bytearray()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.socket.close()

    def reset(self) -> None:
        """Ends the connection with RST instead of FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def send(self, data: bytes) -> bool:
        """Sends all of it. Returns: whether the server's end still took it."""
        try:
            self.socket.sendall(data)
        except (ConnectionError, TimeoutError):
            return False
        return True

    def receive(self, seconds: float = ANSWER_SECONDS_MOST) -> bool:
        """Takes what has come into ``buffer``. Returns: False once the server has closed, or reset, the connection.

        Raises: TimeoutError: nothing came in that time.
        """
        self.socket.settimeout(max(seconds, 0.001))
        try:
            data = self.socket.recv(RECEIVE_BYTES)
        except ConnectionError:
            return False
        self.buffer += data
        return bool(data)

    def closed_within(self, seconds: float) -> bool:
        """Whether the server closes within that time, while we read whatever it still sends."""
        deadline = time.monotonic() + seconds
        try:
            while self.receive(deadline - time.monotonic()):
                if time.monotonic() > deadline:
                    return False
        except TimeoutError:
            return False
        return True

    def answer(self, seconds: float = ANSWER_SECONDS_MOST) -> Answer | None:
        """The next answer; None if the connection ends before it is complete. Raises: TimeoutError."""
        deadline = time.monotonic() + seconds
        while True:
            head, blank, rest = bytes(self.buffer).partition(b"\r\n\r\n")
            if blank:
                found = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
                size = int(found[1]) if found else 0
                if len(rest) >= size:
                    self.buffer = bytearray(rest[size:])
                    return Answer(int(head.split(b" ")[1]), head, rest[:size])
            if not self.receive(deadline - time.monotonic()):
                return None

    def exchange(self, request: bytes) -> Answer:
        """The answer to a request that must be answered."""
        assert self.send(request)
        answer = self.answer()
        assert answer is not None, "the server closed instead of answering"
        return answer

    # -- websockets

    def open_websocket(self, path: str, *headers: bytes) -> Answer:
        """The answer to the upgrade; what follows it stays in ``buffer``."""
        return self.exchange(upgrade(path, *headers))

    def frame(self, seconds: float = ANSWER_SECONDS_MOST) -> Frame | None:
        """The next frame; None if the connection ends before. Raises: TimeoutError."""
        deadline = time.monotonic() + seconds
        while True:
            for frame in decode(self.buffer):
                return frame
            if not self.receive(deadline - time.monotonic()):
                return None

    def message(self, seconds: float = ANSWER_SECONDS_MOST) -> Frame | None:
        """The next frame that is neither Ping nor Pong."""
        deadline = time.monotonic() + seconds
        while (frame := self.frame(deadline - time.monotonic())) is not None:
            if frame.opcode <= CLOSE:
                return frame
        return None

    def close_code(self, seconds: float = ANSWER_SECONDS_MOST) -> int | None:
        """The code of the Close frame that comes; None if the connection ends, or the time, without one."""
        try:
            while (frame := self.message(seconds)) is not None:
                if frame.opcode == CLOSE:
                    return frame.code
        except TimeoutError:
            pass
        return None


@dataclass
class Target:
    """A running server to be attacked, from outside and on the loopback address alone."""

    server: ServerProcess
    patience: float
    """How long an attack waits for the server to defend itself, in seconds."""
    hello: str = "/hello"
    """A GET that answers 200 quickly."""
    post: str = "/echo"
    """A POST that reads its body."""
    port: int = field(init=False)

    def __post_init__(self) -> None:
        self.port = int(self.server.base().rpartition(":")[2])

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        return "127.0.0.1", self.port

    def connect(self, *, receive_buffer: int | None = None, source: str = "") -> Peer:
        """A connection; ``source`` is another address of the loopback network to come from."""
        return Peer(self.address, receive_buffer=receive_buffer, source=source)

    def websocket(self, path: str) -> Peer:
        """An open websocket."""
        with ExitStack() as stack:
            peer = stack.enter_context(self.connect())
            answer = peer.open_websocket(path)
            assert answer.status == 101, answer
            stack.pop_all()
        return peer

    def request(
        self, method: str, path: str, seconds: float = ANSWER_SECONDS_MOST
    ) -> Answer | None:
        """The answer on a connection of its own; None if none came within that time."""
        try:
            with self.connect() as peer:
                peer.send(
                    f"{method} {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n"
                    "Connection: close\r\n\r\n".encode()
                )
                return peer.answer(seconds)
        except (TimeoutError, ConnectionError):
            return None

    def answers(self, seconds: float) -> bool:
        """Whether it answers others within that time."""
        answer = self.request("GET", self.hello, seconds)
        return answer is not None and answer.status == 200

    def state(self) -> Any:
        """What a victim says about its calls: ``open`` and ``finished``, each path -> count."""
        answer = self.request("GET", "/state")
        assert answer is not None
        return json.loads(answer.body)

    def holds(self, peer: Peer) -> bool:
        """Whether the server's process still has its end of the connection."""
        return peer.name in self.held()

    def held(self) -> set[tuple[str, int]]:
        """The clients' ends of all connections that the process has."""
        held = set()
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            _, local, remote, status, *rest = line.split()
            ours = int(local.rpartition(":")[2], 16) == self.port
            # A connection that the process has closed may linger in the kernel, without an inode.
            if ours and status in (ESTABLISHED, CLOSE_WAIT) and rest[5] != "0":
                address, _, port = remote.partition(":")
                held.add((socket.inet_ntoa(struct.pack("=I", int(address, 16))), int(port, 16)))
        return held

    def lets_go(self, peer: Peer) -> bool:
        """Whether the process gives the connection up within the patience, while we do not read."""
        return eventually(lambda: not self.holds(peer), self.patience)

    def closes(self, peer: Peer) -> bool:
        """Whether the connection is closed within the patience, while we read."""
        return peer.closed_within(self.patience)

    def memory_peak(self) -> int:
        """The most that the process has ever had resident, in bytes."""
        return self._memory("VmHWM")

    def memory(self) -> int:
        """What it has resident, in bytes."""
        return self._memory("VmRSS")

    def _memory(self, name: str) -> int:
        status = Path(f"/proc/{self.server.process.pid}/status").read_text()
        found = re.search(rf"{name}:\s*(\d+) kB", status)
        assert found is not None
        return int(found[1]) * 1024
