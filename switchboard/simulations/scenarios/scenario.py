"""What a scenario says of its city: who lives there, how often they want something, and what goes wrong."""

from __future__ import annotations

from dataclasses import dataclass

from switchboard.engine.clock import Milliseconds


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenario:
    """One kind of day. Times are seconds of simulated time, shares lie between 0 and 1."""

    name: str
    about: str
    """One line for ``switchboard simulate --help``."""
    operators: float = 0.45
    """The share of people who only operate."""
    both: float = 0.1
    """The share who operate and also want operators; everybody else only wants them."""
    radius_km: float = 6.0
    """People live within so many kilometres of the centre; dispatch looks 10 km around a customer."""
    wants_every_seconds: float = 900.0
    """On average a customer waits so long between two wishes."""
    shift_seconds: float = 2400.0
    """On average an operator works so long at a stretch."""
    meddling: float = 0.05
    """The share of steps at which somebody tries what is not for them to do."""
    slow_calls: float = 0.03
    """The share of the store's calls that take up to ``SLOW_SECONDS`` (faults.py); the others take milliseconds."""
    outage_every_seconds: float | None = None
    """On average the database goes away so often; None: never."""
    outage_seconds_most: float = 20.0
    lost_answers: float = 0.0
    """The share of commits whose answer is lost, half of them with their effect."""
    restart_every_seconds: float | None = None
    """On average the engine is stopped and started so often; None: never."""
    down_seconds_most: float = 45.0
    video_failures: float = 0.02
    """The share of video rooms that the provider does not open."""
    timer_late_most: Milliseconds = 20_000
    """How late a deadline may fire, counted from when it was due, the engine was ready and the database back,
    whichever came last: the alarms look every 15 s, and 5 s are for loading and for tries that wait."""
