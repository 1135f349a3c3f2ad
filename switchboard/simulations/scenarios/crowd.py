"""Hundreds call one session at one moment, again and again, while the database is slow."""

from __future__ import annotations

from dataclasses import replace

from switchboard.simulations.scenarios.storm import STORM

CROWD = replace(
    STORM,
    name="crowd",
    about="hundreds at one session at one moment, and a slow database",
    slow_calls=0.5,
    burst_every_seconds=30.0,
    burst_people=200,
    faults={"burst": 1.0, "slow": 1.0, "stop": 0.5, "kill": 0.5, "crash": 0.5},
)
