"""The kinds of day that can be simulated, one file each. ``SCENARIOS`` finds them by name."""

from __future__ import annotations

from collections.abc import Mapping

from switchboard.simulations.scenarios.calm import CALM
from switchboard.simulations.scenarios.crowd import CROWD
from switchboard.simulations.scenarios.everyday import EVERYDAY
from switchboard.simulations.scenarios.fragile import FRAGILE
from switchboard.simulations.scenarios.release import RELEASE
from switchboard.simulations.scenarios.rush import RUSH
from switchboard.simulations.scenarios.scenario import Scenario
from switchboard.simulations.scenarios.storm import STORM

SCENARIOS: Mapping[str, Scenario] = {
    one.name: one for one in (STORM, EVERYDAY, CALM, RUSH, FRAGILE, CROWD, RELEASE)
}

__all__ = [
    "CALM",
    "CROWD",
    "EVERYDAY",
    "FRAGILE",
    "RELEASE",
    "RUSH",
    "SCENARIOS",
    "STORM",
    "Scenario",
]
