"""Senders of one-time codes and of mail."""

from __future__ import annotations

import os
import secrets
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import structlog
import trio

from switchboard.engine.mail import Mail

KEPT_MOST = 1000
"""Letters that the folder keeps: the oldest go first."""


class LocalSender:
    """The default ``Sender``, for who can read this server's log and files: codes go to the log, mail into a folder.

    Args:
        folder: where letters lie as ``.eml`` files that their owner alone may read; made when the first comes.
    """

    def __init__(self, folder: Path, logger: Any = None) -> None:
        self._folder = folder
        self._logger = structlog.get_logger("codes") if logger is None else logger

    async def send_code(self, identity_type: str, value: str, code: str) -> None:
        """Writes it to the log."""
        self._logger.info("one_time_code", to=value, by=identity_type, code=code)
        await trio.lowlevel.checkpoint()

    async def send_mail(self, mail: Mail) -> None:
        """Writes it into the folder. Raises: OSError."""
        file = await trio.to_thread.run_sync(self._write, mail)
        self._logger.info("mail_written", to=mail.to, subject=mail.subject, file=file.name)

    def _write(self, mail: Mail) -> Path:
        message = EmailMessage()
        message["To"], message["Subject"] = mail.to, mail.subject
        message.set_content(mail.text)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        names = sorted(one for one in os.listdir(self._folder) if one.endswith(".eml"))
        for name in names[: max(0, len(names) - KEPT_MOST + 1)]:
            (self._folder / name).unlink(missing_ok=True)
        number = int(names[-1].partition("-")[0]) + 1 if names else 1
        file = self._folder / f"{number:08d}-{secrets.token_hex(4)}.eml"
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(message.as_bytes())
        return file
