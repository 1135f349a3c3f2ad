"""Takes one-time codes from the request that asked for them to the provider that sends them.

The request does not wait: how long a provider takes would tell whether there was anybody to send to.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import structlog
import trio

from switchboard.engine.errors import MailboxFull
from switchboard.engine.ports import Sender

WAITING_MOST = 1000
"""Codes that may wait: some minutes of a slow provider; beyond that callers hear 503. A code lives 30 minutes, so one
that is lost with the process is asked for again."""


class Letter(NamedTuple):
    """One code on its way."""

    identity_type: str
    value: str
    code: str | None
    """None: nobody is behind the identity and nothing is sent."""


class Courier:
    """A bounded queue before a ``Sender``."""

    def __init__(self, sender: Sender, logger: Any = None) -> None:
        self._sender = sender
        self._logger = structlog.get_logger("courier") if logger is None else logger
        self._send, self._receive = trio.open_memory_channel[Letter](WAITING_MOST)

    def post(self, identity_type: str, value: str, code: str | None) -> None:
        """Takes the code to be sent soon. Raises: MailboxFull."""
        try:
            self._send.send_nowait(Letter(identity_type, value, code))
        except trio.WouldBlock:
            raise MailboxFull from None

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Sends, one after the other, until cancelled. A failure is logged; the person asks again."""
        task_status.started()
        async for letter in self._receive:
            if letter.code is None:
                continue
            try:
                await self._sender.send_code(letter.identity_type, letter.value, letter.code)
            except Exception:
                self._logger.exception("code_not_sent", identity_type=letter.identity_type)
