"""What fell due while the server was down: the customer's timeout has struck, the stream has not been silent."""

from __future__ import annotations

import datetime
import time
from pathlib import Path

import httpx
from dropin_people import newcomer
from real_gigs import couple, error_of, wait_until
from server_process import serve

CLAIM_SECONDS = 4
WATCHDOG_SECONDS = 6
"""Shorter than the downtime of the test, and longer than the looks right after the start take on a busy machine."""
SETTINGS = {
    "SWITCHBOARD_CLAIM_TIMEOUT_SECONDS": str(CLAIM_SECONDS),
    "SWITCHBOARD_WATCHDOG_SECONDS": str(WATCHDOG_SECONDS),
}
FIRED_SECONDS_MOST = WATCHDOG_SECONDS
"""The promise is one second; how long it takes is measured elsewhere, a test only has to end."""
END_SECONDS_MOST = WATCHDOG_SECONDS + 10.0
"""For the watchdog to end a gig, on a machine that is busy with other things."""


def stay_down(data_dir: Path, until: float) -> None:
    """Starts that are killed before they are ready, one after the other, until that moment."""
    while time.monotonic() < until:
        with serve(data_dir, "--log-format", "console", **SETTINGS) as server:
            server.wait_for("postgres_adopted")
            server.process.kill()


def moment(text: str) -> float:
    """An instant of an answer, in seconds since the epoch."""
    return datetime.datetime.fromisoformat(text).timestamp()


def test_after_a_downtime_overdue_requests_have_expired_and_streams_go_on(
    data_dir: Path, client: httpx.Client
) -> None:
    with serve(data_dir, **SETTINGS) as server:
        pair = couple(server.base(), client)
        other = couple(server.base(), client, north=1)
        last = newcomer(server.base(), client)
        streaming = pair.gig_until("streaming")
        claimed_late = other.customer.request(other.north)
        unclaimed = last.request(other.north)
        server.process.kill()
    stay_down(data_dir, time.monotonic() + WATCHDOG_SECONDS + 0.5)

    launched = time.time()
    with serve(data_dir, **SETTINGS) as server:
        base = server.base()
        for one in (pair, other):
            one.move_to(base)
        last.base = base
        assert server.get("/readyz").status_code == 200
        late = other.operator.post(f"/gigs/claim/{claimed_late}", {"response": "accept"})
        assert error_of(late) == (409, "E_CONFLICT", {"status": "expired"})
        wait_until(FIRED_SECONDS_MOST, lambda: last.status(unclaimed) == "expired")
        assert pair.customer.status(streaming) == "streaming"

        wait_until(END_SECONDS_MOST, lambda: pair.customer.status(streaming) == "terminated")
        gig = pair.customer.get(f"/gigs/{pair.customer.id}/{streaming}").json()["gig"]
        assert moment(gig["stoppedAt"]) >= launched + WATCHDOG_SECONDS
        pair.assert_agreed(streaming, "terminated")
        # What ended by itself holds nobody back.
        for customer in (other.customer, last):
            customer.request(other.north)
        assert server.end() == 0, server.output
