"""Is a message committed at the instant at which it is delivered, or its sender answered?

Another session of the database looks, for each message, as soon as it has arrived. And with all writes to the table
locked out, nothing may arrive at all: that would have been delivered without a commit.
"""

from __future__ import annotations

import http.client
import os
import subprocess
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from benchmarks.adapter import Adapter, filled
from benchmarks.postgres import Postgres
from benchmarks.server import Inputs, Running, Server, Sitting, Stored
from benchmarks.socket_client import Websocket
from benchmarks.workloads import ALL, Workload

MESSAGES = 200
"""Of each kind: one that is told before its commit would be seen in most of them."""

LOCKED_SECONDS = 1.5
"""Below every server's own time limits; a thousand times what a message takes."""

ANSWER_SECONDS_MOST = 15.0

NEWEST = 50
"""So many of the newest rows are looked through, which is quick whatever the table has."""


class Probed(NamedTuple):
    """What was found of one server."""

    server: str
    delivered: str
    """Of so many messages by websocket, how many were committed when they arrived; empty: it has no websocket."""
    early: str
    """Whether one arrived while it could not be committed."""
    answered: str
    """As ``delivered``, of messages by HTTP."""

    @property
    def passed(self) -> bool:
        """Whether nothing was told before its commit."""
        whole = {f"{MESSAGES}/{MESSAGES}", ""}
        return {self.delivered, self.answered} <= whole and self.early in ("no", "")


class Session:
    """A session of the database by a ``psql`` that stays: an answer within a fraction of a millisecond."""

    def __init__(self, postgres: Postgres, database: str) -> None:
        self._process = subprocess.Popen(
            postgres.psql(database),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=postgres.environment,
            text=True,
        )

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        # It ends with its input; this closes both ends and waits.
        self._process.communicate()

    def ask(self, sql: str) -> list[str]:
        """The rows of the answer. Raises: RuntimeError: the session has ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{sql};\n\\echo --\n")
        self._process.stdin.flush()
        rows: list[str] = []
        for line in self._process.stdout:
            if line.rstrip("\n") == "--":
                return rows
            rows.append(line.rstrip("\n"))
        raise RuntimeError("psql has ended")


def probe(some: Sequence[Server], sitting: Sitting) -> list[Probed]:
    """Looks at each server, which must have been prepared."""
    found = []
    for server in some:
        with server.running(sitting) as running:
            found.append(Probe(server, sitting, running).run())
    return found


class Probe:
    """The probe of one running server."""

    def __init__(self, server: Server, sitting: Sitting, running: Running) -> None:
        self._server = server
        self._sitting = sitting
        self._running = running
        self._mark = f"probe{os.getpid()}x"

    def run(self) -> Probed:
        """Websocket and HTTP, as far as the server has them."""
        delivered = early = answered = ""
        for work in ALL:
            if work.kind == "W2" and self._server.measures(work):
                delivered, early = self._websocket(work)
            elif work.kind == "W3" and self._server.measures(work):
                answered = self._rest(work)
        return Probed(self._server.title, delivered, early, answered)

    def _websocket(self, work: Workload) -> tuple[str, str]:
        inputs, stored = self._server.inputs(work, self._sitting), self._server.stored(work)
        adapter, values = Adapter(inputs.adapter), first_values(inputs)
        said = filled(adapter.get("ws_send"), **values)
        path, header = (filled(adapter.get(key), **values) for key in ("ws_path", "ws_header"))
        committed = 0
        with (
            closing(Websocket(self._running.port, path, header)) as socket,
            self._session(stored) as watching,
            self._session(stored) as locking,
        ):
            for sends, text in adapter.logins:
                if sends:
                    socket.send(filled(text, **values))
                else:
                    socket.wait_for(filled(text, **values), ANSWER_SECONDS_MOST)
            for number in range(MESSAGES):
                mark = f"{self._mark}{number:05d}"
                socket.send(said.replace("{body}", mark))
                socket.wait_for(mark, ANSWER_SECONDS_MOST)
                committed += seen(watching, stored, mark)
            early = self._locked_out(socket, locking, stored, said)
        return f"{committed}/{MESSAGES}", "yes" if early else "no"

    def _locked_out(self, socket: Websocket, locking: Session, stored: Stored, said: str) -> bool:
        mark = f"{self._mark}locked"
        locking.ask(f"BEGIN; LOCK TABLE {stored.table} IN EXCLUSIVE MODE")
        try:
            socket.send(said.replace("{body}", mark))
            socket.wait_for(mark, LOCKED_SECONDS)
        except TimeoutError:
            return False
        else:
            return True
        finally:
            locking.ask("ROLLBACK")

    def _rest(self, work: Workload) -> str:
        inputs, stored = self._server.inputs(work, self._sitting), self._server.stored(work)
        request, values = Adapter(inputs.adapter).rest, first_values(inputs)
        assert request is not None, "a server of W3 has messages by HTTP"
        path, committed = filled(request.path, **values), 0
        headers = {
            "Authorization": f"Bearer {values['token']}",
            "Content-Type": "application/json",
        }
        server = http.client.HTTPConnection("127.0.0.1", self._running.port, timeout=15)
        with closing(server) as connection, self._session(stored) as watching:
            for number in range(MESSAGES):
                mark = f"{self._mark}{number:05d}rest"
                body = filled(request.body, **values, body=mark)
                connection.request(request.method, path, body, headers)
                answer = connection.getresponse()
                said = answer.read()
                if answer.status != request.status:
                    raise RuntimeError(f"{path}: {answer.status} {said[:200]!r}")
                committed += seen(watching, stored, mark)
        return f"{committed}/{MESSAGES}"

    def _session(self, stored: Stored) -> Session:
        return Session(self._sitting.postgres, stored.database)


def first_values(inputs: Inputs) -> dict[str, str]:
    """What stands for user 1 and room 1 in an adapter."""
    token = first_line(inputs.tokens)
    room = "1" if inputs.rooms is None else first_line(inputs.rooms).split()[1]
    return {"token": token, "room": room, "user": "1"}


def first_line(file: Path) -> str:
    """Without its end."""
    return file.read_text().partition("\n")[0]


def seen(session: Session, stored: Stored, mark: str) -> bool:
    """Whether another session sees a message with that mark among the newest."""
    rows = session.ask(
        f"SELECT 1 FROM (SELECT {stored.column} AS said FROM {stored.table} "
        f"ORDER BY {stored.newest} DESC LIMIT {NEWEST}) AS newest WHERE said LIKE '%{mark}%'"
    )
    return bool(rows)


def durability(postgres: Postgres) -> dict[str, str]:
    """The settings on which a commit depends."""
    names = ("fsync", "synchronous_commit", "full_page_writes")
    return {name: postgres.run("postgres", f"SHOW {name}") for name in names}
