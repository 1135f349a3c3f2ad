"""A server as people start it: a process of its own, watched from outside."""

from __future__ import annotations

import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx

READY_SECONDS_MOST = 60.0
"""A first start makes a database and hashes some passwords: about 4 s on an idle machine."""
END_SECONDS_MOST = 60.0

COMMAND = (sys.executable, "-m", "switchboard")


def environment(**settings: str) -> dict[str, str]:
    """Ours without any setting of a person's, and with these."""
    kept = {name: value for name, value in os.environ.items() if "SWITCHBOARD" not in name}
    return {**kept, **settings, "PYTHONUNBUFFERED": "1"}


class ServerProcess:
    """A running server. Its lines are read as they come, so that it never waits for us."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._fresh: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            self._fresh.put(line)
        self._fresh.put(None)

    @property
    def output(self) -> str:
        """All that it has written so far, to stdout and stderr."""
        return "\n".join(self.lines)

    def wait_for(self, pattern: str) -> re.Match[str]:
        """The first match in a line that comes or has come. Raises: AssertionError if the process ends before."""
        for line in list(self.lines):
            if found := re.search(pattern, line):
                return found
        while (fresh := self._fresh.get(timeout=READY_SECONDS_MOST)) is not None:
            if found := re.search(pattern, fresh):
                return found
        raise AssertionError(f"it ended without {pattern!r}:\n{self.output}")

    def base(self) -> str:
        """Its address, once it is ready."""
        return self.wait_for(r"ready on (http://\S+)")[1]

    def get(self, path: str) -> httpx.Response:
        """An answer of its, once it is ready."""
        return httpx.get(self.base() + path, timeout=10, trust_env=False)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Sends the signal; returns the exit code."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        """Its exit code, once it has ended and everything that it wrote was read."""
        code = self.process.wait(END_SECONDS_MOST)
        self._reader.join(END_SECONDS_MOST)
        return code


@contextmanager
def started(command: Sequence[str], settings: Mapping[str, str]) -> Iterator[ServerProcess]:
    """The process; if the block leaves it running it is asked to end, and killed if it does not."""
    process = subprocess.Popen(
        command,
        env=environment(**settings),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    server = ServerProcess(process)
    try:
        yield server
    finally:
        try:
            if process.poll() is None:
                server.end()
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        finally:
            server.wait()
            assert process.stdout is not None
            process.stdout.close()


def serve(data_dir: Path, *options: str, **settings: str) -> AbstractContextManager[ServerProcess]:
    """``switchboard serve`` on a free port."""
    command = [*COMMAND, "serve", "--data-dir", str(data_dir), "--bind", "127.0.0.1:0", *options]
    return started(command, settings)


def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """A command that ends by itself."""
    return subprocess.run(
        [*COMMAND, *arguments],
        env=environment(**settings),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=END_SECONDS_MOST,
        check=False,
    )


def postgres_pid(data_dir: Path) -> int:
    """The process of the embedded database of that folder."""
    return int((data_dir / "postgres/postmaster.pid").read_text().split()[0])


def lives(pid: int) -> bool:
    """Whether the process exists and is more than a record that its parent has not read yet."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"
