"""What the peers have in common: one schema, one JSON protocol, one kind of token."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import jwt

from benchmarks.peers.process import listening
from benchmarks.server import ADAPTERS, SECRET, Inputs, Running, Sitting, Stored
from benchmarks.work import HERE
from benchmarks.workloads import USERS, Workload
from switchboard.processes import free_port

DATABASE = "peers"
SCHEMA = HERE / "peers" / "schema.sql"

YEAR_2100 = 4102444800


@dataclass(kw_only=True)
class Peer:
    """A server that keeps rooms, messages and gigs in the common schema."""

    name: str
    title: str
    programs: tuple[str, ...] = ()
    """That must be installed."""
    only: tuple[str, ...] = ("",)
    """It takes part in the workloads whose labels begin with one of these."""
    environment: Mapping[str, str] = field(default_factory=dict)
    redis: bool = False
    """Whether it needs one, whose CPU is the server's."""

    def lacks(self) -> str | None:
        """The first program that is not installed."""
        programs = (*self.programs, *(("redis-server",) if self.redis else ()))
        return next((one for one in programs if shutil.which(one) is None), None)

    def measures(self, workload: Workload) -> bool:
        """Whether its label is among those it is for."""
        return workload.label.startswith(self.only)

    def stored(self, workload: Workload) -> Stored:
        """A row a message."""
        return Stored(DATABASE, "chat_message", "body", "id")

    def prepare(self, sitting: Sitting) -> None:
        """Makes the common database, unless another peer has."""
        self.install(sitting)
        tokens = self._tokens(sitting)
        if not tokens.exists():
            sitting.postgres.make(DATABASE, [SCHEMA])
            claims = ({"sub": str(user), "exp": YEAR_2100} for user in range(1, USERS + 1))
            lines = (f"{jwt.encode(claim, SECRET, 'HS256')}\n" for claim in claims)
            tokens.write_text("".join(lines))

    def install(self, sitting: Sitting) -> None:
        """What it needs in the work folder."""

    def command(self, sitting: Sitting, port: int) -> list[str]:
        """Starts it."""
        raise NotImplementedError

    @contextmanager
    def running(self, sitting: Sitting) -> Iterator[Running]:
        """One process, with Redis two."""
        settings = {
            "DATABASE_URL": sitting.postgres.url(DATABASE),
            "PEERS_SECRET": SECRET,
            "PYTHONDONTWRITEBYTECODE": "1",
            "NODE_ENV": "production",
            "NODE_PATH": str(sitting.work / "node" / "node_modules"),
            **self.environment,
        }
        with ExitStack() as stack:
            beside: tuple[int, ...] = ()
            if self.redis:
                port = free_port()
                settings["REDIS_URL"] = f"redis://127.0.0.1:{port}/0"
                command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1"]
                command += ["--save", "", "--appendonly", "no", "--dir", str(sitting.folder)]
                log = sitting.folder / f"{self.name}-redis.log"
                beside = (stack.enter_context(listening(command, log, port, {})),)
            port = free_port()
            settings["PORT"] = str(port)
            command, log = self.command(sitting, port), sitting.folder / f"{self.name}.log"
            pid = stack.enter_context(listening(command, log, port, settings))
            yield Running(port, (pid, *beside))

    def inputs(self, workload: Workload, sitting: Sitting) -> Inputs:
        """One adapter for all of them, and users by their numbers."""
        return Inputs(ADAPTERS / "json.txt", self._tokens(sitting))

    @staticmethod
    def _tokens(sitting: Sitting) -> Path:
        return sitting.folder / "peers.tokens"
