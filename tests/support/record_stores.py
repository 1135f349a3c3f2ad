"""The record stores of each kind, for the tests that hold them to one behaviour."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import trio

from switchboard.engine.errors import EngineError
from switchboard.engine.records import (
    Accounts,
    ApiKeys,
    Attempts,
    BankDirectory,
    Devices,
    Leads,
    Limits,
    Organizations,
    Revocations,
    SupportApps,
    Uploads,
    Vehicles,
)
from switchboard.store.bridge import Database
from switchboard.store.memory_api_keys import MemoryApiKeys
from switchboard.store.memory_dealerships import MemoryDevices, MemoryLeads, MemoryVehicles
from switchboard.store.memory_records import (
    MemoryAccounts,
    MemoryAttempts,
    MemoryLimits,
    MemoryOrganizations,
    MemoryRevocations,
)
from switchboard.store.memory_support import MemoryBankDirectory, MemorySupportApps
from switchboard.store.memory_uploads import MemoryUploads
from switchboard.store.migrations import migrate
from switchboard.store.records_accounts import PostgresAccounts, PostgresOrganizations
from switchboard.store.records_api_keys import PostgresApiKeys
from switchboard.store.records_dealerships import (
    PostgresDevices,
    PostgresLeads,
    PostgresVehicles,
)
from switchboard.store.records_limits import PostgresAttempts, PostgresLimits
from switchboard.store.records_revocations import PostgresRevocations
from switchboard.store.records_support import PostgresBankDirectory, PostgresSupportApps
from switchboard.store.records_uploads import PostgresUploads


@dataclass(frozen=True)
class Records:
    """One kind of store, empty."""

    accounts: Accounts
    organizations: Organizations
    attempts: Attempts
    limits: Limits
    revocations: Revocations
    leads: Leads
    vehicles: Vehicles
    devices: Devices
    api_keys: ApiKeys
    uploads: Uploads
    support_apps: SupportApps
    bank_directory: BankDirectory


@asynccontextmanager
async def open_records(url: str | None) -> AsyncIterator[Records]:
    """Those in that empty database, or in memory."""
    if url is None:
        yield Records(
            MemoryAccounts(),
            MemoryOrganizations(),
            MemoryAttempts(),
            MemoryLimits(),
            MemoryRevocations(),
            MemoryLeads(),
            MemoryVehicles(),
            MemoryDevices(),
            MemoryApiKeys(),
            MemoryUploads(),
            MemorySupportApps(),
            MemoryBankDirectory(),
        )
        return
    async with Database.open(url) as database:
        await migrate(database)
        accounts = PostgresAccounts(database)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(accounts.loads.run)
            yield Records(
                accounts,
                PostgresOrganizations(database),
                PostgresAttempts(database),
                PostgresLimits(database),
                PostgresRevocations(database),
                PostgresLeads(database),
                PostgresVehicles(database),
                PostgresDevices(database),
                PostgresApiKeys(database),
                PostgresUploads(database),
                PostgresSupportApps(database),
                PostgresBankDirectory(database),
            )
            nursery.cancel_scope.cancel()


async def together(*calls: Callable[[], Awaitable[Any]]) -> list[Any]:
    """The answers or refusals of calls made at once, in their order."""
    answers: list[Any] = [None] * len(calls)

    async def one(number: int, call: Callable[[], Awaitable[Any]]) -> None:
        try:
            answers[number] = await call()
        except EngineError as error:
            answers[number] = error

    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            for number, call in enumerate(calls):
                nursery.start_soon(one, number, call)
    return answers
