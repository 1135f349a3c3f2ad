"""The sender that needs no provider."""

from __future__ import annotations

import email
import os
import stat
from pathlib import Path

import pytest
from structlog.testing import CapturingLogger

from switchboard.engine.mail import Mail
from switchboard.outbound import LocalSender, mail

LETTER = Mail(to="a@example.test", subject="Your password", text="Password: sécret\n")


async def test_a_code_is_written_to_the_log(tmp_path: Path) -> None:
    """Where whoever runs the server finds it."""
    logger = CapturingLogger()
    await LocalSender(tmp_path, logger).send_code("email", "a@example.test", "0042")
    assert logger.calls[0].kwargs == {"to": "a@example.test", "by": "email", "code": "0042"}


async def test_a_letter_is_a_file_for_its_owner_alone_and_its_text_is_in_no_log(
    tmp_path: Path,
) -> None:
    logger = CapturingLogger()
    await LocalSender(tmp_path / "mail", logger).send_mail(LETTER)
    (name,) = os.listdir(tmp_path / "mail")
    file = tmp_path / "mail" / name
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    read = email.message_from_bytes(file.read_bytes())
    assert (read["To"], read["Subject"]) == (LETTER.to, LETTER.subject)
    payload = read.get_payload(decode=True)
    assert isinstance(payload, bytes)
    assert payload.decode() == LETTER.text
    assert "sécret" not in repr(logger.calls)


async def test_a_header_cannot_be_smuggled_into_a_letter(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"linefeed|newline|return"):
        await LocalSender(tmp_path).send_mail(LETTER._replace(to="a@b.test\nBcc: c@d.test"))
    assert os.listdir(tmp_path) == []


async def test_the_oldest_letters_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "KEPT_MOST", 3)
    sender = LocalSender(tmp_path, CapturingLogger())
    for number in range(5):
        await sender.send_mail(LETTER._replace(subject=str(number)))
    kept = [
        email.message_from_bytes((tmp_path / name).read_bytes())["Subject"]
        for name in sorted(os.listdir(tmp_path))
    ]
    assert kept == ["2", "3", "4"]
