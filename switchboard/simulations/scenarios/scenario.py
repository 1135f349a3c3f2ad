"""What a scenario says of its city: who lives there, how often they want something, and what goes wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from switchboard.engine.clock import Milliseconds
from switchboard.engine.ports import Capacity


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenario:
    """One kind of day. Times are seconds of simulated time, shares lie between 0 and 1.

    A rate says how often a fault happens in a world in which it is on; ``faults`` says how probable that is.
    """

    name: str
    about: str
    """One line for ``switchboard simulate --help``."""
    people: int = 40
    hours: float = 6.0
    """How many and how long if nothing else is said."""
    brisk: bool = False
    """Everything goes on in minutes that else takes an hour: habits, and the terms of sessions."""
    capacity: Capacity = field(default_factory=Capacity)
    queue_most: int = 4096
    """Turns that may wait for the database (store/commit.py)."""
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
    faults: Mapping[str, float] = field(default_factory=dict)
    """Name -> how probable it is that a seed has it; the others are off."""
    slow_calls: float = 0.03
    """The share of the store's calls that take up to ``SLOW_SECONDS`` (faults/weather.py)."""
    locked_rows: float = 0.01
    """The share of turns whose row a stranger holds when they are to be written."""
    outage_every_seconds: float = 2400.0
    """On average the database goes away so often."""
    outage_seconds_most: float = 20.0
    lost_answers: float = 0.01
    """The share of writes whose answer is lost, half of them with their effect."""
    late_commits: float = 0.01
    """The share of commits that are cut off and land later, if they still may."""
    late_seconds_most: float = 20.0
    life_seconds: float = 3000.0
    """On average an engine lives so long until it is stopped, killed or freezes."""
    down_seconds_most: float = 45.0
    dropped_messages: float = 0.02
    """The share of requests, and of answers, that get lost."""
    repeated_messages: float = 0.03
    clock_seconds_most: float = 180.0
    """So far may an engine's clock be from the true time, ahead or behind."""
    buggy_sessions: float = 0.05
    """The share of sessions that have a bug."""
    burst_every_seconds: float = 1200.0
    burst_people: int = 300
    """More than a mailbox holds."""
    video_failures: float = 0.02
    """The share of video rooms that the provider does not open."""
    timer_late_most: Milliseconds = 20_000
    """How late a deadline may fire, counted from when it was due, the engine was ready and the database back,
    whichever came last: the alarms look every 15 s, and 5 s are for loading and for tries that wait."""
