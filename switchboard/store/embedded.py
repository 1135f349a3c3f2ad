"""The embedded Postgres: a server of our own in the data folder, started, adopted, watched and stopped by us."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

import trio

from switchboard.engine.errors import StartError
from switchboard.store import embedded_process as processes
from switchboard.store.embedded_cluster import check_version, initialize
from switchboard.store.embedded_place import Place, locked, prepare, socket_folder, unusable

BACKOFF_FIRST_SECONDS = 0.1
BACKOFF_MOST_SECONDS = 5.0
"""As the design has it for actors; the first is longer because backends need a moment to follow their parent."""
SETTLED_SECONDS = 60.0
"""A server that lived so long starts with the first back-off again; the period of the restart intensity."""
LOG_LOOK_SECONDS = 3600.0
"""How often the size of the server's log is looked at: 5 MB an hour would be 1,400 bytes a second."""


class Log(Protocol):
    """Takes one event of the server's life."""

    def __call__(self, event: str, /, **fields: object) -> None:
        """Writes it down; must not raise."""


class EmbeddedPostgres:
    """A running server. ``url`` stays the same while it is open, also when the server is started again."""

    def __init__(self, place: Place, socket_folder: Path, log: Log) -> None:
        self._place = place
        self._socket_folder = socket_folder
        self._log = log
        self._pid = 0
        self._process: trio.Process | None = None
        # Set, and replaced by a new one, whenever the server has begun to take connections.
        self._begun = trio.Event()

    @property
    def url(self) -> str:
        """The DSN for asyncpg, with the password: for the process, not for a log."""
        return self.url_of("switchboard")

    @property
    def pid(self) -> int:
        """The server's process."""
        return self._pid

    @property
    def log_file(self) -> Path:
        """Where the server writes its own log."""
        return self._place.log_file

    def url_of(self, database: str) -> str:
        """The DSN of another database of the same server."""
        host = quote(str(self._socket_folder), safe="")
        return f"postgresql://switchboard:{self._place.password}@/{database}?host={host}"

    async def wait_other_than(self, pid: int) -> None:
        """Returns when a server with another process number than ``pid`` takes connections."""
        while self._pid == pid:
            await self._begun.wait()

    async def begin(self) -> None:
        """Adopts the server that runs already, or starts one. Raises: StartError."""
        try:
            adopted = await self._adopt()
            if not adopted:
                await self._start()
        except processes.ServerExited as error:
            raise StartError(
                f"Postgres does not start: {error} (see {self._place.log_file})"
            ) from error
        # Before the next look, which may be cancelled: a server that is stopped was started.
        self._log("postgres_adopted" if adopted else "postgres_started", pid=self._pid)
        await processes.check_password(self._place, self._socket_folder)

    async def _adopt(self) -> bool:
        running = processes.found(self._place.cluster)
        if running is None:
            return False
        alive = partial(processes.is_server, running.pid, self._place.cluster)
        same = processes.program_of(running.pid) == self._place.program
        if running.status == "stopping" or not same or running.socket_folder != self._socket_folder:
            # On its way out, or of programs that were replaced meanwhile: it could not load its libraries any more.
            await processes.stop(running.pid, alive, self._place.log_file)
            return False
        try:
            await processes.accepting(self._place, running.pid, alive)
        except processes.ServerExited:
            return False
        self._now_is(running.pid, None)
        return True

    async def _start(self) -> None:
        await processes.forget_dead(self._place.cluster, self._socket_folder)
        process = await processes.launch(self._place, self._socket_folder)
        try:
            await processes.accepting(self._place, process.pid, lambda: process.poll() is None)
        except BaseException:
            # Also when cancelled: what was launched must not outlive us unknown. The stop is bounded.
            with trio.CancelScope(shield=True):
                await processes.stop_child(process, self._place.log_file)
            raise
        self._now_is(process.pid, process)

    def _now_is(self, pid: int, process: trio.Process | None) -> None:
        self._pid, self._process = pid, process
        self._begun.set()
        self._begun = trio.Event()

    async def watch(self) -> None:
        """Starts the server again whenever it dies; runs until cancelled."""
        backoff = BACKOFF_FIRST_SECONDS
        while True:
            began = trio.current_time()
            await self._ended()
            self._log("postgres_died", pid=self._pid, reason=processes.reason(self._place.log_file))
            if trio.current_time() - began > SETTLED_SECONDS:
                backoff = BACKOFF_FIRST_SECONDS
            backoff = await self._again(backoff)

    async def _ended(self) -> None:
        while True:
            with trio.move_on_after(LOG_LOOK_SECONDS):
                await processes.ended(self._pid)
                if self._process is not None:
                    await self._process.wait()
                return
            processes.limit_log(self._place.log_file)

    async def _again(self, backoff: float) -> float:
        """Tries until the server runs; returns the back-off for the next time."""
        while True:
            await trio.sleep(backoff)
            backoff = min(backoff * 2, BACKOFF_MOST_SECONDS)
            try:
                await self._start()
            except (processes.ServerExited, StartError, OSError) as error:
                self._log("postgres_start_failed", reason=str(error), again_seconds=backoff)
            else:
                self._log("postgres_restarted", pid=self._pid)
                return backoff

    async def end(self) -> None:
        """Stops the server, if one was begun, in order; bounded."""
        if self._pid == 0:
            return
        if self._process is not None:
            await processes.stop_child(self._process, self._place.log_file)
        else:
            alive = partial(processes.is_server, self._pid, self._place.cluster)
            await processes.stop(self._pid, alive, self._place.log_file)
        self._log("postgres_stopped", pid=self._pid)


async def _with_files(data_dir: Path) -> Place:
    """The place, with the database's files checked or made. Raises: StartError."""
    place = prepare(data_dir)
    try:
        if place.cluster.exists():
            await check_version(place)
            return place
        return replace(place, cluster=await initialize(place))
    except OSError as error:
        raise unusable(data_dir, error) from error


@asynccontextmanager
async def embedded_postgres(data_dir: Path, log: Log) -> AsyncIterator[EmbeddedPostgres]:
    """A Postgres of our own in ``data_dir``, made on first use and taking connections when the block is entered.

    A server that outlived a killed Switchboard is adopted. While the block runs the server is watched and started
    again if it dies; on leaving, also by cancellation, it is stopped.

    Args:
        data_dir: the data folder; made if needed, held against other processes.
        log: is told of each start, death and stop.
    Raises:
        StartError: one line on why there is no database.
    """
    with locked(data_dir):
        place = await _with_files(data_dir)
        running = processes.found(place.cluster)
        with socket_folder(place, running.socket_folder if running else None) as folder:
            server = EmbeddedPostgres(place, folder, log)
            failure: Exception | None = None
            try:
                await server.begin()
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(server.watch)
                    try:
                        yield server
                    except Exception as error:
                        # Raised again outside of the nursery, which would wrap it in a group.
                        failure = error
                    nursery.cancel_scope.cancel()
            finally:
                # The stop itself is bounded: three requests of STOP_SECONDS_MOST each.
                with trio.CancelScope(shield=True):
                    await server.end()
            if failure is not None:
                raise failure
