"""Stopping a server that is still recovering, which an orderly stop was seen to hang."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
import trio

from switchboard.store import embedded_process

SECONDS_MOST = 30

SERVER = """
import os, signal, subprocess, sys, time

def told(number, frame):
    if number == signal.SIGINT:
        print("orderly", flush=True)
        return
    child.kill()
    child.wait()
    print("at once", flush=True)
    os._exit(0)

signal.signal(signal.SIGINT, told)
signal.signal(signal.SIGQUIT, told)
child = subprocess.Popen([sys.argv[1], "-c", "import time; time.sleep(60)"], executable=sys.executable)
print("ready", flush=True)
while True:
    time.sleep(60)
"""
"""Stands for a Postgres with one child of that title: it does not end when it is asked to end in order."""


@pytest.fixture
def server(title: str) -> Iterator[subprocess.Popen[str]]:
    """The stand-in, once it listens to signals."""
    command = [sys.executable, "-c", SERVER, title]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("postgres: startup recovering 000000010000000000000001", ["at once"]),
        ("postgres: checkpointer", ["orderly", "at once"]),
    ],
)
async def test_a_server_that_recovers_is_ended_at_once_any_other_is_first_asked_in_order(
    server: subprocess.Popen[str], expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_process, "STOP_SECONDS_MOST", 0.5)
    with trio.fail_after(SECONDS_MOST):
        await embedded_process.stop(server.pid, lambda: server.poll() is None)
    assert server.stdout is not None
    assert server.stdout.read().splitlines() == expected
