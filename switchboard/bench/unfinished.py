"""Many unfinished gigs: what one takes of the memory, and how long a start takes with all of them in the database."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from switchboard.bench.filling import Filled, Filling
from switchboard.processes import free_port, running, switchboard_command

PASSIVATION_SECONDS = 1.0
"""The least that the setting takes; what a passivated gig leaves behind does not depend on it."""

STARTS = 3


class Memory(msgspec.Struct, frozen=True):
    """Kilobytes a gig."""

    gigs: int
    in_memory: float
    passivated: float


class Restart(msgspec.Struct, frozen=True):
    """Seconds from the start of the process to the first 200 of ``/readyz``, of several starts."""

    gigs: int
    seconds: list[float]


def measure_memory(folder: Path, count: int, progress: Callable[[int], None]) -> Memory:
    """A gig with passivation off, and once all of them are passivated. Raises: RuntimeError if it fails."""
    active = _filled(Filling(str(folder / "active"), count, None), progress)
    passive = _filled(Filling(str(folder / "passive"), count, PASSIVATION_SECONDS), progress)
    return Memory(gigs=count, in_memory=active.kilobytes, passivated=passive.kilobytes)


def measure_restart(folder: Path, count: int, progress: Callable[[int], None]) -> Restart:
    """Starts with that many unfinished gigs in the database. Raises: RuntimeError if it fails."""
    data_dir = folder / "restart"
    _filled(Filling(str(data_dir), count, PASSIVATION_SECONDS), progress)
    seconds = []
    for number in range(STARTS):
        port = free_port()
        command, log = switchboard_command(data_dir, port), folder / f"restart{number}.log"
        with running(command, log, port, "/readyz", {}) as (_, ready):
            seconds.append(ready)
    return Restart(gigs=count, seconds=seconds)


def _filled(filling: Filling, progress: Callable[[int], None]) -> Filled:
    """Runs the program that makes the gigs; ``progress`` is told how many were made since the last time."""
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "switchboard.bench.filling"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
        with process:
            try:
                made, last = _followed(process, filling, progress)
            except BaseException:
                # As Ctrl-C does, upon which it ends its database; a terminal's own goes to us alone.
                process.send_signal(signal.SIGINT)
                raise
        if process.returncode:
            errors.seek(0)
            raise RuntimeError(f"the gigs were not made:\n{errors.read().decode()[-2000:]}")
        progress(filling.gigs - made)
        return msgspec.json.decode(last, type=Filled)


def _followed(
    process: subprocess.Popen[bytes], filling: Filling, progress: Callable[[int], None]
) -> tuple[int, bytes]:
    """Sends the program its task and reads its lines. Returns: the gigs that it told of, and its last line."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(msgspec.json.encode(filling))
    process.stdin.close()
    made, last = 0, b""
    for last in process.stdout:
        if last.strip().isdigit():
            progress(int(last) - made)
            made = int(last)
    return made, last
