"""People in each other's way on one server: races have one winner, what was answered holds, a lock stops one gig."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest
from dropin_people import Someone, newcomer
from real_gigs import STEPS, Couple, couple, data_folder, database_url, error_of, wait_until
from server_process import serve

RACES = 25
ROUNDS = 15
"""Of each of the four ways in which a gig ends."""
CLAIM_SECONDS = 3
"""So that requests expire during the test, and far more than the claims of the other tests take."""
EXPIRED_SECONDS_MOST = 30.0
OTHERS = 20
"""People who have nothing to do with the gig that is locked."""
DATABASE_SECONDS_MOST = 20.0
"""For anything that the tests ask of the database themselves."""
RATE_BY_CUSTOMER, RATE_BY_OPERATOR = STEPS[-2:]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """The data folder of this file's server."""
    with data_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def base(folder: Path) -> Iterator[str]:
    """The address of this file's server."""
    settings = {"SWITCHBOARD_CLAIM_TIMEOUT_SECONDS": str(CLAIM_SECONDS)}
    with serve(folder, **settings) as server:
        yield server.base()


def at_once(calls: list[Callable[[], httpx.Response]]) -> list[httpx.Response]:
    """The answers to requests that are sent at the same moment, each by a thread of its own."""
    barrier = threading.Barrier(len(calls))

    def send(call: Callable[[], httpx.Response]) -> httpx.Response:
        barrier.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(send, calls))


# -- two operators ----------------------------------------------------------------------------------------------


def test_of_two_operators_who_accept_at_once_exactly_one_gets_the_gig(
    base: str, client: httpx.Client
) -> None:
    pair, north = couple(base, client, north=1), 1
    rival = newcomer(base, client, operator=True)
    rival.online(north)
    for _ in range(RACES):
        gig = pair.customer.request(north)

        def accept(who: Someone, gig: str = gig) -> httpx.Response:
            return who.post(f"/gigs/claim/{gig}", {"response": "accept"})

        operators = [pair.operator, rival]
        answers = at_once([lambda: accept(pair.operator), lambda: accept(rival)])
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        for who, answer in zip(operators, answers, strict=True):
            if answer.status_code == 200:
                assert who.status(gig) == "operatorFound"
            else:
                assert error_of(answer)[1:] == ("E_CONFLICT", {"status": "operatorFound"})
        pair.customer.ok(f"/gigs/cancel/{gig}")


# -- the answer holds at once -----------------------------------------------------------------------------------


@pytest.fixture
def free_pair(base: str, client: httpx.Client) -> Couple:
    """A couple with a second operator nearby, so that also the first one may ask for a gig."""
    north = 2
    newcomer(base, client, operator=True).online(north)
    return couple(base, client, north)


def assert_free(*people: Someone, north: float) -> None:
    """Each gets a new gig with the very next request, and gives it up again."""
    for who in people:
        who.ok(f"/gigs/cancel/{who.request(north)}")


def test_right_after_a_cancel_both_parties_may_ask_for_the_next_gig(free_pair: Couple) -> None:
    pair = free_pair
    for number in range(ROUNDS):
        gig = pair.gig_until(("operatorFound", "operatorEnroute", "handshaking")[number % 3])
        canceller = (pair.customer, pair.operator)[number % 2]
        canceller.ok(f"/gigs/cancel/{gig}")
        assert_free(pair.customer, pair.operator, north=pair.north)


def test_right_after_a_stop_both_parties_may_ask_for_the_next_gig(free_pair: Couple) -> None:
    pair = free_pair
    for _ in range(ROUNDS):
        pair.gig_until("purchased")
        assert_free(pair.operator, pair.customer, north=pair.north)


def test_right_after_a_rating_both_parties_may_ask_for_the_next_gig(free_pair: Couple) -> None:
    pair = free_pair
    for _ in range(ROUNDS):
        gig = pair.gig_until("purchased")
        pair.taken(gig, RATE_BY_CUSTOMER)
        assert_free(pair.customer, north=pair.north)
        pair.taken(gig, RATE_BY_OPERATOR)
        assert_free(pair.operator, north=pair.north)


def test_right_after_an_expiry_the_customer_may_ask_for_the_next_gig(
    base: str, client: httpx.Client
) -> None:
    north = 3
    newcomer(base, client, operator=True).online(north)
    customers = [newcomer(base, client) for _ in range(ROUNDS)]

    def expire(customer: Someone) -> None:
        gig = customer.request(north)
        wait_until(EXPIRED_SECONDS_MOST, lambda: customer.status(gig) == "expired")
        assert_free(customer, north=north)

    with ThreadPoolExecutor(ROUNDS) as pool:
        list(pool.map(expire, customers))


# -- a locked row -----------------------------------------------------------------------------------------------


@contextmanager
def row_locked(folder: Path, gig: str) -> Iterator[None]:
    """Another connection holds the gig's row, as a person in psql might."""
    with asyncio.Runner() as runner:
        connection = runner.run(
            asyncpg.connect(database_url(folder), command_timeout=DATABASE_SECONDS_MOST)
        )
        try:
            runner.run(connection.execute("BEGIN"))
            rows = runner.run(
                connection.fetch(
                    "SELECT id FROM session WHERE kind = 'gig' AND id = $1 FOR UPDATE", gig
                )
            )
            assert len(rows) == 1
            yield
            runner.run(connection.execute("ROLLBACK"))
        finally:
            runner.run(connection.close())


def test_a_gig_whose_row_is_locked_holds_up_nobody_else(
    base: str, folder: Path, client: httpx.Client
) -> None:
    north = 4
    pair = couple(base, client, north)
    gig = pair.gig_until("operatorFound")
    newcomer(base, client, operator=True).online(north)
    others = [newcomer(base, client) for _ in range(OTHERS)]

    def ask(who: Someone) -> Callable[[], httpx.Response]:
        return lambda: who.post("/gigs", pair.place)

    with row_locked(folder, gig):
        first, *rest = at_once(
            [lambda: pair.customer.post(f"/gigs/confirm/{gig}"), *map(ask, others)]
        )
        assert [answer.status_code for answer in rest] == [200] * OTHERS
        assert error_of(first)[:2] == (503, "E_BUSY")
        assert "Retry-After" in first.headers
        # What is committed can still be read, and the gig did not move.
        assert pair.customer.status(gig) == "operatorFound"
    assert pair.customer.ok(f"/gigs/confirm/{gig}")["gig"]["status"] == "operatorEnroute"
