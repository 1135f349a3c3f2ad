"""What people's devices are told: the port of its providers."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import msgspec

from switchboard.engine.clock import Instant
from switchboard.engine.records import Device
from switchboard.engine.sessions.kind import Command

FROM_A_PERSON = 100
"""The push code of what a person sends (contracts/dropin.md, POST /notifications/push)."""


class PersonalNotice(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody tells another: on ``account/<recipient>``, as ``push``."""

    code: int = FROM_A_PERSON
    sender: str
    data: dict[str, Any]
    """The sender's own, and nothing else: no code of the server's can be forged."""


class DeliverPush(Command, frozen=True):
    """To the devices of the account that it is addressed to."""

    notice: PersonalNotice
    at: Instant


class Push(NamedTuple):
    """Something to be shown on a device."""

    id: str
    """The same for every try, so that a device shows it once."""
    notice: PersonalNotice


class Pusher(Protocol):
    """Reaches devices."""

    async def push(self, device: Device, push: Push) -> None:
        """Hands it over. Raises: anything, then it is tried again; DeviceGone: never again."""


class DeviceGone(Exception):
    """The device's address is good for nothing any more."""
