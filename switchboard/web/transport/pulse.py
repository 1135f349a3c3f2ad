"""The moments at which the websockets of a process are looked at, whichever is next: one task for all of them."""

from __future__ import annotations

import trio

from switchboard.engine.runtime.timers import Timers

_timers: trio.lowlevel.RunVar[Timers] = trio.lowlevel.RunVar("switchboard_pulse")


def pulse() -> Timers:
    """The timers of this run of Trio's. Their task is one of Trio's system tasks: it belongs to no connection, begins
    with the first one, and ends when everything else has."""
    try:
        return _timers.get()
    except LookupError:
        timers = Timers()
        _timers.set(timers)
        trio.lowlevel.spawn_system_task(timers.run, name="websocket pulse")
        return timers
