"""What goes wrong in a world beside its people, one file a place where it enters. ``FAULTS`` finds each by its name.

Every fault is on or off in a world: a plan names those that are on, or leaves it to the seed and the kind of day. Each
draws from a chance of its own, so that one that is turned off changes nothing of what the others draw.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping

FAULTS: Mapping[str, str] = {
    "kill": "the engine is killed at any step and started again",
    "stop": "the engine is asked to stop and started again",
    "zombie": "the engine freezes, another takes over, the first wakes up",
    "outage": "the database goes away and comes back",
    "lost": "a commit, or another write, takes effect and its answer is lost, or neither happens",
    "late": "a commit whose answer was lost takes effect later, or never",
    "slow": "calls of the database take long, rows are locked by strangers",
    "dropped": "requests and answers of people get lost on the way",
    "repeated": "requests arrive twice, reactions are delivered again",
    "clock": "the next engine's clock is minutes ahead or behind",
    "crash": "some sessions have a bug, until an operator has seen to it",
    "burst": "many people at one moment",
    "video": "a video room does not open",
}
"""Name -> what it does. The order is that in which a reduction tries to do without them."""


def drawn(likely: Mapping[str, float], seed: int) -> tuple[str, ...]:
    """The faults of a world that leaves them to its seed: ``likely`` says how probable each is."""
    chance = random.Random(f"{seed}/faults")
    # One draw for each, whether it is likely or not, so that kinds of day differ by what they say alone.
    return tuple(name for name in FAULTS if chance.random() < likely.get(name, 0.0))


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """The names once each, as in ``FAULTS``. Raises: KeyError for an unknown one."""
    wanted = set(names)
    for name in sorted(wanted):
        FAULTS[name]
    return tuple(name for name in FAULTS if name in wanted)


__all__ = ["FAULTS", "drawn", "in_order"]
