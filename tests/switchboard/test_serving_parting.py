"""Answers of a server that is about to end say so."""

from __future__ import annotations

import trio

from switchboard.serving import Parting

CLOSE = (b"connection", b"close")


def test_only_answers_given_after_the_stop_was_asked_for_end_their_connection() -> None:
    stop = trio.Event()
    config = Parting(stop)
    assert CLOSE not in config.response_headers("h11")
    stop.set()
    assert CLOSE in config.response_headers("h11")


def test_protocols_that_know_no_such_header_are_left_alone() -> None:
    stop = trio.Event()
    stop.set()
    assert CLOSE not in Parting(stop).response_headers("h2")
