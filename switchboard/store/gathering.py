"""Lets a batch grow for as long as the process has other work to do anyway, and not a moment longer.

A batch costs the client about ten steps of the loop, however many turns it holds: alone a turn was measured at 580 us,
among sixteen at 46 us. While a core is busy with requests, each of which is about to hand in a turn, sending the first
one at once makes all of them slower. So a batch waits until the loop has run dry. When nothing else is runnable that is
at once: no timer delays the only request of an idle server. Nor does it wait for more than were there the last time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import trio

QUIET_STEPS: Final = 2
"""Steps of the loop in which nothing came and nobody was runnable: the first may have polled the sockets before the
other side had written, and a request takes several steps from its socket to its turn, in each of which it is seen."""

GATHER_SECONDS_MOST: Final = 0.012
"""However busy the loop is: some dozen requests' work of one core. A loop that does not run dry for so long has far
more waiting, each of which it will take a multiple of this to come to."""


async def gather(arrived: Callable[[], int], enough: int) -> None:
    """Returns when ``arrived()`` is ``enough``, when the loop has run dry, or after ``GATHER_SECONDS_MOST``."""
    until = trio.current_time() + GATHER_SECONDS_MOST
    quiet, before = 0, arrived()
    while quiet < QUIET_STEPS and before < enough and trio.current_time() < until:
        await trio.lowlevel.checkpoint()
        now = arrived()
        busy = now > before or trio.lowlevel.current_statistics().tasks_runnable > 0
        quiet, before = 0 if busy else quiet + 1, now
