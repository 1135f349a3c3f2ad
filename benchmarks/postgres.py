"""The one Postgres of a sitting: every server keeps its data there, each in a database of its own."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import trio

from switchboard.processes import free_port
from switchboard.store import embedded_process as processes
from switchboard.store.embedded_cluster import initialize
from switchboard.store.embedded_place import Place, prepare

SETTINGS = {
    # Durable for everybody: what is answered or delivered has been flushed.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    # Each server keeps a pool of ten or so, and all of them run at once.
    "max_connections": "200",
    "log_checkpoints": "off",
    "timezone": "UTC",
}

USER = "switchboard"


@dataclass(frozen=True, kw_only=True, slots=True)
class Postgres:
    """A running server on the loopback address."""

    place: Place
    port: int
    pid: int

    @property
    def password(self) -> str:
        """Of its only user."""
        return self.place.password

    def url(self, database: str) -> str:
        """Where clients find that database."""
        login = f"{USER}:{quote(self.password, safe='')}"
        return f"postgresql://{login}@127.0.0.1:{self.port}/{database}"

    def psql(self, database: str) -> list[str]:
        """The command that reads SQL from its input and writes bare rows; see ``environment``."""
        program = str(self.place.binaries / "psql")
        server = ["-h", "127.0.0.1", "-p", str(self.port), "-U", USER, "-d", database]
        return [program, "-XqAtw", "-v", "ON_ERROR_STOP=1", *server]

    @property
    def environment(self) -> dict[str, str]:
        """What ``psql`` needs in its environment."""
        return processes.ENVIRONMENT | {"PGPASSWORD": self.password}

    def run(self, database: str, sql: str) -> str:
        """What that SQL answers, a row a line. Raises: RuntimeError."""
        done = subprocess.run(
            self.psql(database),
            input=sql,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"psql failed: {done.stderr.strip()}")
        return done.stdout.strip()

    def make(self, database: str, schema: Sequence[Path] = ()) -> str:
        """A new database with that schema. Returns: its URL."""
        self.run("postgres", f'CREATE DATABASE "{database}"')
        for file in schema:
            self.run(database, file.read_text())
        return self.url(database)


@asynccontextmanager
async def postgres(folder: Path) -> AsyncIterator[Postgres]:
    """A new server in ``folder``, which is there and empty, for the length of the block. Raises: StartError."""
    place = prepare(folder)
    place = replace(place, cluster=await initialize(place))
    port = free_port()
    command = [str(place.program), "-D", str(place.cluster), "-h", "127.0.0.1", "-p", str(port)]
    command += ["-k", ""]
    for name, value in SETTINGS.items():
        command += ["-c", f"{name}={value}"]
    with place.log_file.open("ab") as log:
        process = await trio.lowlevel.open_process(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env=processes.ENVIRONMENT,
            # The terminal's Ctrl-C is for us, who end it last.
            start_new_session=True,
            **place.user.process_options(),
        )
    try:
        await processes.accepting(place, process.pid, lambda: process.poll() is None)
        yield Postgres(place=place, port=port, pid=process.pid)
    finally:
        with trio.CancelScope(shield=True):
            await processes.stop_child(process, place.log_file)
