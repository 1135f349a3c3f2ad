"""Stopping a server that recovers from the crash of a backend: an orderly stop was seen to hang then."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
from real_gigs import LOOK_SECONDS, data_folder

from switchboard.processes import tree
from switchboard.store import embedded_process
from switchboard.store.embedded import embedded_postgres
from switchboard.store.embedded_process import CRASHED, READY, recovers

SECONDS_MOST = 60
MEMORY = Path("/dev/shm") if Path("/dev/shm").is_dir() else None
"""Where recovery has no disk to wait for."""

SERVER = """
import os, signal, time

def told(number, frame):
    print({signal.SIGINT: "orderly", signal.SIGQUIT: "at once"}[number], flush=True)
    if number == signal.SIGQUIT:
        os._exit(0)

signal.signal(signal.SIGINT, told)
signal.signal(signal.SIGQUIT, told)
print("ready", flush=True)
while True:
    time.sleep(60)
"""
"""Stands for a Postgres that does not end when it is asked to end in order."""


@pytest.fixture
def server() -> Iterator[subprocess.Popen[str]]:
    """The stand-in, once it listens to signals."""
    command = [sys.executable, "-c", SERVER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([READY, CRASHED, b"all server processes terminated; reinitializing"], ["at once"]),
        ([READY, CRASHED, READY], ["orderly", "at once"]),
        ([b"starting", READY], ["orderly", "at once"]),
    ],
)
async def test_a_server_that_recovers_is_ended_at_once_any_other_is_first_asked_in_order(
    lines: list[bytes],
    expected: list[str],
    server: subprocess.Popen[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(embedded_process, "STOP_SECONDS_MOST", 0.5)
    log = tmp_path / "postgres.log"
    log.write_bytes(b"\n".join(lines))
    with trio.fail_after(SECONDS_MOST):
        await embedded_process.stop(server.pid, lambda: server.poll() is None, log)
    assert server.stdout is not None
    assert server.stdout.read().splitlines() == expected


def ignore(_event: str, /, **_fields: object) -> None:
    """What happens is seen in the server's own log."""


async def test_a_real_server_says_in_its_log_when_it_recovers_and_when_it_has() -> None:
    with data_folder(MEMORY) as folder, trio.fail_after(SECONDS_MOST):
        async with embedded_postgres(folder, ignore) as server:
            assert not recovers(server.log_file)
            # Any of its processes but the first: it takes the loss of each for the loss of all.
            os.kill(tree(server.pid)[1], signal.SIGKILL)
            while server.log_file.read_bytes().count(READY) < 2:  # noqa: ASYNC110
                await trio.sleep(LOOK_SECONDS)
            assert CRASHED in server.log_file.read_bytes()
            assert not recovers(server.log_file)
