"""A quarter of an hour in which everything happens: few people in a hurry, every fault likely. Cheap, so run many."""

from __future__ import annotations

from switchboard.engine.ports import Capacity
from switchboard.simulations.faults import FAULTS
from switchboard.simulations.scenarios.scenario import Scenario

LIKELY = 0.7
"""Each fault is in so many of the worlds: all thirteen together in one of a hundred, and each pair in half of them."""

STORM = Scenario(
    name="storm",
    about="some people in a hurry for a quarter of an hour, every fault likely",
    people=6,
    hours=0.2,
    brisk=True,
    # Small enough for a burst of some dozens to overflow them.
    capacity=Capacity(mailbox=16, turn=8, snapshot_every=6, idle_seconds=15.0),
    queue_most=8,
    operators=0.35,
    both=0.25,
    radius_km=3.0,
    wants_every_seconds=40.0,
    shift_seconds=200.0,
    meddling=0.15,
    slow_calls=0.1,
    outage_every_seconds=180.0,
    outage_seconds_most=12.0,
    lost_answers=0.04,
    late_commits=0.03,
    life_seconds=100.0,
    down_seconds_most=8.0,
    buggy_sessions=0.15,
    burst_every_seconds=240.0,
    burst_people=30,
    video_failures=0.05,
    faults=dict.fromkeys(FAULTS, LIKELY),
)
