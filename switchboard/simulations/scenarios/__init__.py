"""The kinds of day that can be simulated, one file each. ``SCENARIOS`` finds them by name."""

from __future__ import annotations

from collections.abc import Mapping

from switchboard.simulations.scenarios.calm import CALM
from switchboard.simulations.scenarios.everyday import EVERYDAY
from switchboard.simulations.scenarios.fragile import FRAGILE
from switchboard.simulations.scenarios.rush import RUSH
from switchboard.simulations.scenarios.scenario import Scenario
from switchboard.simulations.scenarios.storm import STORM

SCENARIOS: Mapping[str, Scenario] = {
    one.name: one for one in (STORM, EVERYDAY, CALM, RUSH, FRAGILE)
}

__all__ = ["CALM", "EVERYDAY", "FRAGILE", "RUSH", "SCENARIOS", "STORM", "Scenario"]
