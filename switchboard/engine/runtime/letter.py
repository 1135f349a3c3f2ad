"""A command on its way to a session, with the slot in which its sender waits for the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import trio

from switchboard.engine.clock import Instant
from switchboard.engine.sessions.kind import Command


class Key(NamedTuple):
    """An idempotency key: realm, caller, operation and the client's key joined; and a digest of the request."""

    key: str
    digest: bytes


class Letter:
    """One command and its reply slot. The slot is set once, synchronously; who waits for it may be gone by then."""

    __slots__ = (
        "_done",
        "_error",
        "_listener",
        "_settled",
        "_value",
        "_waiter",
        "by",
        "caused_by",
        "command",
        "consumes",
        "expires_at",
        "key",
    )

    def __init__(
        self,
        command: Command,
        *,
        by: str,
        caused_by: str | None = None,
        key: Key | None = None,
        expires_at: Instant | None = None,
        consumes: str | None = None,
        settled: Callable[[], None] | None = None,
    ) -> None:
        self.command = command
        self.by = by
        self.caused_by = caused_by
        self.key = key
        self.expires_at = expires_at
        """When nobody waits for the answer any more; the command is then dropped before it is decided."""
        self.consumes = consumes
        """The id of the outbox row that this letter delivers."""
        self._settled = settled
        """Called once: when the slot is set, or when nobody waits for that any more."""
        self._done = False
        self._value: Any = None
        self._error: BaseException | None = None
        self._waiter: trio.lowlevel.Task | None = None
        self._listener: Callable[[], None] | None = None

    @property
    def answered(self) -> bool:
        """Whether the slot is set."""
        return self._done

    @property
    def value(self) -> Any:
        """The answer; None before there is one, and where it is an error."""
        return self._value

    def answer(self, value: Any) -> None:
        """Sets the slot; a second answer is ignored (the first was already acted upon)."""
        self._settle(value, None)

    def fail(self, error: BaseException) -> None:
        """Sets the slot to an error, which the waiting sender will see raised."""
        self._settle(None, error)

    def _settle(self, value: Any, error: BaseException | None) -> None:
        if self._done:
            return
        self._done, self._value, self._error = True, value, error
        if self._waiter is not None:
            trio.lowlevel.reschedule(self._waiter)
            self._waiter = None
        self.abandon()
        if self._listener is not None:
            self._listener()

    def listen(self, listener: Callable[[], None]) -> None:
        """``listener`` is called when the slot is set, for who waits for several things; it must be quick and not
        raise."""
        self._listener = listener

    def abandon(self) -> None:
        """Nobody waits any more; the command stays where it is."""
        settled, self._settled = self._settled, None
        if settled is not None:
            settled()

    async def reply(self) -> Any:
        """Waits for the answer and returns it. Cancelling this takes nothing back."""
        if not self._done:
            self._waiter = trio.lowlevel.current_task()

            def abort(_: trio.lowlevel.RaiseCancelT) -> trio.lowlevel.Abort:
                self._waiter = None
                self.abandon()
                return trio.lowlevel.Abort.SUCCEEDED

            await trio.lowlevel.wait_task_rescheduled(abort)
        if self._error is not None:
            raise self._error
        return self._value
