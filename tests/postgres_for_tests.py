"""Runs an embedded Postgres for a test run: ``python postgres_for_tests.py`` prints its URL and its data folder.

A process of its own, so that it also ends when the test run is killed: it stops when its standard input is closed.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import trio

from switchboard.store.embedded import embedded_postgres

MEMORY = Path("/dev/shm")
ROOM_BYTES_LEAST = 2_000_000_000
"""A new cluster takes 40 MB, its WAL up to 1 GB, each test's database 8 MB."""


def make_folder() -> Path:
    """A folder in memory if there is room, where syncing is on as in earnest and costs nothing."""
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ROOM_BYTES_LEAST
    return Path(tempfile.mkdtemp(prefix="switchboard-tests-", dir=MEMORY if roomy else None))


def log(event: str, /, **fields: object) -> None:
    """To standard error, which pytest's process shares."""
    if event in ("postgres_died", "postgres_start_failed"):
        print(event, fields, file=sys.stderr, flush=True)


async def serve(data_dir: Path) -> None:
    """Runs the server until standard input ends."""
    async with (
        embedded_postgres(data_dir, log) as server,
        trio.lowlevel.FdStream(os.dup(0)) as line,
    ):
        print(server.url, data_dir, flush=True)
        while await line.receive_some(100):
            pass


def main() -> None:
    """The whole life of the server and its folder."""
    # The terminal's Ctrl-C is for pytest, which closes our input when its fixtures end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    data_dir = make_folder()
    try:
        trio.run(serve, data_dir)
    finally:
        shutil.rmtree(data_dir, ignore_errors=True)


if __name__ == "__main__":
    main()
