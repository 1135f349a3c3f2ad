"""Server processes of this machine, as measurements and trials start them, and what they cost."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")

START_SECONDS_MOST = 120.0
STOP_SECONDS_MOST = 60.0
POLL_SECONDS = 0.01
"""How exactly the time to ready is measured."""


def end_as_by_control_c() -> None:
    """From now on SIGTERM does what Ctrl-C does, which Trio lets in where it does no harm."""
    # A shell's background job is born with Ctrl-C ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))


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


def launch(
    command: Sequence[str], log: Path, settings: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """Starts a process in a session of its own, with those settings and none of ours; it writes to ``log``."""
    environment = {name: text for name, text in os.environ.items() if "SWITCHBOARD" not in name}
    with log.open("wb") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**environment, **settings},
            start_new_session=True,
        )


@contextmanager
def running(
    command: Sequence[str], log: Path, port: int, path: str, settings: Mapping[str, str]
) -> Iterator[tuple[int, float]]:
    """A server for the length of the block: (its process, seconds from start to the first 200 or 405 of ``path``)."""
    began = time.perf_counter()
    process = launch(command, log, settings)
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


def switchboard_command(data_dir: Path, port: int, module: str = "switchboard") -> list[str]:
    """Switchboard on a data folder; with its embedded Postgres unless the environment names another."""
    where = ["--bind", f"127.0.0.1:{port}", "--data-dir", str(data_dir)]
    return [sys.executable, "-m", module, "serve", *where, "--no-demo"]
