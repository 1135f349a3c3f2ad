"""A file that was acknowledged survives a kill, whole; of one that was half sent nothing stays."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from server_process import serve

FILE = os.urandom(300_000)


def parts_of(data_dir: Path) -> list[Path]:
    """What is being written."""
    return list((data_dir / "uploads").rglob("*.part"))


def test_a_file_survives_a_kill(data_dir: Path, client: httpx.Client) -> None:
    with serve(data_dir) as server:
        base = f"{server.base()}/dropin"
        identities = [{"type": "email", "value": "ann@example.test"}]
        account = client.post(f"{base}/accounts", json={"identities": identities}).json()
        headers = {"Authorization": f"Bearer {account['accessToken']}"}
        first, second = (
            client.post(f"{base}/storage", json={"type": "chat"}, headers=headers).json()
            for _ in range(2)
        )
        kept = client.put(first["location"], content=FILE)
        assert kept.status_code == 200, kept.text
        location = urlsplit(second["location"])
        assert location.hostname is not None
        with socket.create_connection((location.hostname, location.port or 80)) as half:
            head = f"PUT {location.path}?{location.query} HTTP/1.1\r\nHost: {location.netloc}\r\n"
            half.sendall(f"{head}Content-Length: {len(FILE)}\r\n\r\n".encode() + FILE[:100_000])
            while not parts_of(data_dir):
                # Until the server has begun to write: bounded by the test's own time.
                assert client.get(f"{server.base()}/healthz").status_code == 200
            server.process.kill()
            server.wait()
    assert parts_of(data_dir)
    with serve(data_dir) as server:
        shown = client.get(f"{server.base()}{urlsplit(first['url']).path}")
        assert (shown.status_code, shown.content) == (200, FILE)
        assert shown.headers["ETag"] == kept.headers["ETag"]
        assert client.get(f"{server.base()}{urlsplit(second['url']).path}").status_code == 404
        assert parts_of(data_dir) == []
        again = f"{server.base()}{urlsplit(second['location']).path}?{urlsplit(second['location']).query}"
        assert client.put(again, content=FILE).status_code == 200
        assert server.end() == 0, server.output
    assert "signature" not in server.output
    assert "Traceback" not in server.output
