"""Makes unfinished gigs, or operators who are online, in a data folder, in a process of its own, so that its memory is
theirs alone.

Run as ``python -m switchboard.bench.filling``: reads a ``Filling`` as JSON from stdin, writes to stdout
now and then a line with the number made so far, and at last a ``Filled`` as JSON.
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Final, Literal

import msgspec
import trio

from switchboard.bench.growth_templates import OPERATORS_TO_A_PLACE, place
from switchboard.bench.quiet import log_to_stderr
from switchboard.engine.engine import Engine
from switchboard.engine.sessions.gig import Candidate, ClaimGig, RequestGig, Terms
from switchboard.engine.sessions.kind import Address
from switchboard.processes import memory_kilobytes
from switchboard.settings_loading import load
from switchboard.web.services import Services
from switchboard.wiring import running

AT_ONCE = 128
"""Requests under way: a batch of the committer's that is worth its name."""

OFFERS = 3
"""What the promise of 12 kB a gig is made for."""

TERMS = Terms(claim_timeout=24 * 3600_000, confirm_timeout=24 * 3600_000)
"""None of them ends while it is measured."""

TOLD_EVERY = 250
"""Sessions between two lines: some ten lines a second."""

OPERATOR_SECONDS: Final = "86400"
"""Nobody goes away while it is measured."""

Sort = Literal["gigs", "operators"]


class Filling(msgspec.Struct, frozen=True):
    """What to make."""

    data_dir: str
    count: int
    idle_seconds: float | None
    """As the setting: then an unused session leaves the memory; None keeps them all in it."""
    sort: Sort = "gigs"


class Filled(msgspec.Struct, frozen=True):
    """What came of it."""

    kilobytes: float
    """That the process has grown by for each, once they are idle (and passivated)."""


async def fill(filling: Filling, progress: Callable[[], None]) -> Filled:
    """Makes the sessions; ``progress`` is called for each."""
    idle = "off" if filling.idle_seconds is None else str(filling.idle_seconds)
    own = {"idle_seconds": idle, "person_timeout_seconds": OPERATOR_SECONDS}
    async with running(load({}, {"data_dir": filling.data_dir, **own})) as application:
        services = application.services
        one = _one_of(services, filling.sort)
        # What is loaded and grown once, whatever the number of sessions, is none of theirs.
        await _make(one, AT_ONCE, lambda: None)
        if filling.idle_seconds is not None:
            await until_passivated(services.engine, filling.idle_seconds)
        before = _own_kilobytes()
        await _make(one, filling.count, progress)
        if filling.idle_seconds is not None:
            await until_passivated(services.engine, filling.idle_seconds)
        return Filled(kilobytes=(_own_kilobytes() - before) / filling.count)


def _one_of(services: Services, sort: Sort) -> Callable[[int], Awaitable[None]]:
    """What makes one, from its number."""
    engine = services.engine

    async def operator(number: int) -> None:
        await services.dispatch.online(
            engine.ids.new(engine.clock.now()), *place(number // OPERATORS_TO_A_PLACE)
        )

    async def gig(_: int) -> None:
        await _claimed_gig(engine)

    return operator if sort == "operators" else gig


async def make_gigs(engine: Engine, count: int, progress: Callable[[], None]) -> None:
    """Requests that many gigs, each of people of its own, straight from the engine.

    They are claimed: a gig that waits for operators is not idle. It waits for half a minute, and meanwhile each of
    its open offers stands in an index of the engine's.
    """
    await _make(lambda _: _claimed_gig(engine), count, progress)


async def _claimed_gig(engine: Engine) -> None:
    command = _request(engine)
    gig, operator = Address("gig", command.id), command.candidates[0].operator
    await engine.ask(gig, command, by=command.customer, fresh=True)
    claim = ClaimGig(operator=operator, latitude=1.0, longitude=2.0)
    await engine.ask(gig, claim, by=operator)


async def _make(
    one: Callable[[int], Awaitable[None]], count: int, progress: Callable[[], None]
) -> None:
    async def make(numbers: range) -> None:
        for number in numbers:
            await one(number)
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


async def until_passivated(engine: Engine, idle_seconds: float) -> None:
    """Returns once nobody is in memory any more."""
    # The engine tells nobody that its last session has left; this is no test, and no part of a server.
    while any(  # noqa: ASYNC110
        count for name, count in engine.statistics().items() if name.startswith("active_")
    ):
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
