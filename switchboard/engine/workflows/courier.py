"""Takes one-time codes and mail from the request that asked for them to the provider that sends them.

The request does not wait: how long a provider takes would tell whether there was anybody to send to. Nothing of it is
stored, because a stored code or password is one that can be stolen.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import structlog
import trio

from switchboard.engine.errors import MailboxFull
from switchboard.engine.mail import Mail, Sender

WAITING_MOST = 1000
"""Letters that may wait: some minutes of a slow provider; beyond that callers hear 503. A code lives 30 minutes, so one
that is lost with the process is asked for again."""


class Code(NamedTuple):
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
        self._send, self._receive = trio.open_memory_channel[Code | Mail](WAITING_MOST)

    def post(self, identity_type: str, value: str, code: str | None) -> None:
        """Takes the code to be sent soon. Raises: MailboxFull."""
        self._take(Code(identity_type, value, code))

    def mail(self, mail: Mail) -> bool:
        """Takes a letter to be sent soon: one that its sender can do without.

        Returns: False if too many wait; the log says so. What it is about has been committed, and stays.
        """
        try:
            self._take(mail)
        except MailboxFull:
            self._logger.warning("mail_dropped", to=mail.to, subject=mail.subject)
            return False
        return True

    def _take(self, letter: Code | Mail) -> None:
        try:
            self._send.send_nowait(letter)
        except trio.WouldBlock:
            raise MailboxFull from None

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Sends, one after the other, until cancelled. A failure is logged; the person asks again."""
        task_status.started()
        async for letter in self._receive:
            try:
                await self._deliver(letter)
            except Exception:
                self._logger.exception("letter_not_sent", sort=type(letter).__name__)

    async def _deliver(self, letter: Code | Mail) -> None:
        if isinstance(letter, Mail):
            await self._sender.send_mail(letter)
        elif letter.code is not None:
            await self._sender.send_code(letter.identity_type, letter.value, letter.code)
