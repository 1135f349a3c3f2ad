"""The kinds of session that live in a world, one each: ``CASTS`` is the one place where they are registered."""

from __future__ import annotations

from collections.abc import Sequence

from switchboard.simulations.cast import Cast
from switchboard.simulations.kinds.gig import GIGS
from switchboard.simulations.kinds.person import PERSONS
from switchboard.simulations.kinds.room import ROOMS
from switchboard.simulations.kinds.stream import STREAMS

CASTS: Sequence[Cast] = (GIGS, PERSONS, STREAMS, ROOMS)

NAMES: Sequence[str] = tuple(cast.kind.name for cast in CASTS)


def chosen(names: Sequence[str] | None) -> Sequence[Cast]:
    """Those casts and what they need, in the order of ``CASTS``; all if None. Raises: KeyError for an unknown name."""
    if names is None:
        return CASTS
    by_name = {cast.kind.name: cast for cast in CASTS}
    wanted: set[str] = set()
    left = list(names)
    while left:
        name = left.pop()
        if name not in wanted:
            wanted.add(name)
            left += by_name[name].needs
    return [cast for cast in CASTS if cast.kind.name in wanted]


__all__ = ["CASTS", "NAMES", "chosen"]
