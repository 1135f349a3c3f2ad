"""The kinds of session that live in a world, one file each: ``CASTS`` is the one place where they are registered."""

from __future__ import annotations

from collections.abc import Sequence

from switchboard.simulations.cast import Cast
from switchboard.simulations.kinds.gig import GIGS
from switchboard.simulations.kinds.person import PERSONS

CASTS: Sequence[Cast] = (GIGS, PERSONS)

__all__ = ["CASTS"]
