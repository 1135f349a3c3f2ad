"""Lets those who have just been told of a turn write again before the next one, so that they share its commit.

Else a crowd that answers what it hears splits into halves that take turns, in two commits for one; and a small commit
costs nearly what a large one does (decision 12).
"""

from __future__ import annotations

from typing import Final

import trio

from switchboard.engine.runtime.mailbox import Mailbox

CROWD_SECONDS: Final = 0.02
"""Who was told of a turn longer ago writes at a moment of their own."""

REPLY_STEPS: Final = 16
REPLY_SECONDS_MOST: Final = 0.004
"""Steps of the loop, in each of which it looks at all sockets, that the other side is given to hear and to write; fewer
where they are long, because others keep the loop busy."""


async def gather(mailbox: Mailbox, crowd: int, told_at: float) -> None:
    """Returns when so many letters wait as were answered or waiting the last time, or after a few steps of the loop.

    Args:
        crowd: more than wait now.
        told_at: when they were answered, on Trio's clock.
    """
    now = trio.current_time()
    if now - told_at > CROWD_SECONDS:
        return
    until = now + REPLY_SECONDS_MOST
    for _ in range(REPLY_STEPS):
        await trio.lowlevel.checkpoint()
        if len(mailbox) >= crowd or trio.current_time() > until:
            return
