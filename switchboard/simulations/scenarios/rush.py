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
    lost_answers=0.01,
    outage_every_seconds=3600.0,
    restart_every_seconds=3600.0,
)
