"""The programs of a measurement: the bare server, and the load generator."""

from __future__ import annotations

import subprocess
import sys

import msgspec

from switchboard.bench.load import Result, Task
from switchboard.bench.room_load import RoomResult, RoomTask


def bare_command(port: int, module: str = "switchboard.bench.bare") -> list[str]:
    """A bare server under hypercorn's own command, one worker."""
    hypercorn = [sys.executable, "-m", "hypercorn", "--worker-class", "trio"]
    return [*hypercorn, "--bind", f"127.0.0.1:{port}", f"{module}:app"]


def load(task: Task) -> Result:
    """Runs the load generator of requests to its end."""
    return msgspec.json.decode(_generated("switchboard.bench.load", task), type=Result)


def load_room(task: RoomTask) -> RoomResult:
    """Runs the load generator of a room to its end."""
    return msgspec.json.decode(_generated("switchboard.bench.room_load", task), type=RoomResult)


def _generated(module: str, task: msgspec.Struct) -> bytes:
    done = subprocess.run(
        [sys.executable, "-m", module],
        input=msgspec.json.encode(task),
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the load generator failed:\n{done.stderr.decode()[-2000:]}")
    return done.stdout
