"""The server's processes: starting, finding, asking and stopping the server.

We run ``postgres`` ourselves. ``pg_ctl`` gives up after a fixed time, and the library that carries the
programs never stops a server again once its owner was killed.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import trio

from switchboard.engine.errors import StartError
from switchboard.store.embedded_place import SOCKET_NAME, Place

ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"}
"""Nothing of ours: a PGPORT or PGDATA of the terminal must not reach the server."""

START_SECONDS_MOST = 60.0
"""For recovery after a crash: with ``max_wal_size`` at 1 GB it replays at most about that much, at tens of MB/s."""
STOP_SECONDS_MOST = 20.0
"""A fast stop rolls back and writes one checkpoint of at most ``shared_buffers``; then it is stopped without."""
LOOK_SECONDS = 0.02
"""How often the server's status file is read while it starts: far below the start itself (0.1 s and more)."""
ORPHAN_SECONDS_MOST = 5.0
"""Backends wait on their parent's death; one in a long computation looks up at its next interrupt check."""
CRASHED = b"terminating any other active server processes"
READY = b"database system is ready to accept connections"
"""What the server's log says when a backend has crashed, before the others are ended, and when it has recovered."""
LOG_TAIL_BYTES = 65_536
"""Between the two are a few lines and one for each client that asks too early."""
LOG_BYTES_MOST = 5_000_000
"""The server writes a few lines a start and a day; more means trouble, whose beginning and end are worth keeping."""

SETTINGS_ALWAYS = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "logging_collector": "off",
    # The server's own doings only: a refused statement is reported by the client that sent it, and statements hold
    # personal data.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_checkpoints": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class ServerExited(Exception):
    """The server's process ended while it was starting; the text is the reason from its log."""


@dataclass(frozen=True, slots=True)
class Found:
    """What postmaster.pid says of a running server."""

    pid: int
    socket_folder: Path
    status: str
    """``starting``, ``stopping``, ``ready`` or ``standby``."""


def found(cluster: Path) -> Found | None:
    """The live server of that folder, if there is one; a file left by a dead one counts as none."""
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return None
    if len(lines) < 8 or not lines[0].isdigit() or not is_server(int(lines[0]), cluster):
        return None
    return Found(int(lines[0]), Path(lines[4]), lines[7].strip())


def is_server(pid: int, cluster: Path) -> bool:
    """Whether ``pid`` is a living Postgres that works in ``cluster``: a number may have gone to another program."""
    program = program_of(pid)
    if program is None or not program.name.startswith("postgres"):
        return False
    try:
        return Path(os.readlink(f"/proc/{pid}/cwd")) == cluster
    except OSError:
        return False


def program_of(pid: int) -> Path | None:
    """The executable of a living process that we may look at; a zombie has none.

    One whose file was deleted meanwhile ends in `` (deleted)``.
    """
    try:
        return Path(os.readlink(f"/proc/{pid}/exe"))
    except OSError:
        return None


async def forget_dead(cluster: Path, socket_folder: Path) -> None:
    """Clears the way for a start after the last server was killed.

    Its backends follow it by themselves within moments. Then its two lock files are removed: Postgres would take the
    number in them for a living server if it belongs to a zombie or, since the machine started anew, to a stranger.
    They are left alone if a process still works in the folder, because Postgres finds such a one through them.
    """
    with trio.move_on_after(ORPHAN_SECONDS_MOST):
        # No event tells of the end of processes that are not our children and whose numbers we do not know.
        while any(is_server(pid, cluster) for pid in _all_processes()):  # noqa: ASYNC110
            await trio.sleep(LOOK_SECONDS)
        (cluster / "postmaster.pid").unlink(missing_ok=True)
        (socket_folder / f"{SOCKET_NAME}.lock").unlink(missing_ok=True)


def _all_processes() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


async def launch(place: Place, socket_folder: Path) -> trio.Process:
    """Starts the server, in a session of its own so that Ctrl-C in the terminal reaches us alone.

    Raises: StartError.
    """
    settings = SETTINGS_ALWAYS | {"unix_socket_directories": str(socket_folder)}
    command = [str(place.program), "-D", str(place.cluster)]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    limit_log(place.log_file)
    try:
        log = os.open(place.log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            return await trio.lowlevel.open_process(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=ENVIRONMENT,
                start_new_session=True,
                **place.user.process_options(),
            )
        finally:
            os.close(log)
    except (OSError, subprocess.SubprocessError) as error:
        raise StartError(f"Postgres could not be started: {error}") from error


async def accepting(place: Place, pid: int, alive: Callable[[], bool]) -> None:
    """Waits until the server takes connections, recovery after a crash included.

    Args: as those of ``stop``.

    Raises: ServerExited: it ended instead. StartError: not within ``START_SECONDS_MOST``.
    """
    with trio.move_on_after(START_SECONDS_MOST):
        while True:
            running = found(place.cluster)
            if running is not None and running.pid == pid and running.status == "ready":
                return
            if not alive():
                raise ServerExited(reason(place.log_file))
            await trio.sleep(LOOK_SECONDS)
    raise StartError(
        f"Postgres did not accept connections within {START_SECONDS_MOST:.0f} s, see {place.log_file}"
    )


async def check_password(place: Place, socket_folder: Path) -> None:
    """Raises: StartError: the server does not let us in with the password of the data folder."""
    command = [str(place.binaries / "psql"), "-XAtw", "-h", str(socket_folder), "-p", "5432"]
    command += ["-U", "switchboard", "-d", "switchboard", "-c", "select 1"]
    answer = await run_program(place, command, PGPASSWORD=place.password, PGCONNECT_TIMEOUT="10")
    if answer.returncode != 0:
        raise StartError(
            f"the database in {place.cluster} does not open: {last_line(answer.stderr)}"
        )


async def ended(pid: int) -> None:
    """Returns when the process has ended, whoever its parent is."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        await trio.lowlevel.wait_readable(handle)
    finally:
        os.close(handle)


def recovers(log_file: Path) -> bool:
    """Whether the server has lost a backend and does not take connections again yet, as its log says."""
    if not log_file.exists():
        return False
    tail = _tail(log_file, LOG_TAIL_BYTES)
    return tail.rfind(CRASHED) > tail.rfind(READY)


def _tail(file: Path, most: int) -> bytes:
    with open(file, "rb") as opened:
        opened.seek(-min(opened.seek(0, os.SEEK_END), most), os.SEEK_END)
        return opened.read()


async def stop(pid: int, alive: Callable[[], bool], log_file: Path) -> None:
    """Ends the server in order (its clients are cut off), and at once if that takes too long; bounded.

    One that recovers from the crash of a backend is ended at once. There is nothing to write yet, and Postgres 18 was
    seen to wait for ever when it was then asked to end in order.

    Args:
        pid: the server's process.
        alive: whether that number is still the server's.
        log_file: where it writes its log.
    """
    requests = [signal.SIGINT, signal.SIGQUIT, signal.SIGKILL]
    if recovers(log_file):
        requests.remove(signal.SIGINT)
    for request in requests:
        if not alive():
            return
        os.kill(pid, request)
        with trio.move_on_after(STOP_SECONDS_MOST):
            await ended(pid)
            return


async def stop_child(process: trio.Process, log_file: Path) -> None:
    """Ends a server that this process launched, and collects it, so that no zombie bears its number; bounded."""
    await stop(process.pid, lambda: process.poll() is None, log_file)
    with trio.move_on_after(STOP_SECONDS_MOST):
        await process.wait()


def limit_log(file: Path) -> None:
    """Keeps the log bounded: beyond ``LOG_BYTES_MOST`` its content moves to ``postgres.log.1``.

    The file is copied and cut rather than renamed, because the server keeps it open.
    """
    if not file.exists() or file.stat().st_size <= LOG_BYTES_MOST:
        return
    with open(file, "rb+") as source:
        source.seek(-LOG_BYTES_MOST, os.SEEK_END)
        kept = source.read(LOG_BYTES_MOST)
        older = file.with_name(file.name + ".1")
        with open(os.open(older, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as target:
            target.write(kept)
        source.truncate(0)


def reason(log_file: Path) -> str:
    """Why the server ended, as the last weighty line of its log says."""
    tail = _tail(log_file, 4096)
    weighty = re.findall(rb"(?:FATAL|PANIC):\s+(.*)", tail)
    return weighty[-1].decode(errors="replace") if weighty else last_line(tail)


def last_line(output: bytes | None) -> str:
    """The last line of a program's output that says something."""
    lines = [line.strip() for line in (output or b"").decode(errors="replace").splitlines()]
    return next((line for line in reversed(lines) if line), "it gave no reason")


async def run_program(
    place: Place, command: list[str], stdin: bytes = b"", **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """Runs one of the programs as the server's user. Raises: StartError: it cannot be run at all."""
    try:
        return await trio.run_process(
            command,
            stdin=stdin,
            capture_stdout=True,
            capture_stderr=True,
            check=False,
            cwd="/",
            env=ENVIRONMENT | environment,
            start_new_session=True,
            **place.user.process_options(),
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise StartError(f"{command[0]} cannot be run: {error}") from error
