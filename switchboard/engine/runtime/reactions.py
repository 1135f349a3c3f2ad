"""Delivers the outbox: each row to its target, in order per (source, target), until the target has taken it.

A session takes a row in its own commit, which deletes it; a workflow's handler is called again until it returns, and
its commands must bear repetition. Rows are handed over in memory by the commit that wrote them; the table is read at
the start, and whenever more wait than are held here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec
import trio

from switchboard.engine.errors import EngineError, Rejected, SessionCrashed, Unavailable
from switchboard.engine.ports import Fenced, OutboxRow
from switchboard.engine.runtime.actor import RETRY_FIRST_SECONDS
from switchboard.engine.runtime.services import Runtime
from switchboard.engine.sessions.kind import Address, Command

HELD_MOST = 10_000
"""Rows held in memory, some 5 MB; the others wait in the table."""

HANDLED_MOST = 32
"""Workflows' handlers that run at once. They read the store: requests wait behind so many at most, however many rows
there are."""

RETRY_MOST_SECONDS = 5.0
"""The longest pause between tries of one delivery, as for restarts."""

REFILL_SECONDS = 1.0
"""How soon the table is read again when the database did not answer."""

DELETE_SECONDS = 0.05
"""Delivered rows are collected so long before they are deleted together: nobody waits for it, and a row that a crash
leaves behind is only delivered again."""

Handler = Callable[[str, Any, str], Awaitable[None]]
"""(id of the target, command, id of the row)"""


class Reactions:
    """The delivery of committed reactions."""

    def __init__(self, tell: Callable[[Address, Command, str], Awaitable[Any]]) -> None:
        self._tell = tell
        """(target, command, row id) -> the session has taken it."""
        self._handlers: dict[str, tuple[Handler, trio.CapacityLimiter]] = {}
        """With what limits how many of them run at once."""
        self._commands: dict[tuple[str, str], msgspec.json.Decoder[Any]] = {}
        self._lanes: dict[tuple[Address, Address], deque[OutboxRow]] = {}
        self._held: set[str] = set()
        self._behind = True
        self._wakeup = trio.Event()
        self._done: list[str] = []
        self._done_wakeup = trio.Event()
        self._handling = trio.CapacityLimiter(HANDLED_MOST)
        self._nursery: trio.Nursery | None = None
        self._runtime: Runtime | None = None

    def register(
        self,
        kind: str,
        commands: Mapping[str, type[Command]],
        handler: Handler | None = None,
        at_once: int | None = None,
    ) -> None:
        """Says what may be sent to targets of ``kind``; with a handler it is a workflow, without one a session.

        Args:
            at_once: so many handlers of this kind run at once, apart from all others: for what waits for strangers.
        """
        for name, command in commands.items():
            self._commands[kind, name] = msgspec.json.Decoder(command)
        if handler is not None:
            apart = None if at_once is None else trio.CapacityLimiter(at_once)
            self._handlers[kind] = handler, apart or self._handling

    @property
    def waiting(self) -> int:
        """Rows in memory that are not delivered (and deleted) yet."""
        return len(self._held)

    def deliver(self, rows: Sequence[OutboxRow]) -> None:
        """Takes rows that have just been committed."""
        if self._behind or len(self._held) + len(rows) > HELD_MOST:
            self.recheck()
            return
        for row in rows:
            self._hold(row)

    def remind(self, source: Address, target: Address, command: Command) -> None:
        """Hands a workflow a command of its own once, soon, tried again like a row; it does not outlive the engine."""
        body = msgspec.json.encode(command)
        at = 0 if self._runtime is None else self._runtime.clock.now()
        name = type(command).__name__
        id = f"{target.kind}/{target.id}/{name}"
        self._hold(OutboxRow(id=id, source=source, target=target, name=name, body=body, at=at))

    def recheck(self) -> None:
        """The table holds rows that are not in memory."""
        self._behind = True
        self._wakeup.set()

    def _hold(self, row: OutboxRow) -> None:
        if row.id in self._held or self._nursery is None:
            return
        self._held.add(row.id)
        lane = (row.source, row.target)
        if lane in self._lanes:
            self._lanes[lane].append(row)
        else:
            self._lanes[lane] = deque([row])
            self._nursery.start_soon(self._drain, lane)

    async def run(self, runtime: Runtime) -> None:
        """Delivers until cancelled."""
        self._runtime = runtime
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            try:
                nursery.start_soon(self._delete_done)
                while True:
                    await self._refill()
                    await self._wakeup.wait()
                    self._wakeup = trio.Event()
            finally:
                # The store goes on to adopt what it has under way; those rows are the next engine's.
                self._nursery = None

    async def _refill(self) -> None:
        """Reads the table while there may be rows that were not handed over."""
        assert self._runtime is not None
        while self._behind:
            try:
                rows = await self._runtime.sessions.outbox(HELD_MOST)
            except Unavailable as error:
                self._runtime.log.event("reaction_failed", error=repr(error))
                await trio.sleep(REFILL_SECONDS)
                continue
            self._behind = len(rows) == HELD_MOST
            for row in rows:
                self._hold(row)
            if self._behind:
                await trio.sleep(REFILL_SECONDS)

    async def _drain(self, lane: tuple[Address, Address]) -> None:
        rows = self._lanes[lane]
        while rows:
            row = rows[0]
            await self._deliver(row)
            rows.popleft()
        del self._lanes[lane]

    async def _deliver(self, row: OutboxRow) -> None:
        """Tries until the target has taken the row, or it turns out that nobody ever will."""
        assert self._runtime is not None
        log, pause = self._runtime.log, RETRY_FIRST_SECONDS
        while True:
            try:
                await self._hand_over(row)
                return
            except (Rejected, SessionCrashed, KeyError, msgspec.DecodeError) as error:
                # A refusal is an answer; a message that crashes its target is never repeated by itself.
                if not isinstance(error, Rejected):
                    log.event(
                        "reaction_failed", row.target, row=row.id, error=repr(error), final=True
                    )
                self._finish(row.id)
                return
            except EngineError as error:
                log.event("reaction_failed", row.target, row=row.id, error=repr(error), final=False)
            except Exception as error:
                log.event("reaction_failed", row.target, row=row.id, error=repr(error), final=False)
            await trio.sleep(pause * (1 + self._runtime.chance.random() / 2))
            pause = min(pause * 2, RETRY_MOST_SECONDS)

    async def _hand_over(self, row: OutboxRow) -> None:
        command = self._commands[row.target.kind, row.name].decode(row.body)
        handler = self._handlers.get(row.target.kind)
        if handler is None:
            await self._tell(row.target, command, row.id)
            self._held.discard(row.id)
        else:
            handle, limiter = handler
            async with limiter:
                await handle(row.target.id, command, row.id)
            self._finish(row.id)

    def _finish(self, id: str) -> None:
        self._done.append(id)
        self._done_wakeup.set()

    async def _delete_done(self) -> None:
        """Deletes delivered rows, as many at once as there are; undeleted ones are only delivered again."""
        assert self._runtime is not None
        while True:
            await self._done_wakeup.wait()
            await trio.sleep(DELETE_SECONDS)
            self._done_wakeup = trio.Event()
            ids, self._done = self._done, []
            try:
                await self._runtime.sessions.outbox_done(ids)
                self._held.difference_update(ids)
            except Fenced as fence:
                self._runtime.fenced(str(fence))
                return
            except Unavailable:
                self._done = ids + self._done
                self._done_wakeup.set()
                await trio.sleep(REFILL_SECONDS)
