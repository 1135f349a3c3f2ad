"""Everything durable, on Postgres."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from switchboard.store.bridge import Connection, Database
from switchboard.store.migrations import migrate
from switchboard.store.ownership import LEASE_SECONDS, own
from switchboard.store.queries_issues import PostgresIssues
from switchboard.store.queries_messages import PostgresMessages
from switchboard.store.queries_rooms import PostgresRooms
from switchboard.store.records_accounts import PostgresAccounts, PostgresOrganizations
from switchboard.store.records_api_keys import PostgresApiKeys
from switchboard.store.records_dealerships import (
    PostgresDevices,
    PostgresLeads,
    PostgresVehicles,
)
from switchboard.store.records_limits import PostgresAttempts, PostgresLimits
from switchboard.store.records_revocations import PostgresRevocations
from switchboard.store.records_serials import PostgresSerials
from switchboard.store.records_support import PostgresBankDirectory, PostgresSupportApps
from switchboard.store.records_uploads import PostgresUploads
from switchboard.store.sessions import PostgresSessions, open_sessions
from switchboard.store.streams import PostgresStreams


class PostgresStore:
    """The port ``Store``; made by ``open_postgres``."""

    def __init__(
        self,
        database: Database,
        node: str,
        sessions: PostgresSessions,
        accounts: PostgresAccounts,
    ) -> None:
        self.database = database
        self.node = node
        """This process's incarnation."""
        self.sessions = sessions
        self.accounts = accounts
        self.organizations = PostgresOrganizations(database)
        self.attempts = PostgresAttempts(database)
        self.limits = PostgresLimits(database)
        self.revocations = PostgresRevocations(database)
        self.messages = PostgresMessages(database)
        self.rooms = PostgresRooms(database)
        self.issues = PostgresIssues(database)
        self.serials = PostgresSerials(database)
        self.api_keys = PostgresApiKeys(database)
        self.uploads = PostgresUploads(database)
        self.support_apps = PostgresSupportApps(database)
        self.bank_directory = PostgresBankDirectory(database)
        self.streams = PostgresStreams(database)
        self.leads = PostgresLeads(database)
        self.vehicles = PostgresVehicles(database)
        self.devices = PostgresDevices(database)

    async def ping(self) -> None:
        """See ``Store``."""
        await self.database.run(_ping)


async def _ping(connection: Connection) -> None:
    await connection.execute("SELECT 1")


@asynccontextmanager
async def open_postgres(
    url: str,
    *,
    allow_unsafe: bool = False,
    on_lost: Callable[[str], None],
    lease_seconds: float = LEASE_SECONDS,
) -> AsyncIterator[PostgresStore]:
    """Migrates the database, becomes its owner, and opens the store.

    Args:
        url: see ``Database.open``.
        allow_unsafe: see ``Database.open``.
        on_lost: called at most once when this process is no longer the owner: the engine must stop.
        lease_seconds: see ``own``.

    Raises: StartError, one line for the person at the terminal.
    """
    async with Database.open(url, allow_unsafe=allow_unsafe) as database:
        await migrate(database)
        accounts = PostgresAccounts(database)
        async with (
            own(database, on_lost, lease_seconds=lease_seconds) as ownership,
            open_sessions(database, ownership.node, accounts.loads.run) as sessions,
        ):
            yield PostgresStore(database, ownership.node, sessions, accounts)
