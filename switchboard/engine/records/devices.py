"""The devices that pushes go to, and how far each has been told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from switchboard.engine.clock import Instant

DeviceType = Literal["ios", "android", "web"]


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A phone or a browser, by the address that its maker's push service gave it."""

    id: str
    account: str
    address: str
    """A token, or a web push subscription's URL."""
    type: DeviceType
    bundle: str
    """The app that registered it."""
    created_at: Instant
    updated_at: Instant
    p256dh: str | None = None
    """A web push subscription's public key, in base64url. Source: RFC 8291, 3.1."""
    auth: str | None = None
    """And its authentication secret, in base64url."""
    told: int = 0
    """The number of the account's last notice that the device has taken, or need not take."""


class Devices(Protocol):
    """The registered devices."""

    async def put(self, device: Device) -> Device:
        """Stores it; a device with that address becomes this account's and keeps its id and ``created_at``.

        One that was this account's before keeps its ``told``, too.

        Returns: what is stored. Raises: StoreDown.
        """

    async def remove(self, account: str, address: str) -> bool:
        """Forgets that device of that account; False if it has none with that address."""

    async def of(self, account: str) -> Sequence[Device]:
        """All of an account, in the order in which they were first registered."""

    async def told(self, device: Device, sequence: int) -> None:
        """Its account's notices up to that number are done with for the device; never goes back.

        If it has become another account's meanwhile, nothing happens. Raises: StoreDown.
        """

    async def listening(self) -> Sequence[tuple[str, bool]]:
        """Every account that has a device, and whether one of them is behind the account's topic. Raises: StoreDown."""
