"""Group commit: all actors hand their turns to one committer, which writes whatever waits in one transaction.

The batch grows by itself while the one before is under way; there is no timer. A turn that loses (stale version, claim
taken, key known, outbox row consumed) drops out alone. An error rolls the whole batch back, and it is halved until the
culprit stands alone. Both stores use this class; what they differ in is the ``Backend``.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, Protocol

import msgspec
import trio

from switchboard.engine.errors import CommitQueueFull, CommitUnknown, StoreDown
from switchboard.engine.ports import (
    Adopt,
    CommitFailed,
    Committed,
    Fenced,
    Meanwhile,
    Outcome,
    Turn,
)
from switchboard.store.conflicts import Separation
from switchboard.store.gathering import gather

BATCH_MOST: Final = 256
"""Batches of 100 to 500 were measured at the same cost a row (3-6 us); 256 needs at most eight halvings."""

QUEUE_MOST: Final = 4096
"""Sixteen full batches: at the 40,000 rows/s measured for batches this is a tenth of a second of work, and more would
only be answered after its callers have given up."""

LOCKED_SECONDS_MOST: Final = 0.2
"""How long a turn whose row is locked by a stranger is tried again: our own short transactions (a settle, a snapshot)
hold a row for a few milliseconds, so that this is ample for them and soon enough for a person who waits."""

LOCKED_PAUSE_SECONDS: Final = 0.01
"""Between tries of a locked turn if nothing else is to be written; about the length of one slow commit."""

log = logging.getLogger(__name__)


class Locked(msgspec.Struct, frozen=True):
    """Nothing of this turn was written, because another transaction holds its session's row."""


class BatchRefused(Exception):
    """The batch was rolled back for something that one of its turns holds; the cause is the database's error."""


class BatchLocked(Exception):
    """The batch was rolled back because it waited too long for a lock."""


class Backend(Protocol):
    """Writes one batch at a time."""

    async def write(
        self, batch: Sequence[Turn], *, hurried: bool, sent: Callable[[], None]
    ) -> Sequence[Outcome | Locked]:
        """Writes the turns in one transaction and says what became of each, in their order.

        Args:
            batch: turns of which no two touch the same thing (``Separation``).
            hurried: part of a batch that has failed already; wait hardly at all for locks.
            sent: called when the batch is on its way and there is nothing to do but wait.

        Raises:
            BatchRefused, BatchLocked: rolled back. StoreDown: nothing was sent. CommitUnknown: the answer was lost.
            Fenced: rolled back, and so will be everything to come.
        """


class CommitStatistics(msgspec.Struct, frozen=True):
    """A snapshot of the committer's counters since its start."""

    waiting: int
    batches: int
    turns: int
    """Handed to the backend, each try counted."""
    largest_batch: int
    halved: int
    """Batches that were rolled back and tried again in halves."""


class _Waiting:
    """A turn on its way. ``task`` is its caller while that still waits; the turn is written also without it."""

    __slots__ = ("adopt", "answered", "error", "give_up_at", "meanwhile", "outcome", "task", "turn")

    def __init__(self, turn: Turn, adopt: Adopt, meanwhile: Meanwhile) -> None:
        self.turn = turn
        self.adopt = adopt
        self.meanwhile = meanwhile
        """Until it has been called."""
        self.task: trio.lowlevel.Task | None = trio.lowlevel.current_task()
        self.answered = False
        self.outcome: Outcome | None = None
        self.error: Exception | None = None
        self.give_up_at: float | None = None
        """On Trio's clock, once the session's row was found locked."""

    def answer(self, value: Outcome) -> None:
        self.outcome = value
        self._wake()

    def fail(self, error: Exception) -> None:
        self.error = error
        self._wake()

    def _wake(self) -> None:
        self.answered = True
        if self.task is not None:
            trio.lowlevel.reschedule(self.task)
            self.task = None


class Committer:
    """Writes turns in batches; one task runs ``run`` for as long as turns may be handed in."""

    def __init__(self, backend: Backend, queue_most: int = QUEUE_MOST) -> None:
        self._backend = backend
        self._queue_most = queue_most
        self._queue: deque[_Waiting] = deque()
        self._locked: list[_Waiting] = []
        """Turns whose row was locked: at the head of the next batch, before anything of the queue."""
        self._under_way: Sequence[_Waiting] = ()
        self._work = trio.Event()
        self._stuck = False
        """Every turn of the last batch was found locked."""
        self._crowd = 1
        """So many turns were in the last batch or came meanwhile: no more are waited for."""
        self._when_quiet: list[Callable[[], None]] = []
        self._closed: Exception | None = None
        self._batches = self._turns = self._largest = self._halved = 0

    def when_quiet(self, callback: Callable[[], None]) -> None:
        """See ``Sessions``."""
        self._when_quiet.append(callback)

    def statistics(self) -> CommitStatistics:
        """The counters as they are now."""
        waiting = len(self._queue) + len(self._locked)
        return CommitStatistics(waiting, self._batches, self._turns, self._largest, self._halved)

    async def commit(self, turn: Turn, adopt: Adopt, meanwhile: Meanwhile = None) -> Outcome:
        """See ``Sessions.commit``. A caller that is cancelled leaves its turn behind: it is written and adopted.

        Raises: CommitQueueFull, StoreDown, CommitUnknown, CommitFailed, Fenced, or what ``adopt`` raised.
        """
        if self._closed is not None:
            raise _again(self._closed)
        if len(self._queue) >= self._queue_most:
            raise CommitQueueFull
        waiting = _Waiting(turn, adopt, meanwhile)
        self._queue.append(waiting)
        self._work.set()

        def leave(_: object) -> trio.lowlevel.Abort:
            waiting.task = None
            return trio.lowlevel.Abort.SUCCEEDED

        await trio.lowlevel.wait_task_rescheduled(leave)
        if waiting.error is not None:
            raise waiting.error
        assert waiting.outcome is not None  # Woken only by answer() and fail().
        return waiting.outcome

    async def run(self) -> None:
        """Writes batches until cancelled; then everything that still waits is answered."""
        try:
            while True:
                await self._wait_for_work()
                enough = min(self._crowd, BATCH_MOST)
                if len(self._queue) < enough:
                    await gather(self._waiting_turns, enough)
                self._under_way = batch = self._next_batch()
                self._batches += 1
                self._largest = max(self._largest, len(batch))
                await self._write(batch, hurried=False)
                self._crowd = len(batch) + len(self._queue)
                if not self._queue:
                    self._use_the_quiet()
                self._stuck = all(not waiting.answered for waiting in batch)
        finally:
            # Synchronous, so that it also happens in a cancelled task.
            if self._closed is None:
                self._closed = StoreDown("the store is closing")
            for waiting in self._under_way:
                if not waiting.answered:
                    waiting.fail(CommitUnknown("the store closed before the answer came"))
            self._answer_all([*self._locked, *self._queue], self._closed)

    def _use_the_quiet(self) -> None:
        for callback in self._when_quiet:
            try:
                callback()
            except Exception:
                log.exception("what was to be done between two commits failed")

    def _waiting_turns(self) -> int:
        return len(self._queue)

    async def _wait_for_work(self) -> None:
        if self._queue and not self._stuck:
            return
        self._work = trio.Event()
        if self._locked:
            with trio.move_on_after(LOCKED_PAUSE_SECONDS):
                await self._work.wait()
        else:
            await self._work.wait()

    def _next_batch(self) -> list[_Waiting]:
        """The longest waiting turns that do not touch each other; the others keep their places."""
        if len(self._queue) == 1 and not self._locked:
            return [self._queue.popleft()]
        separation = Separation()
        batch: list[_Waiting] = []
        kept: list[_Waiting] = []
        locked, self._locked = self._locked, []
        for waiting in locked:
            # They were in batches before, but not in the same one.
            (batch if separation.admits(waiting.turn) else self._locked).append(waiting)
        queue = self._queue
        while queue and len(batch) < BATCH_MOST and len(kept) < BATCH_MOST:
            waiting = queue.popleft()
            (batch if separation.admits(waiting.turn) else kept).append(waiting)
        queue.extendleft(reversed(kept))
        return batch

    async def _write(self, batch: Sequence[_Waiting], *, hurried: bool) -> None:
        self._turns += len(batch)
        try:
            outcomes = await self._backend.write(
                [waiting.turn for waiting in batch],
                hurried=hurried,
                sent=partial(_prepare, batch),
            )
        except (BatchRefused, BatchLocked) as error:
            await self._after_rollback(batch, error)
        except Fenced as error:
            self._closed = error
            self._answer_all(batch, error)
        except (StoreDown, CommitUnknown) as error:
            self._answer_all(batch, error)
        except Exception:
            # A bug of ours, before or after the batch was sent: nobody can say, so it must be settled.
            log.exception("a batch of %d turns failed for an unforeseen reason", len(batch))
            self._answer_all(batch, CommitUnknown("the committer failed"))
        else:
            for waiting, answer in zip(batch, outcomes, strict=True):
                self._conclude(waiting, answer)

    async def _after_rollback(self, batch: Sequence[_Waiting], error: Exception) -> None:
        if len(batch) > 1:
            self._halved += 1
            middle = len(batch) // 2
            await self._write(batch[:middle], hurried=True)
            await self._write(batch[middle:], hurried=True)
        elif isinstance(error, BatchLocked):
            batch[0].fail(StoreDown("another transaction holds a lock that this turn needs"))
        else:
            failure = CommitFailed(f"{batch[0].turn.address}: {error}")
            failure.__cause__ = error.__cause__ or error
            batch[0].fail(failure)

    def _conclude(self, waiting: _Waiting, answer: Outcome | Locked) -> None:
        if isinstance(answer, Locked):
            now = trio.current_time()
            if waiting.give_up_at is None:
                waiting.give_up_at = now + LOCKED_SECONDS_MOST
            if now < waiting.give_up_at:
                self._locked.append(waiting)
            else:
                waiting.fail(StoreDown("another transaction holds the session's row"))
            return
        if isinstance(answer, Committed):
            if waiting.meanwhile is not None:
                _prepare([waiting])
            try:
                waiting.adopt(answer)
            except Exception as error:
                log.exception("adopting a committed turn of %s failed", waiting.turn.address)
                waiting.fail(error)
                return
        waiting.answer(answer)

    @staticmethod
    def _answer_all(batch: Sequence[_Waiting], error: Exception) -> None:
        for waiting in batch:
            if not waiting.answered:
                waiting.fail(_again(error))


def _prepare(batch: Sequence[_Waiting]) -> None:
    """What each turn's caller wants done while the batch is on its way."""
    for waiting in batch:
        meanwhile, waiting.meanwhile = waiting.meanwhile, None
        if meanwhile is not None:
            try:
                meanwhile()
            except Exception:
                # It concerns neither this turn nor the others of its batch.
                log.exception("preparing for the commit of %s failed", waiting.turn.address)


def _again(error: Exception) -> Exception:
    """A copy for one caller: an exception object that many tasks raise would mix up their tracebacks."""
    copy = type(error)(*error.args)
    copy.__cause__ = error.__cause__
    return copy
