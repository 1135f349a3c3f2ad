"""Keeps sessions alive: one supervisor a kind, one cell a session.

A cell loads its session, runs its actor, and after a crash restarts it from what is stored, after 50 ms x 2^n; a
session that crashes more than five times in a minute is quarantined: it answers 503 and its timers stand still until
somebody releases it or the code changes.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import trio

from switchboard.engine.errors import Quarantined, SessionCrashed, Stopping, Unavailable
from switchboard.engine.ports import Fenced, QuarantineRow, Stored
from switchboard.engine.runtime.actor import (
    RETRY_FIRST_SECONDS,
    RETRY_MOST_SECONDS,
    Actor,
    Crash,
    Reload,
)
from switchboard.engine.runtime.crowd import gather
from switchboard.engine.runtime.folding import restore
from switchboard.engine.runtime.mailbox import Mailbox
from switchboard.engine.runtime.services import KindRuntime
from switchboard.engine.runtime.supervision_log import fingerprint, formatted
from switchboard.engine.runtime.timers import Timer
from switchboard.engine.sessions.kind import Address

PASSIVATION_HORIZON_SECONDS = 60.0
"""A session with a deadline within this time stays in memory: its own timer is more exact than the alarms' scan, which
looks as far ahead."""


class Cell:
    """One session in memory: its mailbox, its actor, and the loop that keeps the actor running."""

    __slots__ = (
        "_doubted",
        "_fresh",
        "_gone",
        "_quarantine",
        "_released",
        "_restarts",
        "_saved",
        "_timer",
        "actor",
        "loaded",
        "of",
    )

    def __init__(
        self, of: KindRuntime, address: Address, gone: Callable[[Cell], None], *, fresh: bool
    ) -> None:
        self.of = of
        self.actor = Actor(of, address, Mailbox(of.runtime.capacity.mailbox))
        self._gone = gone
        self._fresh = fresh
        self._restarts: list[float] | None = None
        self._quarantine: QuarantineRow | None = None
        self._released = False
        """It was in quarantine, where nobody could be heard, until just now."""
        self._doubted = False
        """Somebody may have released it: the database knows."""
        self._saved: object = None
        self._timer: Timer | None = None
        self.loaded = fresh
        """Whether the actor's state may be read: it is the last one that was committed here, also after a crash and
        while an unknown commit is being settled."""

    @property
    def address(self) -> Address:
        """Whose cell this is."""
        return self.actor.address

    @property
    def mailbox(self) -> Mailbox:
        """Where letters for the session go."""
        return self.actor.mailbox

    @property
    def quarantined(self) -> bool:
        """Whether the session stands still."""
        return self._quarantine is not None

    def release(self) -> None:
        """Lets a session that was in quarantine start again, with a clean record."""
        self._released = True
        self._quarantine = None
        self._restarts = None
        self.mailbox.wake()

    def doubt(self) -> None:
        """The answer to a release was lost: reads again whether the session is still in quarantine."""
        self._quarantine = None
        self._doubted = True
        self.mailbox.wake()

    async def live(self) -> None:
        """Runs until the session is passivated; returns, whatever happens to the session (but for cancellation)."""
        self.of.runtime.log.event("session_started", self.address)
        try:
            while True:
                try:
                    if not await self._stand():
                        return
                except Reload:
                    continue
                except Crash as crash:
                    await self._after_crash(crash)
        finally:
            self._wake_by(math.inf)
            self._gone(self)
            for letter in self.mailbox.take(len(self.mailbox)):
                letter.fail(Stopping())

    async def _stand(self) -> bool:
        """Loads and runs the session; True: once more, False: it is over. Raises: Reload, Crash."""
        if self._fresh:
            self._fresh = False
        elif not await self._load():
            return False
        if self._quarantine is not None:
            return await self._stand_still()
        return await self._run()

    async def _load(self) -> bool:
        """Folds what is stored. False: the database is away and nobody waits for it here. Raises: Crash."""
        runtime, pause = self.of.runtime, RETRY_FIRST_SECONDS
        while True:
            try:
                stored = await runtime.sessions.load(self.address)
                await self._release_by_new_code(stored)
                break
            except Fenced as fence:
                await self.actor.retire(fence)
            except Unavailable as error:
                for letter in self.mailbox.take(len(self.mailbox)):
                    letter.fail(error)
                if not self.loaded:
                    return False  # The alarms will look again.
                await trio.sleep(pause)
                pause = min(pause * 2, RETRY_MOST_SECONDS)
        try:
            self._restore(stored)
        except Exception as error:
            incident = runtime.ids.new(runtime.clock.now())
            for letter in self.mailbox.take(len(self.mailbox)):
                letter.fail(SessionCrashed(incident))
            raise Crash(incident, "load") from error
        if self._restarts is not None:
            runtime.log.event("session_restarted", self.address, version=self.actor.version)
        return True

    async def _release_by_new_code(self, stored: Stored | None) -> None:
        """Other code than the one that crashed gets one try by itself. Raises: Unavailable."""
        runtime = self.of.runtime
        if stored is None or stored.quarantine is None:
            return
        if stored.quarantine.code_version != runtime.code_version:
            await runtime.sessions.release(self.address)
            runtime.log.event("session_released", self.address, by="system:new-version")

    def _restore(self, stored: Stored | None) -> None:
        runtime, kind, actor = self.of.runtime, self.of.kind, self.actor
        row = None if stored is None else stored.quarantine
        if row is not None and row.code_version == runtime.code_version:
            self._quarantine, self._doubted = row, False
            return
        if self._doubted:
            self._doubted, self._released, self._restarts = False, True, None
            runtime.log.event("session_released", self.address, by="system:lost-answer")
        version = actor.version
        state, actor.version = restore(kind, self.of.codec, stored)
        actor.snapshot_version = 0
        if stored is not None:
            # The wall clock may have gone back since, between two lives of the engine.
            actor.now_last = max(actor.now_last, stored.updated_at)
            if stored.snapshot is not None:
                actor.snapshot_version = stored.snapshot.version
        self._saved = None
        if state is not None:
            # What was loaded here before and is loaded again has lost the signs of life that were in memory only.
            forgotten = self.loaded or self._released
            heard_from = runtime.clock.now() if forgotten else runtime.ready_at
            revived = kind.revive(state, heard_from)
            if revived is state and actor.snapshot_version == actor.version:
                self._saved = state
            state = revived
        if self.loaded and actor.version != version:
            # Events that nobody has announced: of an unknown commit that came through, or of another writer.
            runtime.announcements.lag(actor.topic)
        before, actor.state = actor.state, state
        self.loaded, self._released = True, False
        if state is not None:
            # Also what an unknown commit turned out to have done: nobody has adopted it.
            actor.observe(before)

    async def _run(self) -> bool:
        """Turns until the session is passivated (False). Raises: Reload, Crash."""
        actor, mailbox = self.actor, self.actor.mailbox
        idle_seconds = self.of.runtime.capacity.idle_seconds
        active_at = trio.current_time()
        while True:
            wake_at = actor.wake_at()
            now = trio.current_time()
            if not len(mailbox) and now < wake_at:
                if actor.state is None:
                    return False
                until = wake_at
                if idle_seconds is not None:
                    passivate_at = max(now, active_at + idle_seconds, self._clean_at())
                    if wake_at - passivate_at > PASSIVATION_HORIZON_SECONDS:
                        until = passivate_at
                        if until <= now:
                            if await self._passivate():
                                return False
                            active_at = trio.current_time()
                            continue
                self._wake_by(until)
                await mailbox.wait()
            if len(mailbox):
                active_at = trio.current_time()
            elif trio.current_time() < actor.wake_at():
                continue
            if len(mailbox) < actor.crowd and not actor.single:
                await gather(mailbox, actor.crowd, actor.told_at)
            await actor.turn()

    def _wake_by(self, moment: float) -> None:
        """Wakes the actor at that moment of Trio's clock or before; infinity: never.

        A timer that is due sooner is let be: most turns put off what they wait for, and a timer for each would cost as
        much as their decisions.
        """
        if self._timer is not None:
            if self._timer.moment <= moment < math.inf:
                return
            self._timer.cancel()
            self._timer = None
        if moment < math.inf:
            self._timer = self.of.runtime.timers.at(moment, self._ring)

    def _ring(self) -> None:
        self._timer = None
        self.mailbox.wake()

    def _clean_at(self) -> float:
        """When its crashes no longer count: until then it stays in memory, where they are known."""
        if not self._restarts:
            return -math.inf
        return self._restarts[-1] + self.of.runtime.capacity.restart_period_seconds

    async def _passivate(self) -> bool:
        """Stores a snapshot if there is anything new, and leaves if nothing came meanwhile."""
        actor, runtime = self.actor, self.of.runtime
        snapshot = actor.snapshot()
        if snapshot is not None and self._saved is not actor.state:
            state = actor.state
            deadline = self.of.kind.deadline(state)
            try:
                await runtime.sessions.save_snapshot(
                    self.address, snapshot, None if deadline is None else deadline.at
                )
            except Unavailable:
                return False
            except Fenced as fence:
                await actor.retire(fence)
            self._saved = state
            actor.snapshot_version = snapshot.version
        if len(self.mailbox):
            return False
        # No checkpoint from here to the return: nobody can post to a cell that has left the registry.
        self._gone(self)
        runtime.log.event("session_passivated", self.address, version=actor.version)
        return True

    async def _after_crash(self, crash: Crash) -> None:
        """Waits before the restart, or quarantines."""
        runtime, capacity = self.of.runtime, self.of.runtime.capacity
        cause = crash.__cause__ or crash
        runtime.log.event(
            "session_crashed",
            self.address,
            incident=crash.incident,
            message=crash.message,
            traceback=formatted(cause),
        )
        now = trio.current_time()
        recent = [at for at in self._restarts or () if now - at < capacity.restart_period_seconds]
        self._restarts = [*recent, now]
        if len(self._restarts) > capacity.restart_intensity:
            if self.of.breaker.admits(now):
                await self._enter_quarantine(crash, cause)
            else:
                await self._sit_out(crash)
            return
        pause = min(
            capacity.backoff_first_seconds * 2 ** len(recent), capacity.backoff_most_seconds
        )
        await trio.sleep(pause * (1 + runtime.chance.random() / 2))

    async def _sit_out(self, crash: Crash) -> None:
        """Refuses everything for a while and is then tried again: so many crash that the code is to blame."""
        breaker = self.of.breaker
        self.of.runtime.log.event("breaker_open", self.address, incident=crash.incident)
        self._restarts = None
        with trio.move_on_after(breaker.seconds):
            while True:
                self._refuse_all()
                await self.mailbox.wait()

    async def _enter_quarantine(self, crash: Crash, cause: BaseException) -> None:
        runtime = self.of.runtime
        row = QuarantineRow(
            address=self.address,
            at=runtime.clock.now(),
            incident=crash.incident,
            traceback=formatted(cause),
            fingerprint=fingerprint(cause),
            message=crash.message,
            code_version=runtime.code_version,
        )
        runtime.log.event(
            "session_quarantined",
            self.address,
            incident=crash.incident,
            fingerprint=row.fingerprint,
        )
        self._quarantine = row
        pause = RETRY_FIRST_SECONDS
        while self._quarantine is not None:
            self._refuse_all()
            try:
                await runtime.sessions.quarantine(row)
                return
            except Fenced as fence:
                await self.actor.retire(fence)
            except Unavailable:
                await trio.sleep(pause)
                pause = min(pause * 2, RETRY_MOST_SECONDS)

    def _refuse_all(self) -> None:
        for letter in self.mailbox.take(len(self.mailbox)):
            letter.fail(Quarantined())

    async def _stand_still(self) -> bool:
        """Refuses everything until released (True) or unused for the idle time (False); its row remains."""
        idle = self.of.runtime.capacity.idle_seconds
        while self._quarantine is not None:
            self._refuse_all()
            with trio.move_on_after(math.inf if idle is None else idle) as scope:
                await self.mailbox.wait()
            if scope.cancelled_caught and not len(self.mailbox):
                return False
        return True


class Supervisor:
    """The cells of one kind, found or started by address."""

    def __init__(self, of: KindRuntime) -> None:
        self.of = of
        self.cells: dict[str, Cell] = {}
        self._nursery: trio.Nursery | None = None

    async def run(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Keeps the kind's sessions until cancelled."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            task_status.started()
            await trio.sleep_forever()

    def cell(self, id: str, *, fresh: bool = False) -> Cell:
        """The session's cell, started if there is none; never two for one session."""
        cell = self.cells.get(id)
        if cell is None:
            if self._nursery is None or self._nursery.cancel_scope.cancel_called:
                raise Stopping
            cell = Cell(self.of, Address(self.of.kind.name, id), self._remove, fresh=fresh)
            self.cells[id] = cell
            self._nursery.start_soon(self._guarded, cell)
        return cell

    def _remove(self, cell: Cell) -> None:
        if self.cells.get(cell.address.id) is cell:
            del self.cells[cell.address.id]

    async def _guarded(self, cell: Cell) -> None:
        """Nothing that a cell does may reach its neighbours through the nursery."""
        try:
            await cell.live()
        except Exception as error:
            self.of.runtime.log.event(
                "session_stopped", cell.address, error=repr(error), traceback=formatted(error)
            )
