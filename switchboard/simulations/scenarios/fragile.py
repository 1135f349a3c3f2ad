"""The engine and its database come and go every few minutes, and many commits are unknown."""

from __future__ import annotations

from switchboard.simulations.scenarios.scenario import Scenario

FRAGILE = Scenario(
    name="fragile",
    about="restarts and outages every few minutes, many lost answers",
    operators=0.4,
    wants_every_seconds=600.0,
    outage_every_seconds=600.0,
    lost_answers=0.03,
    restart_every_seconds=450.0,
)
