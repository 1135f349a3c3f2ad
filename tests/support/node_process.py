"""A Node process with real client libraries: commands go in as JSON lines, what happens comes out the same way."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

WAIT_SECONDS_MOST = 40.0
"""A client whose server was killed comes back after a second or, of some libraries, after 15 at the latest."""


class NodeProcess:
    """Its reader never waits for us."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._events: queue.Queue[Any] = queue.Queue()
        self.seen: list[Any] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._events.put(json.loads(line))

    def do(self, command: str, **more: Any) -> None:
        """A command."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"command": command, **more}) + "\n")
        self._process.stdin.flush()

    def wait(self, **wanted: Any) -> Any:
        """The next thing that happens with these; what comes before is kept in ``seen``."""
        while True:
            try:
                event = self._events.get(timeout=WAIT_SECONDS_MOST)
            except queue.Empty:
                raise AssertionError(f"{wanted} did not come after {self.seen[-8:]}") from None
            self.seen.append(event)
            if wanted.items() <= event.items():
                return event

    def came(self, since: int = 0, **wanted: Any) -> Any:
        """What has happened with these, or will: for things of several clients, whose order nobody knows.

        Args:
            since: a length that ``seen`` had.
        """
        for event in self.seen[since:]:
            if wanted.items() <= event.items():
                return event
        return self.wait(**wanted)


@contextmanager
def node(script: Path, modules: Path) -> Iterator[subprocess.Popen[str]]:
    """The script, with the folder of the libraries as its argument; killed at the end."""
    with subprocess.Popen(
        ["node", str(script), str(modules)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()
