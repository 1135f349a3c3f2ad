"""Everything that can go wrong goes wrong now and then."""

from __future__ import annotations

from switchboard.simulations.scenarios.scenario import Scenario

EVERYDAY = Scenario(
    name="everyday",
    about="outages, lost answers, restarts, all of it now and then",
    outage_every_seconds=2400.0,
    lost_answers=0.003,
    restart_every_seconds=3000.0,
)
