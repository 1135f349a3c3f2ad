"""The engine: sessions behind ``ask`` and ``read``, and everything that keeps them going.

It knows neither HTTP nor SQL. ``run`` is started in a nursery of the caller's and returns after ``stop``.
"""

from __future__ import annotations

import math
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import trio

from switchboard.engine.clock import Clock, Instant
from switchboard.engine.errors import KeyReused, NotOwner, Stopping, StoreDown, Unavailable
from switchboard.engine.ids import Ids, is_id
from switchboard.engine.ports import Capacity, Fenced, NewNotice, VideoProvider
from switchboard.engine.runtime.alarms import Alarms
from switchboard.engine.runtime.announcements import Announcement, Announcements
from switchboard.engine.runtime.draft import EndSession
from switchboard.engine.runtime.folding import restore
from switchboard.engine.runtime.letter import Key, Letter
from switchboard.engine.runtime.reactions import Reactions
from switchboard.engine.runtime.services import (
    KindRuntime,
    MessageForeseer,
    MessageObserver,
    Observer,
    Runtime,
)
from switchboard.engine.runtime.supervision_log import SupervisionLog
from switchboard.engine.runtime.supervisor import Supervisor
from switchboard.engine.sessions.kind import Address, Command, Kind
from switchboard.engine.storing import Store

DRAIN_SECONDS = 5.0
"""How long a stop waits for commands that were accepted: far more than a turn takes, less than any service manager's
patience (systemd gives 90 s, containers 10 s)."""


READS_BETWEEN_CHECKPOINTS = 16
"""A read of what is in memory takes a microsecond, letting others run some ten; a loop of reads must let them, too."""


class Engine:
    """All sessions of this node."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        ids: Ids,
        video: VideoProvider,
        kinds: Sequence[Kind[Any]],
        log: SupervisionLog,
        capacity: Capacity | None = None,
        code_version: str,
        chance: random.Random | None = None,
    ) -> None:
        self.store = store
        self.clock = clock
        self.ids = ids
        self.video = video
        self.log = log
        self.capacity = capacity or Capacity()
        self.chance = chance or random.Random()
        """For jitter only."""
        self.announcements = Announcements()
        self.reactions = Reactions(self._tell)
        self.ready = False
        """Whether commands are taken."""
        self.fence_lost: str | None = None
        """Why this node stopped owning its sessions, once it has."""
        self._stop = trio.Event()
        self._idle = trio.Event()
        """Set when, while stopping, nobody waits for an answer any more."""
        self._asking = 0
        self._reads = 0
        self._runtime = Runtime(
            clock=clock,
            ids=ids,
            sessions=store.sessions,
            capacity=self.capacity,
            log=log,
            announcements=self.announcements,
            chance=self.chance,
            code_version=code_version,
            fenced=self.lose_ownership,
            deliver=self.reactions.deliver,
            recheck_outbox=self.reactions.recheck,
        )
        for kind in kinds:
            self.reactions.register(kind.name, {one.__name__: one for one in kind.receives})
        self._supervisors = {
            kind.name: Supervisor(KindRuntime(kind, self._runtime)) for kind in kinds
        }

    # -- life ---------------------------------------------------------------------------------------------------

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs the sessions until ``stop``; then refuses new commands, finishes those accepted, and returns."""
        async with trio.open_nursery() as nursery:
            await nursery.start(self._runtime.timers.run)
            for supervisor in self._supervisors.values():
                await nursery.start(supervisor.run)
            self._runtime.ready_at = self.clock.now()
            nursery.start_soon(self.reactions.run, self._runtime)
            alarms = Alarms(self._runtime, self.is_active, self.wake)
            nursery.start_soon(alarms.run)
            self.ready = True
            self.log.event("engine_started", version=self._runtime.code_version)
            task_status.started()
            try:
                await self._stop.wait()
            finally:
                self.ready = False
            with trio.move_on_after(0 if self.fence_lost else DRAIN_SECONDS):
                await self._drained()
            nursery.cancel_scope.cancel()
        self.log.event("engine_stopped", reason=self.fence_lost or "asked to")

    async def _drained(self) -> None:
        if self._asking:
            await self._idle.wait()

    def stop(self) -> None:
        """Asks ``run`` to return; repeated: nothing happens."""
        self._stop.set()

    @property
    def stopped(self) -> bool:
        """Whether ``stop`` was called, by whomever."""
        return self._stop.is_set()

    def lose_ownership(self, reason: str) -> None:
        """Another node owns the sessions: stop without writing anything more."""
        if self.fence_lost is None:
            self.fence_lost = reason
            self.log.event("ownership_lost", reason=reason)
        self.stop()

    # -- commands and reads -------------------------------------------------------------------------------------

    async def ask(
        self,
        address: Address,
        command: Command,
        *,
        by: str,
        key: Key | None = None,
        caused_by: str | None = None,
        fresh: bool = False,
        consumes: str | None = None,
    ) -> Any:
        """Gives a session a command and returns the session's state after it, once that is committed: ``post``, and
        its answer. A caller that is cancelled takes nothing back.

        Raises:
            Rejected, Unavailable: nothing changed (but for CommitUnknown: it may have).
            SessionCrashed: a bug; nothing changed.
        """
        letter = self.post(
            address, command, by=by, key=key, caused_by=caused_by, fresh=fresh, consumes=consumes
        )
        return await letter.reply()

    def post(
        self,
        address: Address,
        command: Command,
        *,
        by: str,
        key: Key | None = None,
        caused_by: str | None = None,
        fresh: bool = False,
        consumes: str | None = None,
        deadline: float | None = None,
    ) -> Letter:
        """Puts a command behind all that was given to the session before; ``Letter.reply`` has the answer. Who posts
        several shares one turn and one commit with itself.

        Args:
            deadline: on Trio's clock; once it has passed, the command is dropped undecided. By default the caller's
                own.
            by: who asks: an account's id, or ``system:<what>``.
            key: the same key again is answered with the first answer.
            caused_by: the request behind it, for the journal.
            fresh: the id was made just now; the store is not asked for it first.
            consumes: the outbox row that this delivers.

        Raises: Unavailable: it is not there.
        """
        if not self.ready:
            raise Stopping
        supervisor = self._supervisors[address.kind]
        letter = Letter(
            command,
            by=by,
            caused_by=caused_by,
            key=key,
            expires_at=self._expires_at(
                trio.current_effective_deadline() if deadline is None else deadline
            ),
            consumes=consumes,
            settled=self._answered,
        )
        cell = supervisor.cell(address.id, fresh=fresh)
        try:
            cell.mailbox.post_nowait(letter)
        except Unavailable:
            self.log.event("mailbox_full", address)
            raise
        self._asking += 1
        return letter

    def backlog(self, address: Address) -> int:
        """How many commands wait in the session's mailbox, beside those of its present turn."""
        supervisor = self._supervisors.get(address.kind)
        cell = None if supervisor is None else supervisor.cells.get(address.id)
        return 0 if cell is None else len(cell.mailbox)

    def _answered(self) -> None:
        self._asking -= 1
        if not self._asking and self._stop.is_set():
            self._idle.set()

    def _expires_at(self, deadline: float) -> Instant | None:
        if deadline == math.inf:
            return None
        # Minus infinity for a caller that is cancelled already: nobody waits any more.
        return self.clock.now() + int(max(0.0, deadline - trio.current_time()) * 1000)

    async def tell(self, notice: NewNotice) -> None:
        """Commits a notice of no session's and announces it.

        Raises: Unavailable: nothing was told, unless the answer was lost.
        """
        if not self.ready:
            raise Stopping
        try:
            sequence = await self.store.sessions.tell(notice, self.clock.now())
        except Fenced as fence:
            self.lose_ownership(str(fence))
            raise NotOwner from fence
        except StoreDown:
            # It may have happened: whoever follows the topic reads on from the store.
            self.announcements.lag(notice.topic)
            raise
        announced = Announcement(notice.topic, sequence, notice.name, notice.body)
        self.announcements.publish(notice.topic, [announced])

    async def _tell(self, target: Address, command: Command, row: str) -> Any:
        return await self.ask(target, command, by=f"system:{row}", caused_by=row, consumes=row)

    def in_memory(self, address: Address) -> Any | None:
        """The session's committed state, if it is in memory: what ``read`` returns then, without waiting."""
        cell = self._supervisors[address.kind].cells.get(address.id)
        return cell.actor.state if cell is not None and cell.loaded else None

    async def read(self, address: Address) -> Any | None:
        """The session's committed state, None if it does not exist; never activates it. Raises: StoreDown."""
        state = self.in_memory(address)
        if state is not None:
            self._reads += 1
            if self._reads % READS_BETWEEN_CHECKPOINTS == 0:
                await trio.lowlevel.checkpoint()
            return state
        if not is_id(address.id):
            return None
        of = self._supervisors[address.kind].of
        state, _ = restore(of.kind, of.codec, await self.store.sessions.load(address))
        return None if state is None else of.kind.revive(state, self._runtime.ready_at)

    async def first_answer(self, kind: str, key: Key) -> Any | None:
        """What the key was answered with, if it was: for workflows that could refuse before they ask a session.

        Raises: KeyReused if it was another request; StoreDown.
        """
        first = await self.store.sessions.keyed(key.key)
        if first is None:
            return None
        if first.digest != key.digest:
            raise KeyReused
        return self._supervisors[kind].of.codec.decode_state(first.format, first.reply)

    # -- supervision --------------------------------------------------------------------------------------------

    def is_active(self, address: Address) -> bool:
        """Whether the session is in memory."""
        supervisor = self._supervisors.get(address.kind)
        return supervisor is not None and address.id in supervisor.cells

    def wake(self, address: Address) -> None:
        """Loads the session, so that its timers run."""
        supervisor = self._supervisors.get(address.kind)
        if supervisor is not None:
            supervisor.cell(address.id)

    def observe(self, kind: str, observer: Observer) -> None:
        """Calls ``observer`` with every state of that kind that is adopted; it must be quick and must not raise."""
        self._runtime.observers.setdefault(kind, []).append(observer)

    def observe_messages(self, observer: MessageObserver) -> None:
        """Calls ``observer`` with the entries of each turn that has messages, as soon as they are durable; it must be
        quick and must not raise."""
        self._runtime.message_observers.append(observer)

    def foresee_messages(self, foreseer: MessageForeseer) -> None:
        """Calls ``foreseer`` with each turn that has messages while its commit is under way, so that what is told of it
        can be prepared in that time; it must be quick. The commit may come to nothing: whoever is told anything before
        it is durable is told a lie."""
        self._runtime.message_foreseers.append(foreseer)

    async def release(self, address: Address) -> bool:
        """Takes a session out of quarantine; False if it was in none. Raises: StoreDown, NotOwner."""
        supervisor = self._supervisors[address.kind]
        try:
            stored = await self.store.sessions.release(address)
        except Fenced as fence:
            self.lose_ownership(str(fence))
            raise NotOwner from fence
        except Unavailable:
            # It may have happened: then nobody would find the session in the list, and it would stand still for ever.
            cell = supervisor.cells.get(address.id)
            if cell is not None and cell.quarantined:
                cell.doubt()
            raise
        cell = supervisor.cells.get(address.id)
        held = cell is not None and cell.quarantined
        if stored or held:
            self.log.event("session_released", address, by="system:admin")
            supervisor.cell(address.id).release()
        return stored or held

    async def end(self, address: Address, *, by: str) -> Any:
        """Ends a session for good, out of quarantine if need be. Raises: Rejected, Unavailable, SessionCrashed."""
        await self.release(address)
        return await self.ask(address, EndSession(), by=by)

    def statistics(self) -> Mapping[str, int]:
        """Counts of the present moment, by name."""
        counts = {
            "turns": self._runtime.turns,
            "commands": self._runtime.commands,
            "asking": self._asking,
            "reactions_waiting": self.reactions.waiting,
            "timers": len(self._runtime.timers),
        }
        for name, supervisor in self._supervisors.items():
            counts[f"active_{name}"] = len(supervisor.cells)
        return counts


@asynccontextmanager
async def running(engine: Engine) -> AsyncIterator[Engine]:
    """Runs the engine for the length of the block."""
    async with trio.open_nursery() as nursery:
        await nursery.start(engine.run)
        try:
            yield engine
        finally:
            engine.stop()
