"""One engine from its start to its end: asked to stop, killed between any two steps, or frozen and thawed.

Nothing of a killed engine reaches the database or the people any more: every port call passes ``_gate``, which never
returns once it is dead, and whoever waits for its answer is cut off at that moment. The tasks themselves are then
cancelled, and whatever their ``finally`` blocks do has no effect.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

import trio

from switchboard.engine.clock import Clock
from switchboard.engine.engine import running
from switchboard.engine.errors import EngineError, SessionCrashed, Unavailable
from switchboard.engine.runtime.supervision_log import SupervisionLog
from switchboard.engine.sessions import Address
from switchboard.simulations.cast import Running
from switchboard.simulations.faults.bugs import PlantedBug
from switchboard.simulations.faults.fates import (
    LEASE_SECONDS,
    NOTICES_SECONDS,
    STEPS_SECONDS_MOST,
    Fate,
)
from switchboard.simulations.probes import JudgedEngine, Silent
from switchboard.store.memory import MemoryStore, open_memory

if TYPE_CHECKING:
    from switchboard.simulations.world import World

T = TypeVar("T")

OPEN_AGAIN_SECONDS = 1.0
"""Between tries to start while the database is away, as a service manager would."""


class Unreachable(Exception):
    """There is no engine at the other end, or it was killed before it answered."""


class Life:
    """One engine."""

    engine: JudgedEngine
    store: MemoryStore

    def __init__(self, world: World, fate: Fate, clock: Clock, chance: random.Random) -> None:
        self._world = world
        self._fate = fate
        self._chance = chance
        self.clock = clock
        self.workflows: dict[str, Any] = {}
        """By the name of the kind to which they belong."""
        self.dead = False
        """Killed: nothing of it has any effect."""
        self.retired = False
        """Another has taken over."""
        self.frozen = False
        self.froze_at: int | None = None
        """The judge's tick of the last freeze."""
        self.gave_way = trio.Event()
        """Set when another may take over."""
        self.ended = trio.Event()
        """Set when people cannot reach it any more."""
        self._thawed = trio.Event()
        self._stopping = trio.Event()
        self._armed: int | None = None
        """Steps until it ends by its fate."""
        self._scope = trio.CancelScope()
        self._calls: dict[trio.CancelScope, None] = {}

    # -- its course ---------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Lives; returns when nothing of it is left."""
        world = self._world
        with self._scope:
            async with (
                open_memory(
                    world.database,
                    self._gate,
                    wrap=world.straits.wrap,
                    queue_most=world.scenario.queue_most,
                ) as store,
                trio.open_nursery() as nursery,
            ):
                self.store = store
                nursery.start_soon(self._meet_fate)
                self.engine = self._engine()
                for cast in world.casts:
                    if cast.workflow is not None:
                        workflow = cast.workflow(self.engine, world.scenario, self.workflows)
                        self.workflows[cast.kind.name] = workflow
                await self._open()
                async with running(self.engine):
                    for workflow in self.workflows.values():
                        if isinstance(workflow, Running):
                            await nursery.start(workflow.run)
                    world.begin(self)
                    await self._stopping.wait()
                    world.end(self)
                nursery.cancel_scope.cancel()
        self._leave()
        if self in world.undead:
            world.undead.remove(self)

    async def _open(self) -> None:
        for workflow in self.workflows.values():
            while True:
                try:
                    await workflow.open()
                except Unavailable:
                    await trio.sleep(OPEN_AGAIN_SECONDS)
                else:
                    break

    def _engine(self) -> JudgedEngine:
        world = self._world
        log = SupervisionLog(self.clock.now, Silent(), ring_length=1)
        log.listen(self._logged)
        kinds = world.bugs.kinds(world.kinds)
        engine = JudgedEngine(
            store=self.store,
            clock=self.clock,
            ids=world.ids,
            video=world.studio,
            kinds=kinds,
            log=log,
            capacity=world.scenario.capacity,
            code_version="simulation",
            chance=random.Random(self._chance.getrandbits(64)),
        )
        for kind in kinds:
            engine.observe(kind.name, self._adopted)
        engine.judge = world.judge
        return engine

    def _adopted(self, address: Address, _before: Any, after: Any) -> None:
        if not self.dead:
            self._world.judge.adopted(address, after, current=not self.retired)

    def _logged(self, event: Any) -> None:
        if self.dead:
            return
        if event["event"] in ("ownership_lost", "engine_stopped"):
            self._stopping.set()
        self._world.logged(event, current=not self.retired)

    async def _meet_fate(self) -> None:
        fate = self._fate
        await trio.sleep(fate.seconds)
        if self._world.over.is_set():
            return
        if fate.how == "stop" or fate.steps == 0:
            self._end_by_fate()
            return
        self._armed = fate.steps
        await trio.sleep(STEPS_SECONDS_MOST)
        if self._armed is not None:
            self._end_by_fate()

    def _end_by_fate(self) -> None:
        self._armed = None
        match self._fate.how:
            case "kill":
                self.kill()
            case "zombie":
                self._world.nursery.start_soon(self._freeze)
            case _:
                self._world.trace.note("the engine is asked to stop")
                self._stopping.set()

    def kill(self) -> None:
        """As ``kill -9`` does: from now on nothing that this engine does has any effect."""
        self._world.kills += 1
        self._world.trace.note("the engine is killed")
        self.dead = True
        self._scope.cancel()
        self._leave()

    async def _freeze(self) -> None:
        """Frozen for as long as fated; if that is longer than the lease another takes over meanwhile."""
        world, seconds = self._world, self._fate.freezes_seconds
        world.trace.note(f"the engine freezes for {seconds:.1f} s")
        self.frozen, self.froze_at = True, world.judge.began()
        world.judge.down()
        await trio.sleep(min(seconds, LEASE_SECONDS))
        if self.dead:
            return
        if seconds <= LEASE_SECONDS:
            world.trace.note("the engine goes on")
            self.thaw()
            world.goes_on(self)
            return
        world.zombies += 1
        self.retired = True
        self._leave()
        await trio.sleep(seconds - LEASE_SECONDS)
        world.trace.note("the frozen engine wakes up")
        world.undead.append(self)
        self.thaw()
        await trio.sleep(self._chance.random() * NOTICES_SECONDS)
        if hasattr(self, "engine"):
            self.engine.lose_ownership("another engine has taken over")
        self._stopping.set()

    def thaw(self) -> None:
        """It goes on where it was."""
        self.frozen = False
        self._thawed.set()
        self._thawed = trio.Event()

    def _leave(self) -> None:
        """Nobody reaches it any more; those who wait for a killed one are cut off."""
        self._world.end(self)
        if self.dead:
            for call in list(self._calls):
                call.cancel()
        self.ended.set()
        self.gave_way.set()

    # -- its ports ----------------------------------------------------------------------------------------------

    async def _gate(self, name: str) -> None:
        await self._stand()
        if self._armed is not None:
            self._armed -= 1
            if self._armed < 0:
                self._world.trace.note(f"at the step {name!r}")
                self._end_by_fate()
                await self._stand()
        try:
            await self._world.weather.call(name)
        except Unavailable:
            await self._stand()
            raise
        # Whatever became of the call, a dead engine never hears of it, and a frozen one only later.
        await self._stand()

    async def _stand(self) -> None:
        await self._awake()
        if self.dead:
            await trio.sleep_forever()

    async def _awake(self) -> None:
        while self.frozen:
            await self._thawed.wait()

    # -- for people ---------------------------------------------------------------------------------------------

    async def reach(self, operation: Callable[[Life], Awaitable[T]]) -> T:
        """Lets the operation happen at this engine; its answer or refusal comes back only if the engine lives.

        Raises: Unreachable, and what the operation raises.
        """
        if self.dead:
            raise Unreachable
        with trio.CancelScope() as scope:
            self._calls[scope] = None
            try:
                await self._awake()
                try:
                    answer = await operation(self)
                except (EngineError, SessionCrashed, PlantedBug):
                    await self._awake()
                    raise
                await self._awake()
                return answer
            finally:
                del self._calls[scope]
        raise Unreachable
