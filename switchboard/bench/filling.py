"""Makes unfinished gigs in a data folder, in a process of its own, so that its memory is theirs alone.

Run as ``python -m switchboard.bench.filling``: reads a ``Filling`` as JSON from stdin, writes to stdout
now and then a line with the number of gigs made so far, and at last a ``Filled`` as JSON.
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from collections.abc import Callable

import msgspec
import trio

from switchboard.bench.quiet import log_to_stderr
from switchboard.engine.engine import Engine
from switchboard.engine.sessions.gig import Candidate, ClaimGig, RequestGig, Terms
from switchboard.engine.sessions.kind import Address
from switchboard.processes import memory_kilobytes
from switchboard.settings_loading import load
from switchboard.wiring import running

AT_ONCE = 128
"""Requests under way: a batch of the committer's that is worth its name."""

OFFERS = 3
"""What the promise of 12 kB a gig is made for."""

TERMS = Terms(claim_timeout=24 * 3600_000, confirm_timeout=24 * 3600_000)
"""None of them ends while it is measured."""

TOLD_EVERY = 250
"""Gigs between two lines: some ten lines a second."""


class Filling(msgspec.Struct, frozen=True):
    """What to make."""

    data_dir: str
    gigs: int
    idle_seconds: float | None
    """As the setting: then an unused gig leaves the memory; None keeps them all in it."""


class Filled(msgspec.Struct, frozen=True):
    """What came of it."""

    kilobytes: float
    """That the process has grown by for each gig, once they are idle (and passivated)."""


async def fill(filling: Filling, progress: Callable[[], None]) -> Filled:
    """Makes the gigs; ``progress`` is called for each."""
    idle = "off" if filling.idle_seconds is None else str(filling.idle_seconds)
    settings = load({}, {"data_dir": filling.data_dir, "idle_seconds": idle})
    async with running(settings) as application:
        engine = application.services.engine
        # What is loaded and grown once, whatever the number of gigs, is none of theirs.
        await make_gigs(engine, AT_ONCE, lambda: None)
        await _until_passivated(engine, filling.idle_seconds)
        before = _own_kilobytes()
        await make_gigs(engine, filling.gigs, progress)
        await _until_passivated(engine, filling.idle_seconds)
        return Filled(kilobytes=(_own_kilobytes() - before) / filling.gigs)


async def make_gigs(engine: Engine, count: int, progress: Callable[[], None]) -> None:
    """Requests that many gigs, each of people of its own, straight from the engine.

    They are claimed: a gig that waits for operators is not idle. It waits for half a minute, and meanwhile each of
    its open offers stands in an index of the engine's.
    """

    async def make(numbers: range) -> None:
        for _ in numbers:
            command = _request(engine)
            gig, operator = Address("gig", command.id), command.candidates[0].operator
            await engine.ask(gig, command, by=command.customer, fresh=True)
            claim = ClaimGig(operator=operator, latitude=1.0, longitude=2.0)
            await engine.ask(gig, claim, by=operator)
            progress()

    async with trio.open_nursery() as nursery:
        for start in range(AT_ONCE):
            nursery.start_soon(make, range(start, count, AT_ONCE))


def _request(engine: Engine) -> RequestGig:
    now = engine.clock.now()
    candidates = tuple(
        Candidate(operator=engine.ids.new(now), latitude=1.0, longitude=2.0, distance_metres=9)
        for _ in range(OFFERS)
    )
    return RequestGig(
        id=engine.ids.new(now),
        customer=engine.ids.new(now),
        latitude=1.0,
        longitude=2.0,
        candidates=candidates,
        terms=TERMS,
        customer_operates=False,
    )


async def _until_passivated(engine: Engine, idle_seconds: float | None) -> None:
    # The engine tells nobody that its last session has left; this is no test, and no part of a server.
    while idle_seconds is not None and engine.statistics()["active_gig"]:  # noqa: ASYNC110
        await trio.sleep(idle_seconds / 4)


def _own_kilobytes() -> int:
    gc.collect()
    # Without this, freed memory stays with the allocator and tells nothing about what is held.
    ctypes.CDLL(None).malloc_trim(0)
    return memory_kilobytes(os.getpid())


def main() -> None:
    """The program."""
    log_to_stderr()
    filling = msgspec.json.decode(sys.stdin.buffer.read(), type=Filling)
    made = 0

    def progress() -> None:
        nonlocal made
        made += 1
        if made % TOLD_EVERY == 0:
            print(made, flush=True)

    filled = trio.run(fill, filling, progress)
    print(msgspec.json.encode(filled).decode(), flush=True)


if __name__ == "__main__":
    main()
