"""One session's actor: takes what waits in its mailbox, decides it in turns, and lets its timers fire.

A turn takes all waiting commands, fires what is due, decides and folds each into a pending copy, commits once, and only
then adopts the copy, answers, and announces. Whatever goes wrong leaves the committed copy as it was.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any, NoReturn

import trio

from switchboard.engine.clock import Instant
from switchboard.engine.errors import (
    CommitQueueFull,
    CommitUnknown,
    Expired,
    KeyReused,
    NotOwner,
    SessionCrashed,
    StoreDown,
    Unavailable,
)
from switchboard.engine.ports import (
    REPLY_KEPT,
    AlreadyConsumed,
    ClaimTaken,
    Committed,
    Fenced,
    KeyedReply,
    KeyKnown,
    Meanwhile,
    Outcome,
    Snapshot,
    Stale,
    Turn,
)
from switchboard.engine.runtime.draft import Draft
from switchboard.engine.runtime.letter import Key, Letter
from switchboard.engine.runtime.mailbox import Mailbox
from switchboard.engine.runtime.services import KindRuntime
from switchboard.engine.sessions.kind import Address, Claim

LATE_MILLISECONDS = 100
"""The target for timers and turns (design page): what takes longer is an event in the supervision log."""

RETRY_FIRST_SECONDS = 0.05
RETRY_MOST_SECONDS = 2.0
"""Waiting between tries while the database is away: soon enough not to add to the outage, rare enough not to hammer."""


class Reload(Exception):
    """The committed copy in memory is not (or may not be) what the database has: load again, which is no crash."""


class Crash(Exception):
    """A bug in a command (``letter``) or a timer (None). The cause is the exception; the letter has been answered."""

    def __init__(self, incident: str, message: str) -> None:
        super().__init__(f"{message} ({incident})")
        self.incident = incident
        self.message = message


class Actor:
    """The state of one session and the code that changes it; run by one task, its cell's (supervisor.py)."""

    __slots__ = (
        "address",
        "crowd",
        "mailbox",
        "now_last",
        "of",
        "retry_at",
        "retry_seconds",
        "seen_version",
        "single",
        "snapshot_version",
        "state",
        "told_at",
        "version",
    )

    def __init__(self, of: KindRuntime, address: Address, mailbox: Mailbox) -> None:
        self.of = of
        self.address = address
        self.mailbox = mailbox
        self.state: Any | None = None
        """The committed state, and what volatile events made of it. Nobody else assigns it."""
        self.version = 0
        self.snapshot_version = 0
        self.crowd = 0
        self.told_at = -math.inf
        """How many letters the last turn answered or left waiting, and when on Trio's clock: those who may be about to
        write again, and those who wait (crowd.py)."""
        self.now_last: Instant = 0
        self.single = 0
        """So many letters are decided one a turn, because the database refused their common turn."""
        self.retry_at = -math.inf
        """On Trio's clock: no turn for timers alone before this (the database was away)."""
        self.retry_seconds = RETRY_FIRST_SECONDS

    @property
    def topic(self) -> str:
        """The topic of the session's own events; their numbers are its versions."""
        return f"{self.address.kind}/{self.address.id}"

    def wake_at(self) -> float:
        """When, on Trio's clock, the session's own deadline is due; infinity if it has none."""
        if self.state is None:
            return math.inf
        deadline = self.of.kind.deadline(self.state)
        if deadline is None:
            return math.inf
        return max(self.of.runtime.clock.trio_time(deadline.at), self.retry_at)

    async def turn(self) -> None:
        """Takes what waits (and fires what is due), and sees it through.

        Raises: Reload, Crash; letters that are not answered then are in the mailbox again.
        """
        runtime = self.of.runtime
        began = trio.current_time()
        letters = self.mailbox.take(1 if self.single else runtime.capacity.turn)
        self.single = max(0, self.single - 1)
        runtime.turns += 1
        runtime.commands += len(letters)
        try:
            await self._see_through(letters)
        except (Reload, Crash):
            raise
        except Exception as error:
            self._blame(letters, error)
        except trio.Cancelled:
            # The engine stops; what the committer has taken will still be written, and adopted if this task lives.
            self._fail(letters, CommitUnknown())
            raise
        spent = trio.current_time() - began
        if spent * 1000 > LATE_MILLISECONDS:
            runtime.log.event(
                "turn_slow", self.address, seconds=round(spent, 3), commands=len(letters)
            )

    async def _see_through(self, letters: list[Letter]) -> None:
        """Decides and commits, again as often as the turn loses against others' claims and keys."""
        runtime = self.of.runtime
        obstacles: dict[Claim, str] = {}
        while True:
            draft = self._draft(letters, obstacles)
            await self._recall(draft)
            if not draft.durable:
                await self._finish_without_commit(draft)
                return
            turn = draft.turn(self.version, self.snapshot_version, runtime.capacity.snapshot_every)
            try:
                outcome = await runtime.sessions.commit(
                    turn, partial(self._adopt, draft, turn), self._foretelling(turn)
                )
            except (StoreDown, CommitQueueFull) as error:
                self._put_off(letters, error)
                return
            except CommitUnknown as error:
                await self._settle(turn, letters, error)
            except Fenced as error:
                self._fail(letters, NotOwner())
                await self.retire(error)
            if isinstance(outcome, Committed):
                self.retry_seconds = RETRY_FIRST_SECONDS
                return
            letters = self._after_loss(outcome, letters, obstacles)

    def _draft(self, letters: list[Letter], obstacles: dict[Claim, str]) -> Draft:
        """Decides everything on a fresh copy. Raises: Crash, with the letters but the culprit put back."""
        runtime = self.of.runtime
        clock_now = runtime.clock.now()
        now = self.now_last = max(clock_now, self.now_last)
        draft = Draft(
            self.of.kind,
            self.of.codec,
            self.address,
            self.state,
            self.version,
            now=now,
            clock_now=clock_now,
            turn_id=runtime.ids.new(now),
            code_version=runtime.code_version,
            obstacles=obstacles,
        )
        culprit: Letter | None = None
        try:
            draft.fire_due()
            for letter in letters:
                culprit = letter
                draft.decide(letter)
        except Exception as error:
            self._crash(letters, culprit, error)
        return draft

    async def _recall(self, draft: Draft) -> None:
        """Whoever asks again with a key gets the first answer, whatever a repeat would decide now: nothing, or, since
        the session has gone on, a refusal. What decides events again meets its key in the commit."""
        for place, (letter, _, refusal) in enumerate(draft.answers):
            if letter.key is None or isinstance(refusal, Expired) or draft.remembers(letter.key):
                continue
            try:
                first = await self.of.runtime.sessions.keyed(letter.key.key)
            except Unavailable as error:
                draft.answers[place] = (letter, None, error)
                continue
            if first is not None and first.at > draft.now - REPLY_KEPT:
                draft.answers[place] = (letter, *self._first_answer(letter.key, first))

    def _first_answer(self, key: Key, first: KeyedReply) -> tuple[Any, BaseException | None]:
        if key.digest != first.digest:
            return None, KeyReused()
        return self.of.codec.decode_state(first.format, first.reply), None

    def _crash(self, letters: list[Letter], culprit: Letter | None, error: Exception) -> None:
        runtime = self.of.runtime
        incident = runtime.ids.new(runtime.clock.now())
        message = "deadline"
        if culprit is not None:
            message = type(culprit.command).__name__
            culprit.fail(SessionCrashed(incident))
        self.mailbox.put_back(letter for letter in letters if letter is not culprit)
        raise Crash(incident, message) from error

    def _foretelling(self, turn: Turn) -> Meanwhile:
        """Lets those who tell of messages prepare what they will say if the commit succeeds."""
        foreseers = self.of.runtime.message_foreseers
        if not foreseers or not turn.notices or all(one.message is None for one in turn.entries):
            return None

        def foretell() -> None:
            for foreseer in foreseers:
                foreseer(turn)

        return foretell

    def _adopt(self, draft: Draft, turn: Turn, done: Committed) -> None:
        """Called by the store, in the batch's order, the moment the turn is durable."""
        runtime = self.of.runtime
        before, self.state, self.version = self.state, draft.state, turn.version
        if turn.snapshot is not None:
            self.snapshot_version = turn.snapshot.version
        self._report_late(draft)
        if runtime.message_observers and any(one.message is not None for one in turn.entries):
            for observer in runtime.message_observers:
                observer(self.address, turn.entries)
        self._answer(draft)
        runtime.announcements.announce(self.topic, turn, done.sequences)
        self.observe(before)
        if turn.outbox:
            runtime.deliver(turn.outbox)

    def observe(self, before: Any | None) -> None:
        """Tells the observers that the state has become what it is."""
        for observer in self.of.runtime.observers.get(self.of.kind.name, ()):
            observer(self.address, before, self.state)

    def _report_late(self, draft: Draft) -> None:
        runtime = self.of.runtime
        for due in draft.fired:
            if draft.now - due > LATE_MILLISECONDS and due >= runtime.ready_at:
                runtime.log.event("timer_late", self.address, milliseconds=draft.now - due)

    async def _finish_without_commit(self, draft: Draft) -> None:
        if draft.consumed:
            try:
                await self.of.runtime.sessions.outbox_done(draft.consumed)
            except Unavailable as error:
                self._fail([letter for letter, _, _ in draft.answers], error)
                return
            except Fenced as fence:
                self._fail([letter for letter, _, _ in draft.answers], NotOwner())
                await self.retire(fence)
        before, self.state = self.state, draft.state
        self._answer(draft)
        if before is not self.state:
            self.observe(before)
        if not draft.answers and not draft.fired:
            await trio.lowlevel.checkpoint()

    def _answer(self, draft: Draft) -> None:
        # Before anybody is told, who may write again before the next turn begins.
        self.crowd, self.told_at = len(draft.answers) + len(self.mailbox), trio.current_time()
        for letter, value, refusal in draft.answers:
            if refusal is None:
                letter.answer(value)
            else:
                letter.fail(refusal)

    @staticmethod
    def _fail(letters: list[Letter], error: Exception) -> None:
        for letter in letters:
            letter.fail(error)

    def _put_off(self, letters: list[Letter], error: Unavailable) -> None:
        """The database did not take the turn: callers hear it at once, timers try again after a pause."""
        runtime = self.of.runtime
        runtime.log.event("commit_failed", self.address, error=repr(error), commands=len(letters))
        self._fail(letters, error)
        pause = self.retry_seconds * (1 + runtime.chance.random() / 2)
        self.retry_at = trio.current_time() + pause
        self.retry_seconds = min(self.retry_seconds * 2, RETRY_MOST_SECONDS)

    def _blame(self, letters: list[Letter], error: Exception) -> None:
        """The turn as a whole failed (the database refuses what it holds): find the letter that did it by deciding
        one at a time. Raises: Crash, once it is found."""
        waiting = [letter for letter in letters if not letter.answered]
        if len(waiting) > 1:
            self.single = len(waiting)
            self.mailbox.put_back(waiting)
            return
        self._crash(waiting, waiting[0] if waiting else None, error)

    async def _settle(self, turn: Turn, letters: list[Letter], error: CommitUnknown) -> None:
        """Writes nothing until the lost answer is known; reads go on from the committed copy. Raises: Reload."""
        runtime = self.of.runtime
        runtime.log.event("commit_unknown", self.address, commands=len(letters))
        self._fail(letters, error)
        pause = RETRY_FIRST_SECONDS
        while True:
            try:
                happened = await runtime.sessions.settle(turn)
            except Fenced as fence:
                await self.retire(fence)
            except Unavailable:
                await trio.sleep(pause * (1 + runtime.chance.random() / 2))
                pause = min(pause * 2, RETRY_MOST_SECONDS)
            else:
                break
        runtime.log.event("commit_settled", self.address, happened=happened)
        if happened:
            for topic in {notice.topic: None for notice in turn.notices}:
                runtime.announcements.lag(topic)
            if turn.outbox:
                runtime.recheck_outbox()
        raise Reload("settled")

    async def retire(self, fence: Fenced) -> NoReturn:
        """Another node owns the session: waits to be cancelled with the engine. Going on would be worse than useless:
        whatever is due stays due, and each refused try comes back at once."""
        self.of.runtime.fenced(str(fence))
        await trio.sleep_forever()

    def _after_loss(
        self, outcome: Outcome, letters: list[Letter], obstacles: dict[Claim, str]
    ) -> list[Letter]:
        """What is to be decided again after this turn lost. Raises: Reload."""
        if isinstance(outcome, ClaimTaken):
            if outcome.claim in obstacles:
                # The kind did not refuse for it, so it would lose for ever.
                raise AssertionError(f"{self.address} wants {outcome.claim} and does not refuse")
            obstacles[outcome.claim] = outcome.holder
            return letters
        if isinstance(outcome, KeyKnown):
            return [letter for letter in letters if not self._answered_before(letter, outcome)]
        if isinstance(outcome, AlreadyConsumed):
            for letter in letters:
                if letter.consumes == outcome.outbox_id:
                    letter.answer(self.state)
            return [letter for letter in letters if not letter.answered]
        assert isinstance(outcome, Stale)
        self.mailbox.put_back(letters)
        self.of.runtime.log.event("session_stale", self.address, version=self.version)
        raise Reload("stale")

    def _answered_before(self, letter: Letter, known: KeyKnown) -> bool:
        first = known.first
        if letter.key is None or letter.key.key != first.key:
            return False
        value, refusal = self._first_answer(letter.key, first)
        if refusal is None:
            letter.answer(value)
        else:
            letter.fail(refusal)
        return True

    def snapshot(self) -> Snapshot | None:
        """The present state, to be kept while the session is not in memory; None if it does not exist."""
        if self.state is None:
            return None
        return Snapshot(
            self.version, self.of.kind.state_format, self.of.codec.encode_state(self.state)
        )
