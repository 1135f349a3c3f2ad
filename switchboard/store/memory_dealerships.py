"""Leads, vehicles and devices in memory: the same behaviour as the Postgres ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import trio
from msgspec.structs import replace

from switchboard.engine.records import Device, Lead, Vehicle


class MemoryLeads:
    """``Leads`` in a dictionary."""

    def __init__(self) -> None:
        self._leads: dict[str, Lead] = {}

    async def add(self, lead: Lead) -> Lead:
        """Stores it, unless one with its id is stored. Returns: the one that is stored."""
        await trio.lowlevel.checkpoint()
        return self._leads.setdefault(lead.id, lead)

    async def many(self, ids: Sequence[str]) -> Mapping[str, Lead]:
        """Those that exist."""
        await trio.lowlevel.checkpoint()
        return {id: self._leads[id] for id in ids if id in self._leads}


class MemoryVehicles:
    """``Vehicles`` in a dictionary."""

    def __init__(self) -> None:
        self._vehicles: dict[tuple[str, str], Vehicle] = {}

    async def put(self, vehicle: Vehicle) -> None:
        """Stores it, in place of the organization's vehicle with the same VIN."""
        await trio.lowlevel.checkpoint()
        key = (vehicle.organization, vehicle.vin)
        old = self._vehicles.get(key)
        created_at = vehicle.created_at if old is None else old.created_at
        self._vehicles[key] = replace(vehicle, created_at=created_at)

    async def many(self, organization: str, vins: Sequence[str]) -> Mapping[str, Vehicle]:
        """Those of the organization with these VINs (in upper case), by VIN."""
        await trio.lowlevel.checkpoint()
        keys = [(organization, vin) for vin in vins]
        return {key[1]: self._vehicles[key] for key in keys if key in self._vehicles}


class MemoryDevices:
    """``Devices`` in a dictionary.

    Args:
        head: the number of a topic's last notice.
    """

    def __init__(self, head: Callable[[str], int] = lambda topic: 0) -> None:
        self._devices: dict[str, Device] = {}
        self._head = head

    async def put(self, device: Device) -> Device:
        """Stores it; a device with that address becomes this account's. Returns: what is stored."""
        await trio.lowlevel.checkpoint()
        old = self._devices.get(device.address)
        if old is not None:
            told = old.told if old.account == device.account else device.told
            device = replace(device, id=old.id, created_at=old.created_at, told=told)
        self._devices[device.address] = device
        return device

    async def remove(self, account: str, address: str) -> bool:
        """Forgets that device of that account; False if it has none with that address."""
        await trio.lowlevel.checkpoint()
        device = self._devices.get(address)
        if device is None or device.account != account:
            return False
        del self._devices[address]
        return True

    async def of(self, account: str) -> Sequence[Device]:
        """All of an account, in the order in which they were first registered."""
        await trio.lowlevel.checkpoint()
        own = [device for device in self._devices.values() if device.account == account]
        return sorted(own, key=lambda device: (device.created_at, device.id))

    async def told(self, device: Device, sequence: int) -> None:
        """Its account's notices up to that number are done with for the device."""
        await trio.lowlevel.checkpoint()
        stored = self._devices.get(device.address)
        if stored is not None and stored.account == device.account and stored.told < sequence:
            self._devices[device.address] = replace(stored, told=sequence)

    async def listening(self) -> Sequence[tuple[str, bool]]:
        """Every account that has a device, and whether one of them is behind."""
        await trio.lowlevel.checkpoint()
        behind: dict[str, bool] = {}
        for device in self._devices.values():
            late = device.told < self._head(f"account/{device.account}")
            behind[device.account] = behind.get(device.account, False) or late
        return sorted(behind.items())
