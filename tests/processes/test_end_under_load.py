"""A server that ends, in order or not, while people use it: what it acknowledged is there after the next start."""

from __future__ import annotations

import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
from dropin_people import HERE
from real_gigs import REQUESTED, STEPS, Couple, couple, http_client
from server_process import lives, postgres_pid, serve

COUPLES = 4
STEPS_BEFORE_THE_END = 60
"""Each couple is then in its second or third gig."""
LOAD_SECONDS_MOST = 60.0
END_SECONDS_MOST = 10.0
"""The longest stop that is promised; requests under way get five seconds of it."""

STATUSES = (REQUESTED, *(step.status for step in STEPS))


class Walk:
    """One couple's gigs, one after another for as long as the server answers."""

    def __init__(self, pair: Couple, enough: threading.Semaphore) -> None:
        self.pair = pair
        self.acknowledged: dict[str, str] = {}
        """Gig -> the status that the last answer told; the last one may have gone one step further."""
        self._enough = enough

    def run(self) -> None:
        """Walks until the server ends."""
        try:
            while self._one_gig():
                pass
        except httpx.TransportError:
            # The server has ended: what was under way is not acknowledged.
            return

    def _one_gig(self) -> bool:
        answer = self.pair.customer.post("/gigs", self.pair.place)
        if not self._answered(answer):
            return False
        gig = answer.json()["gig"]["id"]
        for step in STEPS:
            sign = {"lat": self.pair.place["latitude"], "lng": HERE["longitude"], "gigId": gig}
            if not self._answered(self.pair.operator.post("/map", sign), counts=False):
                return False
            if not self._answered(self.pair.take(gig, step)):
                return False
        return True

    def _answered(self, answer: httpx.Response, *, counts: bool = True) -> bool:
        """Notes what was acknowledged. Returns: whether it was, and not refused because the server ends."""
        assert answer.status_code in (200, 503), answer.text
        if answer.status_code == 503:
            return False
        if counts:
            gig = answer.json()["gig"]
            self.acknowledged[gig["id"]] = gig["status"]
            self._enough.release()
        return True

    def assert_kept(self) -> None:
        """Every gig is where its last answer left it, the last one at most one step further."""
        *_, last = self.acknowledged
        for gig, status in self.acknowledged.items():
            allowed = {status}
            if gig == last:
                allowed |= {after for before, after in pairwise(STATUSES) if before == status}
            assert self.pair.customer.status(gig) in allowed


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_server_that_ends_under_load_keeps_all_that_it_acknowledged(
    data_dir: Path, number: signal.Signals
) -> None:
    code = 0 if number == signal.SIGTERM else -number
    enough = threading.Semaphore(0)
    with http_client() as client, ThreadPoolExecutor(COUPLES) as pool:
        with serve(data_dir) as server:
            walks = [
                Walk(couple(server.base(), client, north=number), enough)
                for number in range(COUPLES)
            ]
            running = [pool.submit(walk.run) for walk in walks]
            for _ in range(STEPS_BEFORE_THE_END):
                assert enough.acquire(timeout=LOAD_SECONDS_MOST), server.output
            database = postgres_pid(data_dir)
            asked = time.monotonic()
            assert server.end(number) == code, server.output
            assert time.monotonic() - asked < END_SECONDS_MOST
            for one in running:
                one.result(LOAD_SECONDS_MOST)
        assert lives(database) is (number == signal.SIGKILL)
        assert "Traceback" not in server.output
        with serve(data_dir) as server:
            for walk in walks:
                walk.pair.move_to(server.base())
                walk.assert_kept()
            assert server.end() == 0, server.output
        assert not lives(database)
