"""Many customers and few operators in one quarter, everybody in a hurry: claims collide."""

from __future__ import annotations

from switchboard.simulations.scenarios.scenario import Scenario

RUSH = Scenario(
    name="rush",
    about="few operators, everybody in a hurry, slow commits",
    operators=0.2,
    both=0.25,
    radius_km=3.0,
    wants_every_seconds=240.0,
    meddling=0.15,
    slow_calls=0.3,
    outage_every_seconds=3600.0,
    life_seconds=3600.0,
    faults={
        "kill": 0.5,
        "stop": 0.5,
        "outage": 1.0,
        "lost": 1.0,
        "slow": 1.0,
        "dropped": 0.5,
        "repeated": 0.5,
        "burst": 0.3,
        "video": 1.0,
    },
)
