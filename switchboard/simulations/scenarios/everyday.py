"""Everything that can go wrong goes wrong now and then."""

from __future__ import annotations

from switchboard.simulations.scenarios.scenario import Scenario

EVERYDAY = Scenario(
    name="everyday",
    about="a city's usual troubles, each now and then",
    lost_answers=0.003,
    late_commits=0.001,
    dropped_messages=0.005,
    repeated_messages=0.01,
    faults={
        "kill": 0.5,
        "stop": 1.0,
        "outage": 1.0,
        "lost": 1.0,
        "late": 0.5,
        "slow": 1.0,
        "dropped": 1.0,
        "repeated": 0.5,
        "burst": 0.2,
        "video": 1.0,
    },
)
