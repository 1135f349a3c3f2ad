"""The servers that are measured, as processes of their own, and what they cost."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from switchboard.bench.load import Result, Task
from switchboard.bench.room_load import RoomResult, RoomTask

TICKS = os.sysconf("SC_CLK_TCK")

START_SECONDS_MOST = 120.0
STOP_SECONDS_MOST = 60.0
POLL_SECONDS = 0.01
"""How exactly the time to ready is measured."""


def free_port() -> int:
    """A port of the loopback address that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def tree(pid: int) -> list[int]:
    """The process and all that descend from it."""
    found = [pid]
    for parent in found:
        try:
            for task in Path(f"/proc/{parent}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
        except FileNotFoundError:
            continue  # It has just ended.
    return found


def cpu_seconds(pid: int) -> float:
    """What the process and its descendants have used, those that have ended included."""
    total = 0
    for one in tree(pid):
        try:
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        except FileNotFoundError:
            continue
        total += sum(int(field) for field in fields[11:15])
    return total / TICKS


def memory_kilobytes(pid: int) -> int:
    """The resident memory of one process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise ProcessLookupError(pid)


@contextmanager
def running(
    command: Sequence[str], log: Path, port: int, path: str, settings: dict[str, str]
) -> Iterator[tuple[int, float]]:
    """A server for the length of the block: (its process, seconds from start to the first 200 or 405 of ``path``)."""
    environment = {name: text for name, text in os.environ.items() if "SWITCHBOARD" not in name}
    with log.open("wb") as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment | settings,
            start_new_session=True,
        )
        try:
            _wait_until_ready(process, f"http://127.0.0.1:{port}{path}", log)
            yield process.pid, time.perf_counter() - began
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS_MOST)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    end = time.monotonic() + START_SECONDS_MOST
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            with opener.open(url, timeout=2):
                return
        except urllib.error.HTTPError as answer:
            if answer.code == 405:
                return
        except OSError:
            pass  # Not listening yet.
        time.sleep(POLL_SECONDS)
    raise RuntimeError(f"{url} is not ready:\n{log.read_text()[-2000:]}")


def switchboard_command(data_dir: Path, port: int) -> list[str]:
    """Switchboard with its embedded Postgres."""
    where = ["--bind", f"127.0.0.1:{port}", "--data-dir", str(data_dir)]
    return [sys.executable, "-m", "switchboard", "serve", *where, "--no-demo"]


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
