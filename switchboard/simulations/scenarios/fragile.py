"""The engine and its database come and go every few minutes, and many commits are unknown."""

from __future__ import annotations

from switchboard.simulations.scenarios.scenario import Scenario

FRAGILE = Scenario(
    name="fragile",
    about="kills, stops and outages every few minutes, many lost answers",
    operators=0.4,
    wants_every_seconds=600.0,
    outage_every_seconds=600.0,
    lost_answers=0.03,
    late_commits=0.02,
    life_seconds=450.0,
    faults={
        "kill": 1.0,
        "stop": 1.0,
        "zombie": 0.5,
        "outage": 1.0,
        "lost": 1.0,
        "late": 1.0,
        "slow": 1.0,
        "video": 1.0,
    },
)
