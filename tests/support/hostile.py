"""A client that does as it likes with its TCP connection."""

from __future__ import annotations

import re
import socket
import struct
import time
from collections.abc import Callable
from types import TracebackType
from typing import NamedTuple, Self

from websocket_frames import CLOSE, Frame, decode, upgrade

ANSWER_SECONDS_MOST = 15.0
"""For an exchange that must succeed."""
LOOK_SECONDS = 0.02
"""Between two looks, so that looking leaves the servers the processor."""
RECEIVE_BYTES = 65536
"""As much as a server's write usually brings."""


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
