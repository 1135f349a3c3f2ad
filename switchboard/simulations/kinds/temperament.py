"""What people are like: how quick, how patient, how reliable. Drawn once for each person, from the world's seed."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Temperament:
    """One person's. Shares lie between 0 and 1, times are seconds."""

    patience: float
    """How long it waits for an answer before it takes it for lost."""
    haste: float
    """How long it thinks before it answers, on average."""
    accepts: float
    """The share of offers that it takes; of the rest it declines half and ignores half."""
    taps_twice: float
    """The share of commands that it sends twice at once."""
    contrary: float
    """How much more often than others it cancels, declines, backs out."""
    flaky: float
    """How much more often than others it vanishes without a word."""
    rates: float
    """The share of gigs that it rates at once."""
    rates_late: float
    """The share of the others that it rates within the next minutes, in the window or after it."""
    relents: float
    """How often it rates what it owes when it is told to."""
    eager: float
    """How often it wants the next thing without a pause."""
    keeps_shift: float
    """How often it goes offline at the end of a shift, rather than just falling silent."""

    @staticmethod
    def draw(chance: random.Random) -> Temperament:
        """Somebody."""
        return Temperament(
            patience=chance.choice((0.2, 2.0, 10.0, 30.0)),
            haste=chance.uniform(0.5, 15.0),
            accepts=chance.uniform(0.5, 1.0),
            taps_twice=chance.choice((0.0, 0.05, 0.3)),
            contrary=chance.choice((0.0, 1.0, 1.0, 4.0)),
            flaky=chance.choice((0.0, 1.0, 1.0, 4.0)),
            rates=chance.choice((0.1, 0.6, 0.9)),
            rates_late=chance.uniform(0.0, 0.8),
            relents=chance.uniform(0.3, 1.0),
            eager=chance.uniform(0.1, 0.8),
            keeps_shift=chance.uniform(0.2, 0.9),
        )
