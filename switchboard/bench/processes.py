"""The programs of a measurement: the bare server, and the load generator."""

from __future__ import annotations

import subprocess
import sys

import msgspec

from switchboard.bench.load import Result, Task


def bare_command(port: int) -> list[str]:
    """The bare endpoint under hypercorn's own command, one worker."""
    hypercorn = [sys.executable, "-m", "hypercorn", "--worker-class", "trio"]
    return [*hypercorn, "--bind", f"127.0.0.1:{port}", "switchboard.bench.bare:app"]


def load(task: Task) -> Result:
    """Runs the load generator to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "switchboard.bench.load"],
        input=msgspec.json.encode(task),
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the load generator failed:\n{done.stderr.decode()[-2000:]}")
    return msgspec.json.decode(done.stdout, type=Result)
