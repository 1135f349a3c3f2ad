"""The programs of a measurement: the bare server, and the load generator."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec

from switchboard.bench.load import Result, Task
from switchboard.bench.room_load import RoomResult, RoomTask


def bare_command(port: int, module: str = "switchboard.bench.bare") -> list[str]:
    """A bare server under hypercorn's own command, one worker."""
    hypercorn = [sys.executable, "-m", "hypercorn", "--worker-class", "trio"]
    return [*hypercorn, "--bind", f"127.0.0.1:{port}", f"{module}:app"]


def load(task: Task) -> Result:
    """Runs the load generator of requests to its end."""
    return msgspec.json.decode(_generated("load.py", task), type=Result)


def load_room(task: RoomTask) -> RoomResult:
    """Runs the load generator of a room to its end."""
    return msgspec.json.decode(_generated("room_load.py", task), type=RoomResult)


def _generated(program: str, task: msgspec.Struct) -> bytes:
    # As a file, not as a module: a generator needs nothing of what its package imports, and starts in half the time.
    done = subprocess.run(
        [sys.executable, "-P", str(Path(__file__).with_name(program))],
        input=msgspec.json.encode(task),
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the load generator failed:\n{done.stderr.decode()[-2000:]}")
    return done.stdout
