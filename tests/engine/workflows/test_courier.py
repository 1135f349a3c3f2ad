"""Codes and letters leave behind the answer, and what goes wrong with one stops none."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from structlog.testing import CapturingLogger
from trio.testing import wait_all_tasks_blocked

from switchboard.engine.errors import MailboxFull
from switchboard.engine.mail import Mail
from switchboard.engine.workflows.courier import WAITING_MOST, Courier

LETTER = Mail(to="a@b.test", subject="Your password", text="Password: secret")


class Postman:
    """A sender that fails as often as told, and then keeps what it sends; or never comes to an end."""

    def __init__(self, *, fails: int = 0, stuck: bool = False) -> None:
        self.sent: list[Any] = []
        self._fails, self._stuck = fails, stuck

    async def _send(self, letter: Any) -> None:
        await trio.lowlevel.checkpoint()
        if self._stuck:
            await trio.sleep_forever()
        if self._fails:
            self._fails -= 1
            raise ConnectionError
        self.sent.append(letter)

    async def send_code(self, identity_type: str, value: str, code: str) -> None:
        await self._send((identity_type, value, code))

    async def send_mail(self, mail: Mail) -> None:
        await self._send(mail)


async def test_a_slow_provider_keeps_nobody_waiting() -> None:
    """Beyond a bound callers hear that the server is busy; a letter that can be done without is dropped, and logged."""
    logger = CapturingLogger()
    courier = Courier(Postman(stuck=True), logger)
    async with trio.open_nursery() as nursery:
        await nursery.start(courier.run)
        courier.post("email", "a@b.test", "0000")
        await wait_all_tasks_blocked()
        for _ in range(WAITING_MOST):
            courier.post("email", "a@b.test", None)
        with pytest.raises(MailboxFull):
            courier.post("email", "a@b.test", "0001")
        assert not courier.mail(LETTER)
        nursery.cancel_scope.cancel()
    assert [call.args for call in logger.calls] == [("mail_dropped",)]
    assert "secret" not in repr(logger.calls)


async def test_what_could_not_be_sent_does_not_stop_the_next() -> None:
    """It is logged, without the code or the text."""
    postman, logger = Postman(fails=2), CapturingLogger()
    courier = Courier(postman, logger)
    async with trio.open_nursery() as nursery:
        await nursery.start(courier.run)
        courier.post("email", "a@b.test", "0000")
        assert courier.mail(LETTER)
        courier.post("email", "a@b.test", "0001")
        assert courier.mail(LETTER)
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert postman.sent == [("email", "a@b.test", "0001"), LETTER]
    assert [call.kwargs for call in logger.calls] == [{"sort": "Code"}, {"sort": "Mail"}]
