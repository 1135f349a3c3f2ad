"""What a trial does to Postgres: its processes ended, at once or one by one, or frozen and thawed."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import trio

from switchboard.processes import tree
from switchboard.store.bridge import Connection, Database
from switchboard.store.embedded import EmbeddedPostgres
from switchboard.store.embedded_place import prepare
from switchboard.store.embedded_process import found, is_server, stop
from switchboard.store.postgres_backend import COMMAND_SECONDS_MOST, WATCH_SECONDS

COMMITTER, OWNER, POOL = "switchboard committer", "switchboard owner", "switchboard"
"""The names under which the server's connections are known to Postgres."""

BRIEFLY_SECONDS = 0.2, 1.5
"""How long something is frozen that is thawed before anybody gives it up."""

BEYOND_SECONDS = COMMAND_SECONDS_MOST + WATCH_SECONDS + 0.5
"""So long that the committer has given its backend up, and a commit lands late."""


class Postgres:
    """The embedded database of a data folder, from outside."""

    def __init__(self, data_dir: Path, chance: random.Random) -> None:
        self._place = prepare(data_dir)
        self.chance = chance
        running = found(self._place.cluster)
        assert running is not None, "the server has a database"
        # Looked up while it certainly runs; a database that is started again listens in the same folder.
        self.url = EmbeddedPostgres(self._place, running.socket_folder, _tell_nobody).url

    @property
    def pid(self) -> int | None:
        """The server's process while it runs."""
        running = found(self._place.cluster)
        return None if running is None else running.pid

    async def backends(self, name: str) -> list[int]:
        """The processes of connections with that name."""
        async with Database.open(self.url) as database:
            return await database.run(_pids, name)

    def signal_to(self, pids: Iterable[int], number: signal.Signals) -> None:
        """Sends a signal to those of them that still are processes of this database."""
        for pid in pids:
            if is_server(pid, self._place.cluster):
                os.kill(pid, number)

    @contextmanager
    def frozen(self, pids: list[int]) -> Iterator[None]:
        """They stand still for the length of the block."""
        self.signal_to(pids, signal.SIGSTOP)
        try:
            yield
        finally:
            self.signal_to(pids, signal.SIGCONT)


async def stop_left_behind(data_dir: Path) -> None:
    """Stops the embedded database of that folder, if one runs there; for leaving."""
    if not (data_dir / "postgres").exists():
        return
    place = prepare(data_dir)
    running = found(place.cluster)
    if running is not None:
        alive = partial(is_server, running.pid, place.cluster)
        await stop(running.pid, alive, place.log_file)


async def _pids(connection: Connection, name: str) -> list[int]:
    rows: list[Any] = await connection.fetch(
        "SELECT pid FROM pg_stat_activity WHERE application_name = $1 AND pid <> pg_backend_pid()",
        name,
    )
    return [row["pid"] for row in rows]


def _tell_nobody(_event: str, /, **_fields: object) -> None:
    """Nothing is started here."""


# -- faults -----------------------------------------------------------------------------------------------------


async def stop_at_once(postgres: Postgres) -> None:
    """As ``pg_ctl stop -m immediate``: no checkpoint, the next start recovers."""
    pid = postgres.pid
    if pid is not None:
        os.kill(pid, signal.SIGQUIT)


async def kill(postgres: Postgres) -> None:
    """The server's process is killed; its backends follow it."""
    pid = postgres.pid
    if pid is not None:
        os.kill(pid, signal.SIGKILL)


async def kill_a_backend(postgres: Postgres) -> None:
    """A backend is killed, upon which the server ends all others and recovers."""
    postgres.signal_to(await postgres.backends(COMMITTER), signal.SIGKILL)


def end_backends(name: str) -> Callable[[Postgres], Awaitable[None]]:
    """As ``pg_terminate_backend``."""

    async def end(postgres: Postgres) -> None:
        postgres.signal_to(await postgres.backends(name), signal.SIGTERM)

    return end


def freeze_backends(name: str) -> Callable[[Postgres], Awaitable[None]]:
    """They stand still for a moment."""

    async def freeze(postgres: Postgres) -> None:
        with postgres.frozen(await postgres.backends(name)):
            await trio.sleep(postgres.chance.uniform(*BRIEFLY_SECONDS))

    return freeze


async def freeze_committer_beyond(postgres: Postgres) -> None:
    """The committer gives up; what it had sent is read, and perhaps committed, afterwards."""
    with postgres.frozen(await postgres.backends(COMMITTER)):
        await trio.sleep(BEYOND_SECONDS)


async def freeze_everything(postgres: Postgres) -> None:
    """The server and all that it started stand still for a moment."""
    pid = postgres.pid
    if pid is not None:
        with postgres.frozen(tree(pid)):
            await trio.sleep(postgres.chance.uniform(*BRIEFLY_SECONDS))


class Fault(NamedTuple):
    """Something to do to Postgres, and how often, of the sum of all."""

    weight: int
    do: Callable[[Postgres], Awaitable[None]]


FAULTS: Mapping[str, Fault] = {
    "stopped at once": Fault(3, stop_at_once),
    "killed": Fault(1, kill),
    "a backend killed": Fault(2, kill_a_backend),
    "committer's backend ended": Fault(4, end_backends(COMMITTER)),
    "pool's backends ended": Fault(3, end_backends(POOL)),
    "owner's backend ended": Fault(1, end_backends(OWNER)),
    "committer's backend frozen": Fault(2, freeze_backends(COMMITTER)),
    "pool's backends frozen": Fault(2, freeze_backends(POOL)),
    "frozen as a whole": Fault(3, freeze_everything),
    "committer's backend frozen beyond its time": Fault(2, freeze_committer_beyond),
}


def drawn(chance: random.Random, count: int) -> list[str]:
    """So many faults by name: each once as far as they go, and by weight from there on."""
    names = list(FAULTS)
    chance.shuffle(names)
    weights = [FAULTS[name].weight for name in names]
    return names[:count] + chance.choices(names, weights, k=max(0, count - len(names)))
