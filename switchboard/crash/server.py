"""A server that a trial may kill, freeze and start again."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import trio

from switchboard.loopback import Lost, Unreachable, connect, request
from switchboard.processes import launch
from switchboard.store.embedded_process import ended

READY_SECONDS_MOST = 120.0
"""A first start makes a database; a start after a crash waits for recovery, sixty seconds at most."""

END_SECONDS_MOST = 120.0
"""For a process that was asked to end: far beyond what is promised, so that the trial ends too."""

PUT_AWAY_SECONDS_MOST = 30.0
"""For a stop in order of a server and its Postgres, three times what is promised; then it is killed."""

LOOK_SECONDS = 0.02
"""How often a starting server is asked whether it is ready, as the database's own start is watched."""

LAST_LINES_BYTES = 4096
"""Of a log, for a message."""


class ServerEnded(Exception):
    """The server ended instead of becoming ready; the text is the end of what it wrote."""


class Server:
    """One server after the other with the same command, folder and port."""

    def __init__(
        self, command: Sequence[str], port: int, log_folder: Path, settings: Mapping[str, str]
    ) -> None:
        self.port = port
        self._command = command
        self._log_folder = log_folder
        self._settings = settings
        self._starts = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """Where the latest one writes to."""
        return self._log_folder / f"serve-{self.port}-{self._starts}.log"

    @property
    def alive(self) -> bool:
        """Whether it runs, frozen or not."""
        return self._process is not None and self._process.poll() is None

    async def start(self) -> float:
        """Starts it. Returns: the seconds until it was ready. Raises: ServerEnded, TooSlowError."""
        began = trio.current_time()
        self._starts += 1
        self._process = launch(self._command, self.log, self._settings)
        await self.ready()
        return trio.current_time() - began

    async def ready(self) -> None:
        """Returns when it takes commands. Raises: ServerEnded, TooSlowError."""
        with trio.fail_after(READY_SECONDS_MOST):
            while not await self._is_ready():
                if not self.alive:
                    raise ServerEnded(self.last_lines())
                await trio.sleep(LOOK_SECONDS)

    async def _is_ready(self) -> bool:
        try:
            connection = await connect(self.port)
        except Unreachable:
            return False
        try:
            return (await connection.exchange(request("GET", "/readyz", "", b""))).status == 200
        except Lost:
            return False
        finally:
            connection.close()

    def send(self, number: signal.Signals) -> None:
        """Sends it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    async def end(self, number: signal.Signals) -> int:
        """Sends the signal and waits. Returns: the exit code. Raises: TooSlowError."""
        self.send(number)
        return await self.wait()

    async def wait(self) -> int:
        """Its exit code, once it has ended. Raises: TooSlowError."""
        assert self._process is not None
        with trio.fail_after(END_SECONDS_MOST):
            await ended(self._process.pid)
        return self._process.wait()

    async def put_away(self) -> None:
        """Ends it, in order if it can, frozen or not, starting or not: half a start has processes of its own."""
        if self._process is None or not self.alive:
            return
        self.send(signal.SIGCONT)
        self.send(signal.SIGTERM)
        with trio.move_on_after(PUT_AWAY_SECONDS_MOST):
            await ended(self._process.pid)
        self._process.kill()
        self._process.wait()

    def last_lines(self) -> str:
        """The end of what it wrote."""
        with self.log.open("rb") as file:
            file.seek(-min(LAST_LINES_BYTES, os.fstat(file.fileno()).st_size), os.SEEK_END)
            return file.read().decode(errors="replace")
