"""What leaves as mail and as one-time codes: the ports of their senders."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Mail(NamedTuple):
    """A letter to one person, in plain text."""

    to: str
    """An e-mail address."""
    subject: str
    text: str


class Sender(Protocol):
    """Sends one-time codes and mail to people."""

    async def send_code(self, identity_type: str, value: str, code: str) -> None:
        """Sends a code; raises if it could not."""

    async def send_mail(self, mail: Mail) -> None:
        """Sends a letter; raises if it could not. Its text may hold a password and is never logged."""
