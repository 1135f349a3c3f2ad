"""What tests of every part share: one embedded Postgres a run, and a fresh database a test."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest
import trio

pytest_plugins = ["planted_faults"]

STOP_SECONDS_MOST = 60.0
"""The server's own stop is bounded by three times 20 seconds and takes 0.1."""
START_SECONDS_MOST = 60.0
"""As the server's own limit for recovery after a crash."""
LOOK_SECONDS = 0.02
"""How often a server that was killed is looked for; it is back after 0.2 seconds."""
DATABASE_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class PostgresServer:
    """The server of this run. A test may ``kill`` it: it is started again by itself, and is to be waited for."""

    url: str
    data_dir: Path

    @property
    def pid(self) -> int:
        """The server's process while it runs; another one after each restart."""
        return int((self.data_dir / "postgres/postmaster.pid").read_text().split()[0])

    def url_of(self, database: str) -> str:
        """The DSN of another database of this server."""
        return self.url.replace("/switchboard?", f"/{database}?")

    def kill(self) -> None:
        """Ends the server's process without a warning, as the kernel does when memory runs out."""
        os.kill(self.pid, signal.SIGKILL)

    async def wait_ready(self) -> None:
        """Returns when the server takes connections; for asynchronous tests that have killed it."""
        await trio.to_thread.run_sync(asyncio.run, _execute(self.url, "SELECT 1"))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """An embedded Postgres in a temporary folder, shared by the whole run."""
    command = [sys.executable, str(Path(__file__).with_name("postgres_for_tests.py"))]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            url, _, data_dir = process.stdout.readline().strip().rpartition(" ")
            assert url, "the embedded Postgres did not start; its error is above"
            yield PostgresServer(url, Path(data_dir))
        finally:
            process.stdin.close()
            process.wait(STOP_SECONDS_MOST)


@pytest.fixture
def database_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The DSN of an empty database of this test's own, which is dropped afterwards."""
    name = f"test_{next(DATABASE_NUMBERS)}"
    asyncio.run(_execute(postgres_server.url, f"CREATE DATABASE {name} TEMPLATE template0"))
    yield postgres_server.url_of(name)
    asyncio.run(_execute(postgres_server.url, f"DROP DATABASE {name} WITH (FORCE)"))


async def _execute(url: str, statement: str) -> None:
    connection = await _connect(url)
    await connection.execute(statement, timeout=START_SECONDS_MOST)
    await connection.close()


async def _connect(url: str) -> asyncpg.Connection[asyncpg.Record]:
    """A connection, once the server takes them: a test may have killed it."""
    async with asyncio.timeout(START_SECONDS_MOST):
        while True:
            try:
                return await asyncpg.connect(url, timeout=START_SECONDS_MOST)
            except (OSError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError):
                await asyncio.sleep(LOOK_SECONDS)
