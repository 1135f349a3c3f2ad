"""A running server to be attacked, and what the kernel says about its ends of connections and its memory."""

from __future__ import annotations

import json
import re
import socket
import struct
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hostile import ANSWER_SECONDS_MOST, Answer, Peer, eventually
from server_process import ServerProcess

PATIENCE_SECONDS = 10.0
"""How long a guard may take to act on a busy machine: its own deadline is some tenths of a second."""
BRIEF_SECONDS = 1.2
"""How long the released server is watched doing nothing: three times the guard's deadline."""

ESTABLISHED, CLOSE_WAIT = "01", "08"
"""States in ``/proc/net/tcp`` (include/net/tcp_states.h) in which a process still has the connection."""


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
