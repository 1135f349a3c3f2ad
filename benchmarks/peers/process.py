"""Processes of the peers."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from switchboard.processes import launch

START_SECONDS_MOST = 60.0
STOP_SECONDS_MOST = 10.0
POLL_SECONDS = 0.05


@contextmanager
def listening(
    command: Sequence[str], log: Path, port: int, environment: Mapping[str, str]
) -> Iterator[int]:
    """A server's process, from when its port is open to the end of the block. Raises: RuntimeError."""
    process = launch(command, log, environment)
    try:
        _wait_until_open(process, port, log)
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS_MOST)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_open(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + START_SECONDS_MOST
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(POLL_SECONDS)
        else:
            return
    raise RuntimeError(f"port {port} was not opened:\n{log.read_text(errors='replace')[-2000:]}")
