"""Who does not rate is locked once the window is over, also across a kill, until the rating."""

from __future__ import annotations

from pathlib import Path

import httpx
from dropin_people import HERE, Someone, newcomer
from real_gigs import STEPS, Couple, couple, error_of, wait_until
from server_process import serve

SETTINGS = {"SWITCHBOARD_RATING_WINDOW_SECONDS": "1"}
LOCK_SECONDS_MOST = 10.0
"""For a window of one second to close, on a machine that is busy with other things."""
RATE_BY_CUSTOMER, RATE_BY_OPERATOR = STEPS[-2:]


def on_map(who: Someone) -> set[str]:
    """The accounts of the operators that somebody else sees near ``HERE``."""
    answer = who.get(f"/map/{HERE['latitude']}/{HERE['longitude']}")
    assert answer.status_code == 200, answer.text
    return {one["account"] for one in answer.json()}


def assert_locked(pair: Couple, owed: str, offered: str) -> None:
    """Both parties hear which gig they owe a rating, whatever gig they want next."""
    refusal = (403, "E_RATING_REQUIRED", {"gig": owed})
    assert error_of(pair.customer.post("/gigs", pair.place)) == refusal
    assert error_of(pair.operator.post("/gigs", pair.place)) == refusal
    accept = pair.operator.post(f"/gigs/claim/{offered}", {"response": "accept"})
    assert error_of(accept) == refusal


def test_who_does_not_rate_is_locked_after_the_window_until_the_rating(
    data_dir: Path, client: httpx.Client
) -> None:
    with serve(data_dir, **SETTINGS) as server:
        base = server.base()
        pair = couple(base, client)
        spare, other = newcomer(base, client, operator=True), newcomer(base, client)
        spare.online()
        # Offered to both operators while both are free; nobody has claimed it yet when the lock comes.
        offered = other.request()
        owed = pair.gig_until("purchased")
        wait_until(LOCK_SECONDS_MOST, lambda: pair.operator.id not in on_map(other))
        assert on_map(other) == {spare.id}
        assert_locked(pair, owed, offered)
        server.process.kill()

    with serve(data_dir, **SETTINGS) as server:
        for one in (pair.customer, pair.operator, spare, other):
            one.base = server.base()
        assert on_map(other) == {spare.id}
        assert_locked(pair, owed, offered)
        pair.assert_agreed(owed, "purchased")

        pair.taken(owed, RATE_BY_OPERATOR._replace(status="purchased"))
        assert on_map(other) == {spare.id, pair.operator.id}
        pair.operator.ok(f"/gigs/claim/{offered}", {"response": "accept"})
        # The rating of one party lifts nothing for the other.
        assert error_of(pair.customer.post("/gigs", pair.place))[:2] == (403, "E_RATING_REQUIRED")
        pair.taken(owed, RATE_BY_CUSTOMER._replace(status="voted"))
        pair.customer.request()
        assert server.end() == 0, server.output
