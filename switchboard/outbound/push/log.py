"""The pusher that needs no vendor: it says in the log whom it would have told."""

from __future__ import annotations

from typing import Any

import structlog
import trio

from switchboard.engine.push import Push
from switchboard.engine.records import Device


class LogPusher:
    """The default ``Pusher``. Neither what is told nor a device's address is logged: both are secrets of people."""

    def __init__(self, logger: Any = None) -> None:
        self._logger = structlog.get_logger("push") if logger is None else logger

    async def push(self, device: Device, push: Push) -> None:
        """Writes a line."""
        self._logger.info(
            "push", push=push.id, account=device.account, device=device.id, type=device.type
        )
        await trio.lowlevel.checkpoint()

    async def aclose(self) -> None:
        """There is nothing to end."""
        await trio.lowlevel.checkpoint()
