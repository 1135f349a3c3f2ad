"""Which of asyncpg's errors mean that the database is at fault, and not what it was asked."""

from __future__ import annotations

from typing import Final

import asyncpg

OUTAGES: Final = (
    OSError,  # ConnectionRefusedError and TimeoutError are OSErrors.
    asyncpg.InterfaceError,
    # The server has announced the connection's end, which has not come yet: asyncpg 0.32 then refuses each statement.
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.InvalidAuthorizationSpecificationError,  # A role or password changed while we run.
    asyncpg.InsufficientResourcesError,  # Too many connections, disk full, out of memory.
    asyncpg.OperatorInterventionError,  # Shutdown, crash, starting up, statement_timeout.
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.ReadOnlySQLTransactionError,  # We are connected to a standby.
    asyncpg.InvalidCatalogNameError,  # The database was dropped.
)

LOCKS: Final = (
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
)


def is_outage(error: BaseException) -> bool:
    """Whether the same call may go through later, the database's state being at fault and not the call."""
    # asyncpg's DataError and ClientConfigurationError are InterfaceErrors too; what sets them apart is ValueError.
    return isinstance(error, OUTAGES) and not isinstance(error, ValueError)
