"""A city under virtual time: the real engine and dispatch on the memory store, its people, its faults, its judge.

This module alone touches Trio's private names for deterministic scheduling. In a world there are no threads and no real
I/O, nothing unordered is iterated, and its end is bounded.
"""

from __future__ import annotations

import math
import random
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import trio
import trio._core._run as trio_run
from trio.testing import MockClock

from switchboard.engine.clock import Clock, Instant
from switchboard.engine.engine import Engine, running
from switchboard.engine.errors import Unavailable
from switchboard.engine.ids import Ids
from switchboard.engine.ports import Capacity
from switchboard.engine.runtime.supervision_log import SupervisionLog
from switchboard.engine.sessions import Kind
from switchboard.engine.sessions.gig import GIG
from switchboard.engine.sessions.person import PERSON
from switchboard.engine.workflows.dispatch import Dispatch
from switchboard.simulations.checkers import Judge
from switchboard.simulations.faults import Studio, Weather
from switchboard.simulations.office import Office
from switchboard.simulations.people import Person, settle
from switchboard.simulations.probes import JudgedDatabase, Metronome, Silent
from switchboard.simulations.report import Plan, Report, digest, story
from switchboard.simulations.scenarios import SCENARIOS
from switchboard.simulations.trace import Trace, Violation
from switchboard.store.memory import MemoryStore, open_memory

DAWN: Instant = 1_800_000_000_000
"""When every world begins, on its engine's clock: any instant will do."""

DUSK_SECONDS = 5400.0
"""After the plan's hours nobody does anything any more; the longest deadline that a gig then still has is the en-route
time-out (60 min), and a rating window or a watchdog (10 min) may follow."""

HORIZON_SECONDS = 3600.0
"""How much longer a world may take; reaching it is a failure."""

SWEEP_SECONDS = 10.0
"""Between two looks at what may be stuck: half of the bound within which a deadline must have fired."""

GOSSIP_MOST = 20
"""Gigs that meddlers choose from."""

KINDS: Sequence[Kind[Any]] = (GIG, PERSON)

Progress = Callable[[float], None]
"""Called with the simulated seconds that have passed."""


def simulate(
    plan: Plan, *, kinds: Sequence[Kind[Any]] = KINDS, progress: Progress | None = None
) -> Report:
    """Runs one world to its end.

    Args:
        kinds: what the engine runs; the judge always goes by the shipped ones.

    Raises:
        Violation: an invariant did not hold; its text has the trace and the command that replays it.
    """
    began = time.perf_counter()
    with deterministic(plan.seed):
        return trio.run(_run, plan, kinds, progress, began, clock=MockClock(autojump_threshold=0))


@contextmanager
def deterministic(seed: int) -> Iterator[None]:
    """Lets Trio schedule by the seed alone."""
    allowed, state = trio_run._ALLOW_DETERMINISTIC_SCHEDULING, trio_run._r.getstate()
    trio_run._ALLOW_DETERMINISTIC_SCHEDULING = True  # type: ignore[misc]
    trio_run._r.seed(seed)
    try:
        yield
    finally:
        trio_run._ALLOW_DETERMINISTIC_SCHEDULING = allowed  # type: ignore[misc]
        trio_run._r.setstate(state)


async def _run(
    plan: Plan, kinds: Sequence[Kind[Any]], progress: Progress | None, began: float
) -> Report:
    world = World(plan, kinds, progress)
    trio.lowlevel.add_instrument(Metronome(world.judge))
    await world.run()
    if world.judge.violation is not None:
        raise story(plan, world.judge.violation, world.database, world.trace)
    wall_seconds = time.perf_counter() - began
    return Report(
        plan=plan,
        digest=digest(world.database),
        gigs=dict(Counter(gig.phase for gig in world.judge.shadows.gigs())),
        late_timers=world.log_counts["timer_late"],
        latest_milliseconds=world.judge.timers.latest,
        locks=world.judge.commits.locks,
        refusals=dict(world.refusals),
        operations=world.operations,
        commits=world.database.commits,
        restarts=world.restarts,
        outages=world.weather.outages,
        lost_answers=world.weather.lost_answers,
        simulated_seconds=world.seconds,
        wall_seconds=wall_seconds,
    )


@dataclass(frozen=True, slots=True)
class Life:
    """One engine from its start to its end."""

    engine: Engine
    dispatch: Dispatch
    store: MemoryStore
    ended: trio.Event


class World:
    """Everything in one simulated city; people reach the engine through ``up``."""

    def __init__(
        self, plan: Plan, kinds: Sequence[Kind[Any]], progress: Progress | None = None
    ) -> None:
        self.plan = plan
        self.scenario = SCENARIOS[plan.scenario]
        self.clock = Clock(DAWN)
        self.trace = Trace(self.clock.now)
        self.weather = Weather(self.scenario, self.chance("weather"), self.now, self.trace)
        self.database = JudgedDatabase()
        self.studio = Studio(self.scenario, self.chance("studio"))
        self._scope = trio.CancelScope()
        self.judge = Judge(self.scenario, self.database, self.weather, self.now, self._scope.cancel)
        self.database.judge = self.judge
        self.log_counts = Counter[str]()
        self.refusals = Counter[str]()
        self.gossip: deque[str] = deque(maxlen=GOSSIP_MOST)
        """Gigs that everybody knows of."""
        self.operations = 0
        self.restarts = 0
        self._kinds = kinds
        self._progress = progress
        self._ids = Ids(self.chance("ids"))
        self._life: Life | None = None
        self._up = trio.Event()
        self.over = trio.Event()
        """Set when the plan's hours are over: people do nothing any more."""

    def chance(self, purpose: str) -> random.Random:
        """Chance for one purpose: what one part draws does not change what another draws."""
        return random.Random(f"{self.plan.seed}/{purpose}")

    def now(self) -> Instant:
        """The present instant on the engine's clock."""
        return self.clock.now()

    def new_id(self) -> str:
        """A fresh id."""
        return self._ids.new(self.now())

    @property
    def seconds(self) -> float:
        """Simulated so far."""
        return (self.now() - DAWN) / 1000

    # -- for people ---------------------------------------------------------------------------------------------

    async def up(self) -> Life:
        """The engine that runs, once one does."""
        while self._life is None:
            await self._up.wait()
        return self._life

    def operation(self) -> int:
        """Counts a call and numbers it."""
        self.operations += 1
        return self.operations

    def heard(self, error: Exception) -> None:
        """Counts what somebody heard instead of an answer."""
        self.refusals[type(error).__name__] += 1

    # -- its course ---------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """From dawn to dusk; returns at the first violation."""
        hours = self.plan.hours * 3600
        with self._scope, trio.move_on_after(hours + DUSK_SECONDS + HORIZON_SECONDS) as horizon:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self.weather.run)
                nursery.start_soon(self._lives)
                nursery.start_soon(self._sweep)
                people = settle(self)
                nursery.start_soon(self._office)
                for person in people:
                    nursery.start_soon(person.run)
                await trio.sleep(hours)
                self.over.set()
                self.weather.clear_up()
                await trio.sleep(DUSK_SECONDS)
                await self._rest(people)
                nursery.cancel_scope.cancel()
        if horizon.cancelled_caught:
            self.judge.fail(Violation("a world comes to its end", "the horizon was reached"))

    async def _rest(self, people: Sequence[Person]) -> None:
        """What everybody would find at the end is what is stored."""
        self.judge.rest()
        life = await self.up()
        for shadow in self.judge.shadows.all():
            state = await life.engine.read(shadow.address)
            self.judge.answered(self.judge.began(), shadow.address, None, state)
        for person in people:
            await person.inbox.rest(life)

    async def _office(self) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(Office(self).run)
            await self.over.wait()
            nursery.cancel_scope.cancel()

    async def _sweep(self) -> None:
        while True:
            await trio.sleep(SWEEP_SECONDS)
            self.judge.sweep()
            if self._progress is not None:
                self._progress(self.seconds)

    async def _lives(self) -> None:
        """Engines one after the other."""
        chance, every = self.chance("restarts"), self.scenario.restart_every_seconds
        while True:
            lasts = math.inf if every is None else chance.expovariate(1 / every)
            await self._live(chance, lasts)
            self.restarts += 1
            await trio.sleep(chance.random() * self.scenario.down_seconds_most)

    async def _live(self, chance: random.Random, lasts: float) -> None:
        """One engine, stopped after so many seconds unless it is evening by then."""
        async with open_memory(self.database, self.weather.gate) as store:
            engine = self._engine(store, chance)
            dispatch = Dispatch(engine)
            await self._open(dispatch)
            async with running(engine):
                self._life = Life(engine, dispatch, store, trio.Event())
                self._up.set()
                self.trace.note("the engine is ready")
                self.judge.ready(self.now())
                with trio.move_on_after(lasts) as scope:
                    await self.over.wait()
                if not scope.cancelled_caught:
                    await trio.sleep_forever()
                self.trace.note("the engine is stopped")
                self.judge.down()
                self._life.ended.set()
                self._life, self._up = None, trio.Event()

    def _engine(self, store: MemoryStore, chance: random.Random) -> Engine:
        log = SupervisionLog(self.now, Silent(), ring_length=1)
        log.listen(self._logged)
        engine = Engine(
            store=store,
            clock=self.clock,
            ids=self._ids,
            video=self.studio,
            kinds=self._kinds,
            log=log,
            capacity=Capacity(),
            code_version="simulation",
            chance=random.Random(chance.getrandbits(64)),
        )
        for kind in self._kinds:
            engine.observe(kind.name, self.judge.adopted)
        return engine

    def _logged(self, event: Any) -> None:
        name, id = str(event["event"]), event.get("id")
        self.log_counts[name] += 1
        self.trace.note(f"log: {name} {id or ''}", *([] if id is None else [id]))
        self.judge.logged(event)

    @staticmethod
    async def _open(dispatch: Dispatch) -> None:
        """As a service manager would: tried again until the database is there."""
        while True:
            try:
                await dispatch.open()
            except Unavailable:
                await trio.sleep(1)
            else:
                return


__all__ = ["Life", "World", "simulate"]
