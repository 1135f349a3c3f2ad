"""A city under virtual time: the real engine and workflows on the memory store, its people, its faults, its judge.

This module alone touches Trio's private names for deterministic scheduling. In a world there are no threads and no real
I/O, nothing unordered is iterated, and its end is bounded.
"""

from __future__ import annotations

import random
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import trio
import trio._core._run as trio_run
from trio.testing import MockClock

from switchboard.engine.clock import Clock, Instant
from switchboard.engine.ids import Ids
from switchboard.engine.runtime.supervision_log import formatted
from switchboard.engine.sessions import Kind
from switchboard.simulations.cast import Cast, Inhabitant
from switchboard.simulations.checkers import Judge
from switchboard.simulations.checkers.names import CRASHES, END
from switchboard.simulations.faults.backend import Straits
from switchboard.simulations.faults.bugs import Bugs
from switchboard.simulations.faults.bursts import bursts, redeliveries
from switchboard.simulations.faults.fates import Fates
from switchboard.simulations.faults.studio import Studio
from switchboard.simulations.faults.weather import Weather
from switchboard.simulations.faults.wire import Wire
from switchboard.simulations.kinds import CASTS, chosen
from switchboard.simulations.life import Life
from switchboard.simulations.on_call import OnCall
from switchboard.simulations.plan import Plan
from switchboard.simulations.probes import JudgedDatabase, Metronome
from switchboard.simulations.report import Report, digest, story
from switchboard.simulations.scenarios import SCENARIOS
from switchboard.simulations.trace import Trace, Violation

DAWN: Instant = 1_800_000_000_000
"""When every world begins, on a true clock: any instant will do."""

QUIET_SECONDS = 120.0
"""After the longest deadline that anything may have when people stop: for what is still frozen, in quarantine or in an
outage then, and for the alarms' scan."""

HORIZON_SECONDS = 3600.0
"""How much longer a world may take; reaching it is a failure."""

SWEEP_SECONDS = 10.0
"""Between two looks at what may be stuck: half of the bound within which a deadline must have fired."""

GOSSIP_MOST = 20
"""Sessions that meddlers choose from."""

KINDS: Sequence[Kind[Any]] = tuple(cast.kind for cast in CASTS)

Progress = Callable[[float], None]
"""Called with the simulated seconds that have passed."""


def simulate(
    plan: Plan,
    *,
    kinds: Sequence[Kind[Any]] | None = None,
    casts: Sequence[Cast] | None = None,
    progress: Progress | None = None,
) -> Report:
    """Runs one world to its end.

    Args:
        kinds: what the engine runs, those of the casts if None; the judge always goes by the casts'.
        casts: the kinds of session that live there, those of the plan if None.

    Raises:
        Violation: an invariant did not hold; its text has the trace and the command that replays it.
    """
    began = time.perf_counter()
    casts = chosen(plan.kinds) if casts is None else casts
    running = tuple(cast.kind for cast in casts) if kinds is None else kinds
    with deterministic(plan.seed):
        return trio.run(_run, plan, running, casts, progress, began, clock=virtual_clock())


def virtual_clock() -> MockClock:
    """Stands still while anything can go on, and then jumps to what is due next."""
    return MockClock(autojump_threshold=0)


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
    plan: Plan,
    kinds: Sequence[Kind[Any]],
    casts: Sequence[Cast],
    progress: Progress | None,
    began: float,
) -> Report:
    world = World(plan, kinds, casts, progress)
    trio.lowlevel.add_instrument(Metronome(world.judge))
    try:
        await world.run()
    except Exception as error:
        # What nobody caught is a bug, of the engine's or of the people's: shown as one, with the seed.
        world.judge.fail(Violation(CRASHES, formatted(error)))
    if world.judge.violation is not None:
        raise story(plan, world.judge.violation, world.database, world.trace)
    return Report(
        plan=plan,
        digest=digest(world.database, world.refusals),
        faults=plan.active,
        counts=world.counts(),
        refusals=dict(world.refusals),
        simulated_seconds=world.seconds,
        wall_seconds=time.perf_counter() - began,
    )


class World:
    """Everything in one simulated city; people reach the engine through ``up``."""

    nursery: trio.Nursery
    straits: Straits

    def __init__(
        self,
        plan: Plan,
        kinds: Sequence[Kind[Any]],
        casts: Sequence[Cast],
        progress: Progress | None = None,
    ) -> None:
        self.plan = plan
        self.kinds = kinds
        self.casts = casts
        self.scenario = scenario = SCENARIOS[plan.scenario]
        self._active = active = plan.active
        self._true = self._clock = Clock(DAWN)
        self.trace = Trace(self._true.now)
        self.weather = Weather(scenario, active, self.chance("weather"), self.trace)
        self.database = JudgedDatabase()
        self.studio = Studio(scenario, active, self.chance("studio"))
        self.wire = Wire(scenario, active, self.chance("wire"))
        self.bugs = Bugs(scenario, active, plan.seed)
        self._scope = trio.CancelScope()
        self.judge = Judge(
            scenario, casts, self.database, self.weather, self.now, self._scope.cancel
        )
        self.database.judge = self.database.rooms.judge = self.judge
        self.ids = Ids(self.chance("ids"))
        self.refusals = Counter[str]()
        self.log_counts = Counter[str]()
        self.gossip: deque[str] = deque(maxlen=GOSSIP_MOST)
        """Sessions that everybody knows of."""
        self.undead: list[Life] = []
        """Engines that were frozen, taken over, and are awake again."""
        self.operations = self.restarts = self.kills = self.zombies = self.bursts = 0
        self.over = trio.Event()
        """Set when the plan's hours are over: people do nothing any more."""
        self._progress = progress
        self._life: Life | None = None
        self._up = trio.Event()

    def chance(self, purpose: str) -> random.Random:
        """Chance for one purpose: what one part draws does not change what another draws."""
        return random.Random(f"{self.plan.seed}/{purpose}")

    def now(self) -> Instant:
        """The present instant on the clock of the engine that was started last."""
        return self._clock.now()

    def new_id(self) -> str:
        """A fresh id."""
        return self.ids.new(self._true.now())

    @property
    def seconds(self) -> float:
        """Simulated so far."""
        return (self._true.now() - DAWN) / 1000

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

    # -- for engines --------------------------------------------------------------------------------------------

    def begin(self, life: Life) -> None:
        """The engine is ready. One that was taken over while it started is not: nobody's way leads to it."""
        if life.retired:
            return
        self._life = life
        self._up.set()
        self.trace.note("the engine is ready")
        self.judge.ready(self.now())

    def end(self, life: Life) -> None:
        """The engine takes nothing any more; repeated, or not the one that runs: nothing happens."""
        if self._life is life:
            self._life, self._up = None, trio.Event()
            self.judge.down()

    def goes_on(self, life: Life) -> None:
        """The engine was frozen and is not any more."""
        if self._life is life:
            self.judge.up_again()

    def logged(self, event: Any, *, current: bool) -> None:
        """An engine's supervision log has an event; ``current``: that of the owner."""
        name, id = str(event["event"]), event.get("id")
        self.log_counts[name] += 1
        whose = "" if current else " of the engine that was taken over"
        self.trace.note(f"log{whose}: {name} {id or ''}", *([] if id is None else [id]))
        self.judge.logged(event, current=current)

    # -- its course ---------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """From dawn to dusk; returns at the first violation."""
        hours, dusk = self.plan.hours * 3600, self.dusk_seconds
        with self._scope, trio.move_on_after(hours + dusk + HORIZON_SECONDS) as horizon:
            async with trio.open_nursery() as nursery:
                await self._furnish()
                people = self._begin(nursery)
                await trio.sleep(hours)
                self._clear_up()
                await trio.sleep(dusk)
                await self._rest(people)
                nursery.cancel_scope.cancel()
        if horizon.cancelled_caught:
            self.judge.fail(Violation(END, "the horizon was reached"))

    async def _furnish(self) -> None:
        for cast in self.casts:
            if cast.furnish is not None:
                await cast.furnish(self)

    @property
    def dusk_seconds(self) -> float:
        """How long after the plan's hours everything has come to rest."""
        longest = max(cast.rest_seconds(self.scenario) for cast in self.casts)
        # An engine that is behind the one before by twice the most lets every deadline wait for so long.
        jumps = 2 * self.scenario.clock_seconds_most if "clock" in self._active else 0.0
        return longest + jumps + QUIET_SECONDS

    def _begin(self, nursery: trio.Nursery) -> list[Inhabitant]:
        active, scenario = self._active, self.scenario
        self.nursery = nursery
        self.straits = Straits(
            scenario, active, self.chance("straits"), self.trace, self.weather, nursery
        )
        nursery.start_soon(self.weather.run)
        nursery.start_soon(self._lives)
        nursery.start_soon(self._sweep)
        nursery.start_soon(OnCall(self).run)
        if "burst" in active:
            nursery.start_soon(bursts, self)
        if "repeated" in active:
            nursery.start_soon(redeliveries, self)
        people = [one for cast in self.casts for one in cast.people(self)]
        for person in people:
            nursery.start_soon(person.run)
        return people

    def _clear_up(self) -> None:
        self.over.set()
        self.weather.clear_up()
        self.straits.clear_up()
        self.wire.clear_up()
        self.bugs.clear_up()

    async def _rest(self, people: Sequence[Inhabitant]) -> None:
        """What everybody would find at the end is what is stored."""
        self.judge.rest()
        life = await self.up()
        for shadow in self.judge.shadows.all():
            state = await life.engine.read(shadow.address)
            self.judge.answered(self.judge.began(), shadow.address, None, state)
        for person in people:
            await person.rest(life)

    async def _sweep(self) -> None:
        while True:
            await trio.sleep(SWEEP_SECONDS)
            self.judge.sweep()
            if self._progress is not None:
                self._progress(self.seconds)

    async def _lives(self) -> None:
        """Engines one after the other; a frozen one may still be there when the next begins."""
        chance = self.chance("lives")
        fates = Fates(self.scenario, self._active, chance)
        while True:
            fate = fates.draw()
            anchor = self._true.now() + round(fate.clock_seconds * 1000)
            self._clock = Clock(anchor)
            life = Life(self, fate, self._clock, chance)
            self.nursery.start_soon(life.run)
            await life.gave_way.wait()
            self.restarts += 1
            if not life.retired:
                await trio.sleep(fate.down_seconds)

    def counts(self) -> dict[str, int]:
        """What happened, by name."""
        supervision, log = self.judge.supervision, self.log_counts
        counts = {
            "operations": self.operations,
            "commits": self.database.commits,
            "restarts": self.restarts,
            "kills": self.kills,
            "zombies": self.zombies,
            "outages": self.weather.outages,
            "lost answers": self.weather.lost_answers,
            "late commits that landed": self.straits.landed,
            "late commits that came too late": self.straits.missed,
            "lost messages": self.wire.lost,
            "repeated messages": self.wire.repeats,
            "crashes": supervision.crashes,
            "quarantines": supervision.quarantines,
            "bursts": self.bursts,
            "overflows": log["mailbox_full"] + self.refusals["CommitQueueFull"],
            "late timers": log["timer_late"],
            "latest timer": self.judge.timers.latest,
        }
        for rules in self.judge.rules.values():
            counts.update(rules.counts())
        return counts


__all__ = ["Life", "World", "simulate"]
