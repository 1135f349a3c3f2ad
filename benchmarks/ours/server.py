"""Switchboard in the comparison: ``switchboard serve`` as anybody runs it, on the common Postgres."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import trio

from benchmarks.ours.filling import Filling, People
from benchmarks.ours.issuing import issue_tokens
from benchmarks.server import ADAPTERS, Inputs, Running, Sitting, Stored
from benchmarks.work import HERE
from benchmarks.workloads import Kind, Workload
from switchboard.processes import free_port, running, switchboard_command

DATABASE = "switchboard_measured"

TOKENS_SECONDS_MOST = 1800.0
"""Half of the life of ally's tokens: what is read by one load lasts longer than that."""

KINDS: tuple[Kind, ...] = ("W1", "W2", "W3", "W4", "W5")


@dataclass(kw_only=True)
class Switchboard:
    """One process with all its guards, on a folder of its own; only database and access log are not the default."""

    name: str = "switchboard"
    title: str = "Switchboard"
    rest: str = "company"
    """The dialect that takes W3's messages."""
    kinds: tuple[Kind, ...] = KINDS
    _people: People | None = field(default=None, init=False)
    _issued_at: float = field(default=0.0, init=False)

    def lacks(self) -> str | None:
        """Nothing: it runs in the environment of this program."""
        return None

    def measures(self, workload: Workload) -> bool:
        """Whether it takes part."""
        return workload.kind in self.kinds

    def stored(self, workload: Workload) -> Stored:
        """A message's own row, which is its journal entry."""
        return Stored(self._database, "message", "convert_from(body, 'UTF8')", "at")

    def prepare(self, sitting: Sitting) -> None:
        """A database and a data folder with everybody in it."""
        folder = self._folder(sitting)
        folder.mkdir()
        url = sitting.postgres.make(self._database)
        filling = Filling(str(folder / "data"), url, str(folder))
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.ours.filling"],
            input=msgspec.json.encode(filling),
            capture_output=True,
            cwd=HERE.parent,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"Switchboard was not filled:\n{done.stderr.decode()[-2000:]}")
        self._people = msgspec.json.decode(done.stdout, type=People)

    @contextmanager
    def running(self, sitting: Sitting) -> Iterator[Running]:
        """Its only process."""
        port, log = free_port(), self._folder(sitting) / "serve.log"
        command, settings = self.command(sitting, port), self.settings(sitting)
        with running(command, log, port, "/readyz", settings) as (pid, _):
            yield Running(port, (pid,))

    def command(self, sitting: Sitting, port: int) -> list[str]:
        """What starts it."""
        return switchboard_command(self._folder(sitting) / "data", port)

    def settings(self, sitting: Sitting) -> dict[str, str]:
        """All that is not as by default."""
        return {
            "SWITCHBOARD_DATABASE_URL": sitting.postgres.url(self._database),
            # As the peers are run.
            "SWITCHBOARD_ACCESS_LOG": "false",
        }

    def inputs(self, workload: Workload, sitting: Sitting) -> Inputs:
        """Adapter, tokens and rooms by kind."""
        folder = self._folder(sitting)
        self._issue(folder)
        if workload.kind == "W4":
            return Inputs(ADAPTERS / "switchboard-dropin.txt", folder / "dropin.tokens")
        if workload.kind == "W3":
            adapter = ADAPTERS / f"switchboard-{self.rest}.txt"
            return Inputs(adapter, folder / "company.tokens", folder / f"{self.rest}.rooms")
        group = f"ally-{workload.first_room}" if workload.kind == "W1" else "ally-pairs"
        adapter = ADAPTERS / "switchboard-ally.txt"
        return Inputs(adapter, folder / f"{group}.tokens", folder / f"{group}.rooms")

    def _issue(self, folder: Path) -> None:
        if self._issued_at and time.monotonic() - self._issued_at < TOKENS_SECONDS_MOST:
            return
        assert self._people is not None, "prepared before it is measured"
        trio.run(issue_tokens, folder / "data", self._people, folder)
        self._issued_at = time.monotonic()

    def _folder(self, sitting: Sitting) -> Path:
        return sitting.folder / self.name

    @property
    def _database(self) -> str:
        return f"{DATABASE}_{self.rest}"
