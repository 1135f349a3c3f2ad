"""The phones that pushes go to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from switchboard.engine.clock import Instant

DeviceType = Literal["ios", "android"]


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A phone, by the address that its maker's push service gave it."""

    id: str
    account: str
    address: str
    type: DeviceType
    bundle: str
    """The app that registered it."""
    created_at: Instant
    updated_at: Instant


class Devices(Protocol):
    """The registered devices."""

    async def put(self, device: Device) -> Device:
        """Stores it; a device with that address becomes this account's and keeps its id and ``created_at``.

        Returns: what is stored. Raises: StoreDown.
        """

    async def remove(self, account: str, address: str) -> bool:
        """Forgets that device of that account; False if it has none with that address."""

    async def of(self, account: str) -> Sequence[Device]:
        """All of an account, in the order in which they were first registered."""
