"""What the tests against real servers share."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from real_gigs import http_client, wait_until
from server_process import lives, postgres_pid

STOP_SECONDS_MOST = 60.0
"""The database's own stop is bounded by three times 20 seconds and takes 0.1."""


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    """A data folder on which servers are killed. A database that the last one left behind is ended afterwards."""
    folder = tmp_path / "data"
    yield folder
    if (folder / "postgres/postmaster.pid").exists() and lives(pid := postgres_pid(folder)):
        os.kill(pid, signal.SIGINT)
        wait_until(STOP_SECONDS_MOST, lambda: not lives(pid))


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    """A client for all people of a test."""
    with http_client() as open_client:
        yield open_client
