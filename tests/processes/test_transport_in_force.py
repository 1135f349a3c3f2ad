"""The transport guards a real server, whichever command has started it, and says goodbye when it ends."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import httpx
import pytest
from real_gigs import wait_until
from server_process import READY_SECONDS_MOST, started
from transport_peers import TEXT, frame, upgrade

PROGRAM = Path(__file__).parents[1] / "support/server_with_a_websocket.py"

ANSWER_SECONDS_MOST = 20.0


def free_address() -> tuple[str, int]:
    """Where nobody listens at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        host, port = probe.getsockname()
        return str(host), int(port)


def command(kind: str, address: str, data_dir: Path) -> list[str]:
    """How the server is started."""
    if kind == "serve":
        where = ["--bind", address, "--data-dir", str(data_dir)]
        return [sys.executable, str(PROGRAM), "serve", *where]
    options = ["--worker-class", "trio", "--bind", address]
    return [sys.executable, "-m", "hypercorn", *options, f"{PROGRAM}:app"]


def exchanged(address: tuple[str, int], request: bytes) -> bytes:
    """All that the server sends until it closes the connection."""
    received = b""
    with socket.create_connection(address, ANSWER_SECONDS_MOST) as peer:
        peer.sendall(request)
        while data := peer.recv(65536):
            received += data
    return received


def read(peer: socket.socket, size: int) -> bytes:
    """So many bytes."""
    data = b""
    while len(data) < size:
        part = peer.recv(size - len(data))
        assert part, data
        data += part
    return data


def is_ready(base: str, client: httpx.Client) -> bool:
    """Whether somebody answers there."""
    try:
        return client.get(f"{base}/readyz").status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.parametrize("kind", ["serve", "hypercorn"])
def test_a_server_refuses_counts_and_says_goodbye(
    kind: str, data_dir: Path, client: httpx.Client
) -> None:
    address = free_address()
    base = f"http://{address[0]}:{address[1]}"
    settings = {
        "SWITCHBOARD_DATA_DIR": str(data_dir),
        "SWITCHBOARD_LOG_FORMAT": "json",
        "SWITCHBOARD_WEBSOCKET_ORIGINS": "https://friend.example",
    }
    with started(command(kind, f"{address[0]}:{address[1]}", data_dir), settings) as server:
        wait_until(READY_SECONDS_MOST, lambda: is_ready(base, client))
        both = b"POST /dropin/login HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
        smuggled = (
            both + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\n\r\n"
        )
        answer = exchanged(address, smuggled)
        assert answer.startswith(b"HTTP/1.1 400")
        assert answer.count(b"HTTP/1.1") == 1
        assert exchanged(address, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").startswith(b"HTTP/1.1 505")
        foreign = upgrade("/echo", {"Origin": "https://foe.example"})
        assert exchanged(address, foreign).startswith(b"HTTP/1.1 403")
        with socket.create_connection(address, ANSWER_SECONDS_MOST) as peer:
            offer = {
                "Origin": "https://friend.example",
                "Sec-WebSocket-Extensions": "permessage-deflate",
            }
            peer.sendall(upgrade("/echo", offer))
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += read(peer, 1)
            assert head.startswith(b"HTTP/1.1 101")
            assert b"deflate" not in head
            peer.sendall(frame(TEXT, b"hello"))
            assert read(peer, 7) == b"\x81\x05hello"
            metrics = client.get(f"{base}/metrics").text
            assert "switchboard_transport_websockets 1.0" in metrics
            assert "switchboard_transport_requests_refused 2.0" in metrics
            assert "switchboard_transport_origins_refused 1.0" in metrics
            server.process.terminate()
            head = read(peer, 2)
            assert head[0] == 0x88
            assert read(peer, head[1])[:2] == (1012).to_bytes(2, "big")
        assert server.wait() == 0, server.output
    assert "Traceback" not in server.output
