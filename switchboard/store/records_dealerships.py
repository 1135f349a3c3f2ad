"""Leads, vehicles and devices, in Postgres."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
import msgspec

from switchboard.engine.records import Device, Lead, Vehicle
from switchboard.store.bridge import Connection, Database
from switchboard.store.records_rules import storable


def _columns(struct: type[msgspec.Struct]) -> tuple[str, ...]:
    """A column bears the name of its field."""
    return tuple(field.name for field in msgspec.structs.fields(struct))


def _insert(table: str, columns: Sequence[str]) -> str:
    places = ", ".join(f"${number}" for number, _ in enumerate(columns, 1))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})"


LEAD = _columns(Lead)
VEHICLE = _columns(Vehicle)
DEVICE = _columns(Device)

ADD_LEAD = f"{_insert('lead', LEAD)} ON CONFLICT (id) DO NOTHING"

PUT_VEHICLE = f"""
    {_insert("vehicle", VEHICLE)} ON CONFLICT (organization, vin)
    DO UPDATE SET model = excluded.model, photo = excluded.photo
"""

PUT_DEVICE = f"""
    {_insert("device", DEVICE)} ON CONFLICT (address)
    DO UPDATE SET account = excluded.account, type = excluded.type, bundle = excluded.bundle,
        updated_at = excluded.updated_at, p256dh = excluded.p256dh, auth = excluded.auth,
        told = CASE WHEN device.account = excluded.account THEN device.told ELSE excluded.told END
    RETURNING {", ".join(DEVICE)}
"""

TOLD = """
    UPDATE device SET told = $3 WHERE address = $1 AND account = $2 AND told < $3
"""

LISTENING = """
    SELECT device.account, bool_or(device.told < coalesce(topic.sequence, 0)) AS behind
    FROM device LEFT JOIN topic ON topic.topic = 'account/' || device.account
    GROUP BY device.account ORDER BY device.account
"""


async def _fetch(connection: Connection, query: str, *arguments: object) -> list[asyncpg.Record]:
    return await connection.fetch(query, *arguments)


def _values(record: msgspec.Struct, columns: Sequence[str]) -> tuple[Any, ...]:
    return tuple(getattr(record, column) for column in columns)


class PostgresLeads:
    """``Leads`` in the table ``lead``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, lead: Lead) -> Lead:
        """Stores it, unless one with its id is stored. Returns: the one that is stored. Raises: StoreDown."""
        await self._database.run(_fetch, ADD_LEAD, *_values(lead, LEAD))
        return (await self.many([lead.id]))[lead.id]

    async def many(self, ids: Sequence[str]) -> Mapping[str, Lead]:
        """Those that exist."""
        wanted = [id for id in ids if storable(id)]
        if not wanted:
            return {}
        query = f"SELECT {', '.join(LEAD)} FROM lead WHERE id = ANY ($1::text[])"
        rows = await self._database.run(_fetch, query, wanted)
        return {row["id"]: Lead(**dict(row)) for row in rows}


class PostgresVehicles:
    """``Vehicles`` in the table ``vehicle``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, vehicle: Vehicle) -> None:
        """Stores it, in place of the organization's vehicle with the same VIN. Raises: StoreDown."""
        await self._database.run(_fetch, PUT_VEHICLE, *_values(vehicle, VEHICLE))

    async def many(self, organization: str, vins: Sequence[str]) -> Mapping[str, Vehicle]:
        """Those of the organization with these VINs (in upper case), by VIN."""
        wanted = [vin for vin in vins if storable(vin)]
        if not wanted or not storable(organization):
            return {}
        query = f"""SELECT {", ".join(VEHICLE)} FROM vehicle
            WHERE organization = $1 AND vin = ANY ($2::text[])"""
        rows = await self._database.run(_fetch, query, organization, wanted)
        return {row["vin"]: Vehicle(**dict(row)) for row in rows}


class PostgresDevices:
    """``Devices`` in the table ``device``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, device: Device) -> Device:
        """Stores it; a device with that address becomes this account's. Returns: what is stored. Raises: StoreDown."""
        [row] = await self._database.run(_fetch, PUT_DEVICE, *_values(device, DEVICE))
        return Device(**dict(row))

    async def remove(self, account: str, address: str) -> bool:
        """Forgets that device of that account; False if it has none with that address."""
        if not storable(account) or not storable(address):
            return False
        query = "DELETE FROM device WHERE account = $1 AND address = $2 RETURNING id"
        return bool(await self._database.run(_fetch, query, account, address))

    async def of(self, account: str) -> Sequence[Device]:
        """All of an account, in the order in which they were first registered."""
        if not storable(account):
            return []
        query = f"""SELECT {", ".join(DEVICE)} FROM device WHERE account = $1
            ORDER BY created_at, id"""
        rows = await self._database.run(_fetch, query, account)
        return [Device(**dict(row)) for row in rows]

    async def told(self, device: Device, sequence: int) -> None:
        """Its account's notices up to that number are done with for the device. Raises: StoreDown."""
        await self._database.run(_fetch, TOLD, device.address, device.account, sequence)

    async def listening(self) -> Sequence[tuple[str, bool]]:
        """Every account that has a device, and whether one of them is behind. Raises: StoreDown."""
        rows = await self._database.run(_fetch, LISTENING)
        return [(row["account"], row["behind"]) for row in rows]
