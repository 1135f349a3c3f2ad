"""Nothing goes wrong but what people do to each other, so timers are held to a narrow bound."""

from __future__ import annotations

from switchboard.simulations.scenarios.scenario import Scenario

CALM = Scenario(
    name="calm",
    about="no faults; deadlines within 2 s",
    # A turn under way may hold a timer up: at most two batches, each slow before its effect and after it (0.4 s).
    timer_late_most=2_000,
)
