"""A release that broke sessions of every kind: most of them crash, and none is to be released by hand for it."""

from __future__ import annotations

from dataclasses import replace

from switchboard.simulations.scenarios.storm import STORM

RELEASE = replace(
    STORM,
    name="release",
    about="a release with a bug in most sessions, and a breaker that opens soon",
    people=12,
    # So few that a small world comes to that: the shipped bound would take hundreds of people.
    capacity=replace(STORM.capacity, quarantines_most=2),
    buggy_sessions=0.8,
    faults={"crash": 1.0},
)
