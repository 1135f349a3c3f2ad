"""Which provider a device has."""

from __future__ import annotations

from collections.abc import Mapping

from switchboard.engine.push import Push, Pusher
from switchboard.engine.records import Device
from switchboard.engine.records.devices import DeviceType


class ByPlatform:
    """A ``Pusher`` that asks its type's, or ``otherwise`` if there are no credentials for that."""

    def __init__(self, pushers: Mapping[DeviceType, Pusher], otherwise: Pusher) -> None:
        self._pushers = pushers
        self._otherwise = otherwise

    async def push(self, device: Device, push: Push) -> None:
        """See ``Pusher``."""
        await self._pushers.get(device.type, self._otherwise).push(device, push)

    async def aclose(self) -> None:
        """Ends all of them."""
        for pusher in (*self._pushers.values(), self._otherwise):
            await pusher.aclose()
