"""What people's devices are told: the port of its providers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

import msgspec

from switchboard.engine.clock import Instant
from switchboard.engine.engine import Engine
from switchboard.engine.ports import StoredNotice
from switchboard.engine.records import Device

FROM_A_PERSON = 100
"""The push code of what a person sends (contracts/dropin.md, POST /notifications/push)."""

ACCOUNT_TOPICS = "account/"
"""What the topics begin with whose notices go to devices: ``account/<id>``."""

TRIED_MILLISECONDS = 3_600_000
"""What is an hour old is no news: neither sent by us nor kept by a vendor for a device that is off."""


class PersonalNotice(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody tells another: on ``account/<recipient>``, as ``push``."""

    code: int = FROM_A_PERSON
    sender: str
    data: dict[str, Any]
    """The sender's own, and nothing else: no code of the server's can be forged."""


class Push(NamedTuple):
    """Something to be shown on a device."""

    id: str
    """A UUID, the same for every try and on the websocket, so that an app shows it once."""
    title: str
    text: str
    body: Mapping[str, Any]
    """What the app is given, as JSON: its dialect's push body."""
    expires_at: Instant
    """Nobody needs to see it after that."""


Body = Callable[[StoredNotice, str, Engine], Push | None]
"""(notice, account, engine) -> what that account's devices are told of it; None: nothing."""


class Pusher(Protocol):
    """Reaches devices."""

    async def push(self, device: Device, push: Push) -> None:
        """Hands it over.

        The texts of what it raises are logged: they hold no token, key or address of a device's.

        Raises:
            DeviceGone: nothing will ever reach that address again.
            PushRefused: this will never be taken; the device may be all right.
            PushLater: not now, and not before so long. Anything else: it is tried again, too.
        """

    async def aclose(self) -> None:
        """Ends its connections; it is not used any more."""


class DeviceGone(Exception):
    """The device's address is good for nothing any more."""


class PushRefused(Exception):
    """The vendor will not take it, however often it is tried."""


class PushLater(Exception):
    """The vendor did not take it now.

    Args:
        seconds: no try before so long, if the vendor said so.
        everybody: that goes for all devices of the vendor.
    """

    def __init__(self, reason: str, seconds: float = 0.0, *, everybody: bool = False) -> None:
        super().__init__(reason)
        self.seconds = seconds
        self.everybody = everybody


def topic_of(account: str) -> str:
    """What is told to that account."""
    return f"{ACCOUNT_TOPICS}{account}"
