"""Worlds in processes of their own: they end with the command that started them, however that ends."""

from __future__ import annotations

import signal

import pytest
from real_gigs import wait_until
from server_process import COMMAND, lives, started

from switchboard.processes import tree

SECONDS_MOST = 30.0
JOBS = 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_command_that_is_killed_leaves_no_workers_behind(number: signal.Signals) -> None:
    arguments = [*COMMAND, "simulate", "--minutes", "5", "--jobs", str(JOBS)]
    with started(arguments, {}) as process:
        pid = process.process.pid
        # The command, its workers, and multiprocessing's own helper.
        wait_until(SECONDS_MOST, lambda: len(tree(pid)) > JOBS + 1)
        workers = tree(pid)[1:]
        process.end(number)
        wait_until(SECONDS_MOST, lambda: not any(map(lives, workers)))
