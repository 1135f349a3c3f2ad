"""A server that is killed between any two steps of a gig goes on where its last answer left the gig."""

from __future__ import annotations

from pathlib import Path

import httpx
from real_gigs import REQUESTED, STEPS, Couple, Step, couple
from server_process import ServerProcess, lives, postgres_pid, serve

KEY = "the-request"


def request(pair: Couple) -> str:
    """The id of the gig that this key's request made: the same one each time."""
    answer = pair.customer.post("/gigs", pair.place, key=KEY)
    assert answer.status_code == 200, answer.text
    gig = answer.json()["gig"]
    assert gig["status"] == REQUESTED
    return str(gig["id"])


def kill(server: ServerProcess) -> None:
    """Ends it as the kernel does when memory runs out."""
    server.process.kill()
    server.wait()


def killed_after(pair: Couple, gig: str, step: Step, data_dir: Path) -> None:
    """Starts the server again, repeats the last step, takes the next one and kills the server."""
    before = STEPS[STEPS.index(step) - 1] if step != STEPS[0] else None
    with serve(data_dir, "--log-format", "console") as server:
        pair.move_to(server.base())
        assert "postgres_adopted" in server.output
        pair.assert_agreed(gig, before.status if before else REQUESTED)
        if before:
            # Whoever did not hear the answer asks again.
            pair.taken(gig, before)
        else:
            assert request(pair) == gig
        pair.taken(gig, step)
        kill(server)


def test_a_gig_survives_a_kill_between_any_two_of_its_eight_calls(
    data_dir: Path, client: httpx.Client
) -> None:
    with serve(data_dir) as server:
        pair = couple(server.base(), client)
        gig = request(pair)
        kill(server)
    database = postgres_pid(data_dir)
    for step in STEPS:
        assert lives(database)
        killed_after(pair, gig, step, data_dir)
    with serve(data_dir) as server:
        pair.move_to(server.base())
        pair.assert_agreed(gig, "voted")
        pair.taken(gig, STEPS[-1])
        assert pair.customer.request() != gig
        assert postgres_pid(data_dir) == database
        assert server.end() == 0, server.output
    assert not lives(database)
