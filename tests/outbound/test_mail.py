"""The sender that needs no provider."""

from __future__ import annotations

from structlog.testing import CapturingLogger

from switchboard.outbound import LogSender


async def test_a_code_is_written_to_the_log() -> None:
    """Where whoever runs the server finds it."""
    logger = CapturingLogger()
    await LogSender(logger).send_code("email", "a@example.test", "0042")
    assert logger.calls[0].kwargs == {"to": "a@example.test", "by": "email", "code": "0042"}
