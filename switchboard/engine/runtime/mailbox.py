"""A session's mailbox: what waits for its actor, in order and bounded."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import trio

from switchboard.engine.errors import MailboxFull
from switchboard.engine.runtime.letter import Letter


class Mailbox:
    """Letters for one actor. Any task may post; one task, the actor's, waits and takes.

    Overflow policy: a letter to a full mailbox is refused at once (``MailboxFull``), never dropped later.
    """

    __slots__ = ("_letters", "_most", "_waiter")

    def __init__(self, most: int) -> None:
        self._most = most
        self._letters: deque[Letter] | None = None
        # None while empty: a deque takes 600 bytes, and most of a hundred thousand sessions are idle.
        self._waiter: trio.lowlevel.Task | None = None

    def __len__(self) -> int:
        return 0 if self._letters is None else len(self._letters)

    def post_nowait(self, letter: Letter) -> None:
        """Puts a letter last. Raises: MailboxFull."""
        if self._letters is None:
            self._letters = deque()
        elif len(self._letters) >= self._most:
            raise MailboxFull
        self._letters.append(letter)
        self.wake()

    def take(self, most: int) -> list[Letter]:
        """Removes and returns up to ``most`` letters, oldest first."""
        if self._letters is None:
            return []
        if len(self._letters) <= most:
            taken = list(self._letters)
            self._letters = None
            return taken
        return [self._letters.popleft() for _ in range(most)]

    def put_back(self, letters: Iterable[Letter]) -> None:
        """Puts letters that were taken and not answered first again, in their order."""
        again = list(letters)
        if again:
            if self._letters is None:
                self._letters = deque()
            self._letters.extendleft(reversed(again))

    def wake(self) -> None:
        """Lets the waiting actor go on, whether there is a letter or not."""
        if self._waiter is not None:
            trio.lowlevel.reschedule(self._waiter)
            self._waiter = None

    async def wait(self) -> None:
        """Returns once there is a letter, or after ``wake``."""
        if self._letters is not None:
            await trio.lowlevel.checkpoint()
            return
        assert self._waiter is None, "one actor waits for a mailbox"
        self._waiter = trio.lowlevel.current_task()

        def abort(_: trio.lowlevel.RaiseCancelT) -> trio.lowlevel.Abort:
            self._waiter = None
            return trio.lowlevel.Abort.SUCCEEDED

        await trio.lowlevel.wait_task_rescheduled(abort)
