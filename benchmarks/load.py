"""One load: runs the load generator against a server and reads what it measured."""

from __future__ import annotations

import os
import resource
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from benchmarks.server import Inputs, Running
from benchmarks.workloads import Workload

LOAD_SECONDS_MOST = 300.0
"""Beyond what it measures it waits for two minutes at most for its members, and 20 s for what is under way."""

QUIET_CORES = 0.15
QUIET_SECONDS = 0.5

TICKS = os.sysconf("SC_CLK_TCK")


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What the load generator says; 0 or None where its mode does not measure it."""

    messages_s: float = 0.0
    """Messages that everybody has received, requests, or whole lifecycles, a second."""
    deliveries_s: float = 0.0
    """Receipts of a message by one member, or requests, a second."""
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    max_ms: float = 0.0
    server_cpu_s_per_1k: float = 0.0
    """CPU of the server a thousand deliveries."""
    pg_cpu_s_per_1k: float = 0.0
    server_cores: float = 0.0
    pg_cores: float = 0.0
    client_cores: float = 0.0
    """The load generator's own CPU: near 1, it was the limit."""
    other_cores: float = 0.0
    """What everything else on the machine took meanwhile."""
    server_rss_mb: float = 0.0
    join_s: float = 0.0
    kb_per_conn: float = 0.0
    rss_mb: float = 0.0
    lost: int = 0
    dup: int = 0
    fifo_bad: int = 0
    """Deliveries that overtook an earlier message of the same sender."""
    same_order: bool | None = None
    errors: int = 0
    complaint: str = ""
    """What the load generator wrote to stderr."""


class LoadFailed(Exception):
    """The server could not be measured; the text says why."""


def run_load(
    program: Path,
    workload: Workload,
    inputs: Inputs,
    server: Running,
    postgres: int,
    times: Sequence[str],
) -> Load:
    """Measures once. Args: times: further arguments. Raises: LoadFailed."""
    command = [str(program), *workload.arguments, "--port", str(server.port)]
    command += ["--adapter", str(inputs.adapter), "--tokens", str(inputs.tokens)]
    if inputs.rooms is not None:
        command += ["--room-names", str(inputs.rooms)]
    command += ["--server-pids", ",".join(map(str, server.pids)), "--pg-pids", str(postgres)]
    try:
        done = subprocess.run(
            [*command, *times],
            capture_output=True,
            text=True,
            timeout=LOAD_SECONDS_MOST,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise LoadFailed(f"not done within {LOAD_SECONDS_MOST:.0f} s") from None
    if done.returncode not in (0, 1) or not done.stdout.strip():
        raise LoadFailed(done.stderr.strip()[-500:])
    load = msgspec.json.decode(done.stdout, type=Load)
    return msgspec.structs.replace(load, complaint=done.stderr.strip()[:500])


def raise_open_files() -> None:
    """As many open files as this process may have: thousands of websockets need them, on both sides."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def wait_until_quiet(seconds_most: float) -> None:
    """Lets others on this machine finish first: our servers are idle now, so whatever is busy is not ours."""
    end = time.monotonic() + seconds_most
    while time.monotonic() < end:
        before, began = _busy_seconds(), time.monotonic()
        time.sleep(QUIET_SECONDS)
        if (_busy_seconds() - before) / (time.monotonic() - began) < QUIET_CORES:
            return


def _busy_seconds() -> float:
    fields = [int(one) for one in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / TICKS
