"""Requests of the same moment, answered together: one query for all sessions that are loaded at once."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

import trio

from switchboard.engine.errors import StoreDown

Q = TypeVar("Q")
A = TypeVar("A")

TOGETHER_MOST: Final = 256
"""As many as in a batch of commits: a query for so many keys takes a few milliseconds."""

log = logging.getLogger(__name__)


class _Asked(Generic[Q, A]):
    __slots__ = ("answer", "error", "question", "task")

    def __init__(self, question: Q) -> None:
        self.question = question
        self.task: trio.lowlevel.Task | None = trio.lowlevel.current_task()
        self.answer: A
        self.error: Exception | None = None

    def wake(self) -> None:
        if self.task is not None:
            trio.lowlevel.reschedule(self.task)
            self.task = None


class Together(Generic[Q, A]):
    """Collects questions while an earlier batch is under way, and puts them to ``answer`` as one.

    No bound of its own: each question is a waiting task of a caller that is bounded (one activation a session).
    """

    def __init__(self, answer: Callable[[Sequence[Q]], Awaitable[Sequence[A]]]) -> None:
        self._answer = answer
        self._waiting: list[_Asked[Q, A]] = []
        self._under_way: list[_Asked[Q, A]] = []
        self._work = trio.Event()
        self._closed = False

    async def ask(self, question: Q) -> A:
        """The answer to one question. Raises: what ``answer`` raises, StoreDown when closing."""
        if self._closed:
            raise StoreDown("the store is closing")
        asked: _Asked[Q, A] = _Asked(question)
        self._waiting.append(asked)
        self._work.set()

        def leave(_: object) -> trio.lowlevel.Abort:
            asked.task = None
            return trio.lowlevel.Abort.SUCCEEDED

        await trio.lowlevel.wait_task_rescheduled(leave)
        if asked.error is not None:
            raise asked.error
        return asked.answer

    async def run(self) -> None:
        """Answers until cancelled; then everybody who still waits hears StoreDown."""
        try:
            while True:
                if not self._waiting:
                    self._work = trio.Event()
                    await self._work.wait()
                self._under_way = self._waiting[:TOGETHER_MOST]
                del self._waiting[:TOGETHER_MOST]
                await self._answer_batch(self._under_way)
        finally:
            self._closed = True
            for asked in self._under_way + self._waiting:
                asked.error = StoreDown("the store is closing")
                asked.wake()

    async def _answer_batch(self, batch: list[_Asked[Q, A]]) -> None:
        # Those whose callers left need no answer.
        batch = [asked for asked in batch if asked.task is not None]
        if not batch:
            return
        try:
            answers = await self._answer([asked.question for asked in batch])
        except StoreDown as error:
            for asked in batch:
                asked.error = StoreDown(*error.args)
                asked.error.__cause__ = error.__cause__
                asked.wake()
        except Exception as error:
            if len(batch) > 1:
                # One of them is at fault, and the others must not hear of it.
                for asked in batch:
                    await self._answer_batch([asked])
                return
            batch[0].error = error
            batch[0].wake()
        else:
            for asked, answer in zip(batch, answers, strict=True):
                asked.answer = answer
                asked.wake()
