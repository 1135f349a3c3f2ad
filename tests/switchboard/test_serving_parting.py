"""Answers of a server that is about to end say so."""

from __future__ import annotations

import pytest
import trio

from switchboard.serving import Parting

CLOSE = (b"connection", b"close")


@pytest.mark.parametrize("number", [0, 1])
def test_only_answers_given_after_the_stop_or_the_engines_end_end_their_connection(
    number: int,
) -> None:
    reasons = trio.Event(), trio.Event()
    config = Parting(*reasons)
    assert CLOSE not in config.response_headers("h11")
    reasons[number].set()
    assert CLOSE in config.response_headers("h11")


def test_protocols_that_know_no_such_header_are_left_alone() -> None:
    stop = trio.Event()
    stop.set()
    assert CLOSE not in Parting(stop).response_headers("h2")
