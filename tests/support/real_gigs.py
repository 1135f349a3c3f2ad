"""Gigs on a real server, step by step, and what tests need to look at it from outside."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import httpx
from dropin_people import HERE, Someone, newcomer
from server_process import READY_SECONDS_MOST, lives, postgres_pid

from switchboard.store.embedded import EmbeddedPostgres
from switchboard.store.embedded_place import discard, prepare
from switchboard.store.embedded_process import found

LOOK_SECONDS = 0.02
"""Between two looks at a server, so that looking leaves it the processor."""
ANSWER_SECONDS_MOST = 20.0
"""The longest that a request may take: far more than any does, so that a hang ends."""
STOP_SECONDS_MOST = 60.0
"""The database's own stop is bounded by three times 20 seconds and takes 0.1."""


class Step(NamedTuple):
    """A call about a gig, and the status that it leads to."""

    name: str
    who: Literal["customer", "operator"]
    body: Any
    status: str


REQUESTED = "pendingOperator"

STEPS = (
    Step("claim", "operator", {"response": "accept"}, "operatorFound"),
    Step("confirm", "customer", None, "operatorEnroute"),
    Step("handshake", "operator", None, "handshaking"),
    Step("start", "customer", None, "streaming"),
    Step("stop", "customer", None, "purchased"),
    Step("rate", "customer", {"rating": 5}, "purchased"),
    Step("rate", "operator", {"rating": 4}, "voted"),
)
"""With the request the eight calls of a gig's life."""


@dataclass
class Couple:
    """A customer and the operator who takes their gigs, at a place of their own."""

    customer: Someone
    operator: Someone
    north: float = 0.0

    @property
    def place(self) -> dict[str, Any]:
        """The body of a request from there."""
        return {**HERE, "latitude": HERE["latitude"] + self.north, "deviceId": "phone"}

    def move_to(self, base: str) -> None:
        """Both talk to the server there from now on."""
        self.customer.base = self.operator.base = base

    def take(self, gig: str, step: Step) -> httpx.Response:
        """The answer to that step."""
        who = self.customer if step.who == "customer" else self.operator
        return who.post(f"/gigs/{step.name}/{gig}", step.body)

    def taken(self, gig: str, step: Step) -> None:
        """Takes the step, which must succeed."""
        answer = self.take(gig, step)
        assert answer.status_code == 200, f"{step.name}: {answer.status_code} {answer.text}"
        assert answer.json()["gig"]["status"] == step.status, step.name

    def gig_until(self, status: str) -> str:
        """A new gig that has come to that status for the first time."""
        gig = self.customer.request(self.north)
        for step in STEPS:
            self.taken(gig, step)
            if step.status == status:
                return gig
        raise AssertionError(f"no step leads to {status}")

    def assert_agreed(self, gig: str, status: str) -> None:
        """The detail and the list of both parties show the gig in that status."""
        for who in (self.customer, self.operator) if status != REQUESTED else (self.customer,):
            assert who.status(gig) == status
            listed = who.get(f"/gigs/{who.id}/getall").json()
            assert [one["status"] for one in listed if one["id"] == gig] == [status]


def couple(base: str, client: httpx.Client, north: float = 0.0) -> Couple:
    """A new customer, and a new operator who is online nearby."""
    operator = newcomer(base, client, operator=True)
    operator.online(north)
    return Couple(newcomer(base, client), operator, north)


def http_client() -> httpx.Client:
    """A client for servers of this machine; threads may share it."""
    limits = httpx.Limits(max_connections=None)
    return httpx.Client(timeout=ANSWER_SECONDS_MOST, trust_env=False, limits=limits)


def wait_until(seconds: float, question: Callable[[], bool]) -> None:
    """Asks until the answer is yes. Raises: AssertionError after that time."""
    deadline = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < deadline, f"still not so after {seconds} s"
        time.sleep(LOOK_SECONDS)


def error_of(answer: httpx.Response) -> tuple[int, str, Any]:
    """The HTTP status, the code and the data of a refusal."""
    [error] = answer.json()
    return answer.status_code, error["code"], error.get("data")


def new_postgres_pid(folder: Path, pattern: str) -> int:
    """The process of the one embedded database that is being started somewhere in that folder.

    Its file is there before its number is in it.
    """
    wait_until(
        READY_SECONDS_MOST, lambda: any(found.read_text().split() for found in folder.glob(pattern))
    )
    [file] = folder.glob(pattern)
    return int(file.read_text().split()[0])


@contextmanager
def data_folder(parent: Path | None = None) -> Iterator[Path]:
    """A data folder that goes with all that servers left behind in it, a running database included.

    Not below pytest's own folders: nobody but their owner may enter them, so that as root the database's files would
    be kept elsewhere, and stay.
    """
    folder = Path(tempfile.mkdtemp(prefix="switchboard-tests-", dir=parent))
    try:
        yield folder
    finally:
        if (folder / "postgres/postmaster.pid").exists() and lives(pid := postgres_pid(folder)):
            os.kill(pid, signal.SIGINT)
            wait_until(STOP_SECONDS_MOST, lambda: not lives(pid))
        if (folder / "postgres").exists():
            discard(folder / "postgres")
        shutil.rmtree(folder)


def database_url(data_dir: Path) -> str:
    """The DSN of the embedded database that runs in that data folder."""

    def log(_event: str, /, **_fields: object) -> None:
        """Nothing is started here, so nothing happens that would be told."""

    place = prepare(data_dir)
    running = found(place.cluster)
    assert running is not None, "no database runs there"
    return EmbeddedPostgres(place, running.socket_folder, log).url
