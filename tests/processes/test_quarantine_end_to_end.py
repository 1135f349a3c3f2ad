"""A bug in one gig of a real server: what its caller sees, what the others see, and what the operator does about it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import server_with_a_bug
from dropin_people import newcomer
from server_process import ServerProcess, run, started


@pytest.fixture
def server(data_dir: Path) -> Iterator[ServerProcess]:
    """A server with the planted bug."""
    program = [sys.executable, server_with_a_bug.__file__, "serve", "--log-format", "json"]
    where = ["--data-dir", str(data_dir), "--bind", "127.0.0.1:0"]
    with started([*program, *where], {}) as process:
        process.base()
        yield process


def test_a_gig_that_crashes_is_quarantined_alone_and_released_from_the_command_line(
    server: ServerProcess, data_dir: Path
) -> None:
    base = server.base()
    with httpx.Client(timeout=20, trust_env=False) as client:
        operators = [newcomer(base, client, operator=True) for _ in range(2)]
        customers = [newcomer(base, client) for _ in range(2)]
        gigs = []
        for number, (operator, customer) in enumerate(zip(operators, customers, strict=True)):
            operator.online(north=number)
            gigs.append(customer.request(north=number))
            operator.ok(f"/gigs/claim/{gigs[-1]}", {"response": "accept"})
        customer, gig, path = customers[0], gigs[0], f"/gigs/confirm/{gigs[0]}"

        incidents = []
        for _ in range(6):
            answer = customer.post(path, {"paymentMethodNonce": "boom"})
            assert answer.status_code == 500
            [error] = answer.json()
            assert error["code"] == "E_SERVER_ERROR"
            assert "planted" not in answer.text
            incidents.append(error["data"]["id"])
        # The log is written before the answer, and read by a thread of ours, which may be a little behind.
        for incident in incidents:
            server.wait_for(f"session_crashed.*{incident}|{incident}.*session_crashed")
        crashes = [
            event
            for event in map(json.loads, filter(is_event, server.lines))
            if event["event"] == "session_crashed"
        ]
        assert [event["incident"] for event in crashes] == incidents
        assert all("a planted bug" in event["traceback"] for event in crashes)
        assert {event["id"] for event in crashes} == {gig}

        refused = customer.post(path)
        assert refused.status_code == 503
        assert "Retry-After" in refused.headers
        # The neighbour never noticed, and what is committed can still be read.
        assert customers[1].ok(f"/gigs/confirm/{gigs[1]}")["gig"]["status"] == "operatorEnroute"
        assert customer.status(gig) == "operatorFound"

        where = ("--data-dir", str(data_dir))
        listed = run("quarantine", "list", *where)
        assert gig in listed.stdout, listed.stderr
        released = run("sessions", "release", gig, *where)
        assert released.returncode == 0, released.stderr
        assert customer.ok(path)["gig"]["status"] == "operatorEnroute"
        assert gig not in run("quarantine", "list", *where).stdout

        timeline = run("sessions", "timeline", gig, *where)
        for step in ("GigRequested", "GigClaimed", "GigConfirmed"):
            assert step in timeline.stdout


def is_event(line: str) -> bool:
    """Whether the line is of the log and not of the greeting."""
    return line.startswith("{")
