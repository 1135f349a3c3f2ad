"""What a comparison needs of a server, whoever made it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple, Protocol

from benchmarks.postgres import Postgres
from benchmarks.work import HERE
from benchmarks.workloads import Workload

ADAPTERS = HERE / "adapters"

SECRET = "only for benchmarks on the loopback address"
"""Signs the peers' tokens (HS256); no peer outlives its sitting."""


class Sitting(NamedTuple):
    """Where and on what the servers of one comparison run."""

    folder: Path
    """For databases, logs, tokens; removed at the end."""
    work: Path
    """With what is installed."""
    postgres: Postgres


class Running(NamedTuple):
    """A server that takes connections."""

    port: int
    pids: tuple[int, ...]
    """Whose CPU and memory count as the server's, with all their descendants."""


class Inputs(NamedTuple):
    """What the load generator reads for one workload."""

    adapter: Path
    tokens: Path
    """Line n is user n's."""
    rooms: Path | None = None
    """``NUMBER NAME`` for each room, where the server does not call it by its number."""


class Stored(NamedTuple):
    """Where a server keeps messages, for ``probe``."""

    database: str
    table: str
    column: str
    """SQL for the text of a row."""
    newest: str
    """The column by which the newest row is found."""


class Server(Protocol):
    """One column of the comparison."""

    @property
    def name(self) -> str:
        """As on the command line and in the results."""

    @property
    def title(self) -> str:
        """What it is, for tables."""

    def lacks(self) -> str | None:
        """What of this machine's programs is missing to run it; None: nothing."""

    def measures(self, workload: Workload) -> bool:
        """Whether it takes part in that."""

    def stored(self, workload: Workload) -> Stored:
        """Where what that workload sends ends up."""

    def prepare(self, sitting: Sitting) -> None:
        """Installs what is not there yet, makes its database. Raises: NotPrepared, RuntimeError."""

    def running(self, sitting: Sitting) -> AbstractContextManager[Running]:
        """Its process, for the length of the block."""

    def inputs(self, workload: Workload, sitting: Sitting) -> Inputs:
        """What the load generator is to send."""


class NotPrepared(Exception):
    """A server cannot take part; the text says why."""
