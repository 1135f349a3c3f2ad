"""Files in a bucket: signed addresses, and what is handed on to a stand-in for the store on this machine."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pictures import PNG

from switchboard.engine.clock import Clock
from switchboard.engine.files import FileTooLarge, NoImage
from switchboard.outbound.uploads.s3 import S3Files

NAME = "a" * 24
NOW = 1_800_000_000_000


@contextmanager
def store(status: int = 200) -> Iterator[tuple[str, dict[str, bytes]]]:
    """The address of a store that keeps what it is sent, or answers with that status."""
    kept: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if status == 200:
                kept[urlsplit(self.path).path] = body
            self.send_response(status)
            self.send_header("ETag", '"e"')
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nowhere."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", kept
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def files(folder: Path, endpoint: str) -> S3Files:
    """A bucket there."""
    return S3Files(
        bucket="bucket",
        endpoint=endpoint,
        region="us-east-1",
        access_key="access",
        secret_key="secret",
        folder=folder,
        clock=Clock(NOW),
    )


def parts(*content: bytes) -> Any:
    """What comes."""
    waiting = list(content)

    async def part() -> bytes | None:
        return waiting.pop(0) if waiting else None

    return part


async def test_clients_send_to_the_store_by_a_signed_address(tmp_path: Path) -> None:
    bucket = files(tmp_path, "http://127.0.0.1:9")
    address = urlsplit(bucket.put_address(NAME, "http://ours", NOW + 3_600_000))
    assert (address.netloc, address.path) == ("127.0.0.1:9", f"/bucket/{NAME}")
    query = parse_qs(address.query)
    assert int(query["X-Amz-Expires"][0]) in (3599, 3600)
    assert "secret" not in address.query
    found = await bucket.find(NAME)
    assert found is not None
    assert found.startswith(f"http://127.0.0.1:9/bucket/{NAME}?")
    assert found != address.geturl()
    assert not bucket.admits(NAME, {}, NOW)


async def test_a_file_that_comes_through_us_is_handed_on(tmp_path: Path) -> None:
    with store() as (address, kept):
        bucket = files(tmp_path / "waiting", address)
        received = await bucket.save(NAME, parts(PNG[:5], PNG[5:]), 1000, image=True)
        assert (received.size, received.content_type) == (len(PNG), "image/png")
        assert kept == {f"/bucket/{NAME}": PNG}
        for content, most, error in ((b"<html>" * 9, 1000, NoImage), (PNG, 9, FileTooLarge)):
            with pytest.raises(error):
                await bucket.save(NAME, parts(content), most, image=True)
        assert kept == {f"/bucket/{NAME}": PNG}
    assert os.listdir(tmp_path / "waiting") == []


async def test_a_store_that_refuses_is_an_error_and_nothing_stays_here(tmp_path: Path) -> None:
    with store(403) as (address, _):
        bucket = files(tmp_path, address)
        with pytest.raises(OSError, match="did not take"):
            await bucket.save(NAME, parts(PNG), 1000, image=True)
    assert os.listdir(tmp_path) == []
