"""Many unfinished gigs: what one takes of the memory, and how long a start takes with all of them in the database; and
what an operator who is online takes."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from switchboard.bench.filling import Filled, Filling, Sort
from switchboard.processes import free_port, running, switchboard_command

PASSIVATION_SECONDS = 1.0
"""The least that the setting takes; what a passivated gig leaves behind does not depend on it."""

STARTS = 3


class Memory(msgspec.Struct, frozen=True):
    """Kilobytes a gig."""

    gigs: int
    in_memory: float
    passivated: float


class PresenceMemory(msgspec.Struct, frozen=True):
    """Kilobytes an operator who is online."""

    operators: int
    in_memory: float
    """The person's session, the index of places, and who is online."""
    passivated: float
    """The latter two alone."""


class Restart(msgspec.Struct, frozen=True):
    """Seconds from the start of the process to the first 200 of ``/readyz``, of several starts."""

    gigs: int
    seconds: list[float]


def measure_memory(folder: Path, count: int, progress: Callable[[int], None]) -> Memory:
    """A gig with passivation off, and once all of them are passivated. Raises: RuntimeError if it fails."""
    return Memory(count, *_weighed(folder, count, "gigs", progress))


def measure_presences(folder: Path, count: int, progress: Callable[[int], None]) -> PresenceMemory:
    """As above, of operators. Raises: RuntimeError if it fails."""
    return PresenceMemory(count, *_weighed(folder, count, "operators", progress))


def _weighed(
    folder: Path, count: int, sort: Sort, progress: Callable[[int], None]
) -> tuple[float, float]:
    """Kilobytes of one in memory, and passivated."""
    active = Filling(str(folder / f"active {sort}"), count, None, sort)
    passive = Filling(str(folder / f"passive {sort}"), count, PASSIVATION_SECONDS, sort)
    return _filled(active, progress).kilobytes, _filled(passive, progress).kilobytes


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
    """Runs the program that makes the sessions; ``progress`` is told how many were made since the last time."""
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
            raise RuntimeError(
                f"the {filling.sort} were not made:\n{errors.read().decode()[-2000:]}"
            )
        progress(filling.count - made)
        return msgspec.json.decode(last, type=Filled)


def _followed(
    process: subprocess.Popen[bytes], filling: Filling, progress: Callable[[int], None]
) -> tuple[int, bytes]:
    """Sends the program its task and reads its lines. Returns: how many it told of, and its last line."""
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
