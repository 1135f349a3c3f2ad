"""Which process may write: an incarnation of a node, an advisory lock, and a lease.

What makes it safe is the fence alone: each commit holds its node's row FOR SHARE, and a takeover sets ``retired`` there
first, which waits for commits in flight and stops all later ones. The lock and the lease only decide *when* to take
over: at once if the lock is free (its owner's connection has ended), else when the lease has run out (its owner is
frozen or cut off).
"""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final
from uuid import uuid4

import asyncpg
import trio

from switchboard.engine.errors import StartError
from switchboard.store.bridge import Connection, Database, DirectConnection, first_line
from switchboard.store.outages import LOCKS, is_outage

OWNER_LOCK: Final = 0x5357_4F57_4E45_5221
"""Held on a connection of its own for as long as the engine lives; the ASCII codes of 'SWOWNER!'."""

TAKEOVER_LOCK: Final = 0x5357_5441_4B45_4F56
"""Held for one transaction, so that two starting engines take over one after the other ('SWTAKEOV')."""

LEASE_SECONDS: Final = 15.0
"""How long a frozen owner keeps others out. Longer than any pause of a healthy process (a checkpoint of the host, a
slow disk), short enough for a person who waits."""

RENEWALS_A_LEASE: Final = 5
"""Four renewals may fail before the lease has run out."""

LET_GO_SECONDS: Final = 0.5
"""How long a free lock is waited for: the server needs some milliseconds to see that a killed process has gone."""

GOODBYE_SECONDS_MOST: Final = 2.0
"""For the row that says so when we leave; without it the next one takes over by the free lock."""

log = logging.getLogger(__name__)


class Ownership:
    """This process's incarnation. Made by ``own``."""

    def __init__(
        self,
        database: Database,
        on_lost: Callable[[str], None],
        lease_seconds: float,
        renew_seconds: float,
    ) -> None:
        self.node = str(uuid4())
        self._database = database
        self._on_lost = on_lost
        self._lease_seconds = lease_seconds
        self._renew_seconds = renew_seconds
        self._connection: DirectConnection | None = None
        self._renewed_at = 0.0
        """On the boot clock: when the last renewal that came through was begun."""
        self._closed = trio.Event()
        """The lock's connection has ended."""

    async def take(self) -> None:
        """Becomes the owner, or not. Asyncio code. Raises: StartError, asyncpg's errors."""
        connection = self._connection = await self._database.connect(
            application_name="switchboard owner"
        )
        connection.add_termination_listener(lambda _connection: self._closed.set())
        has_lock = await _wait_for_lock(connection)
        self._renewed_at = boot_time()
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", TAKEOVER_LOCK)
            if not has_lock:
                await _refuse_if_alive(connection)
            await connection.execute("UPDATE node SET retired = true WHERE NOT retired")
            await self._register(connection)
        if not has_lock:
            # The frozen owner still holds the lock; it was fenced off just now, so that nothing of it is needed.
            log.warning("took over from an engine whose lease had run out")
            await _end_holder(connection)
            if not await _wait_for_lock(connection):
                raise StartError(
                    "the lock of the engine that was taken over from does not come free"
                )

    async def _register(self, connection: Connection) -> None:
        description = f"{socket.gethostname()}, process {os.getpid()}"
        await connection.execute(
            "INSERT INTO node (id, description) VALUES ($1, $2)", self.node, description
        )
        await connection.execute("DELETE FROM lease")
        await connection.execute(
            "INSERT INTO lease (node, expires_at) VALUES ($1, clock_timestamp() + $2 * interval '1 s')",
            self.node,
            self._lease_seconds,
        )
        await connection.execute("UPDATE shard SET node = $1", self.node)

    async def watch(self) -> None:
        """Renews the lease until cancelled, or until it is lost, which is told once."""
        reason = await self._until_lost()
        log.error("this node is no longer the owner: %s", reason)
        self._on_lost(reason)

    async def _until_lost(self) -> str:
        while True:
            with trio.move_on_after(self._renew_seconds):
                await self._closed.wait()
                return "the connection that holds the owner's lock has ended"
            # Trio's clock stands still while the machine sleeps, and the lease does not.
            if boot_time() - self._renewed_at >= self._lease_seconds:
                return "the lease ran out before it could be renewed"
            begun = boot_time()
            try:
                alive = await self._database.run_apart(self._renew)
            except Exception as error:
                if not is_outage(error):
                    raise
                log.warning("the lease could not be renewed: %r", error)
                continue
            if not alive:
                return "another engine has taken over"
            self._renewed_at = begun

    async def _renew(self) -> bool:
        assert self._connection is not None
        renewed = await self._connection.fetchval(
            """
            UPDATE lease SET expires_at = clock_timestamp() + $2 * interval '1 s'
            WHERE node = $1 RETURNING true
            """,
            self.node,
            self._lease_seconds,
            timeout=self._renew_seconds,
        )
        return renewed is not None

    async def leave(self) -> None:
        """Retires this incarnation and lets go of the lock. Asyncio code."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            if not connection.is_closed():
                async with connection.transaction():
                    await connection.execute(
                        "UPDATE node SET retired = true WHERE id = $1", self.node
                    )
                    await connection.execute("DELETE FROM lease WHERE node = $1", self.node)
        except Exception as error:
            if not is_outage(error):
                raise
            log.warning("left without a goodbye: %r", error)
        finally:
            connection.terminate()


def boot_time() -> float:
    """Seconds on a clock that also runs while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


async def _wait_for_lock(connection: Connection) -> bool:
    """Whether the owner's lock could be had; it then belongs to the connection."""
    await connection.execute(f"SET lock_timeout = '{int(LET_GO_SECONDS * 1000)}ms'")
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", OWNER_LOCK)
    except LOCKS:
        return False
    finally:
        await connection.execute("RESET lock_timeout")
    return True


async def _refuse_if_alive(connection: Connection) -> None:
    """Raises: StartError if somebody's lease has not run out."""
    alive = await connection.fetchval(
        """
        SELECT n.description FROM lease AS l JOIN node AS n ON n.id = l.node
        WHERE NOT n.retired AND l.expires_at > clock_timestamp() LIMIT 1
        """
    )
    if alive is not None:
        raise StartError(f"another engine runs on this database ({alive}); stop it first")


async def _end_holder(connection: Connection) -> None:
    """Ends the connection that holds the owner's lock; allowed, since it is of the same role."""
    await connection.execute(
        """
        SELECT pg_terminate_backend(l.pid) FROM pg_locks AS l
        WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
            AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND (l.classid::bigint << 32 | l.objid::bigint) = $1
        """,
        OWNER_LOCK,
    )


@asynccontextmanager
async def own(
    database: Database,
    on_lost: Callable[[str], None],
    *,
    lease_seconds: float = LEASE_SECONDS,
    renew_seconds: float | None = None,
) -> AsyncIterator[Ownership]:
    """Makes this process the owner of all shards.

    Args:
        lease_seconds: how long it keeps others out once it is frozen.
        renew_seconds: between renewals; by default several a lease.
        on_lost: called at most once, synchronously, with the reason; from then on nothing can be committed, or will
            soon be refused.

    Raises: StartError if another engine is alive on this database, or the database does not answer.
    """
    if renew_seconds is None:
        renew_seconds = lease_seconds / RENEWALS_A_LEASE
    ownership = Ownership(database, on_lost, lease_seconds, renew_seconds)
    try:
        try:
            await database.run_apart(ownership.take)
        except Exception as error:
            if is_outage(error) or isinstance(error, asyncpg.PostgresError):
                raise StartError(
                    f"the database could not be taken over: {first_line(error)}"
                ) from error
            raise
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ownership.watch)
            yield ownership
            nursery.cancel_scope.cancel()
    finally:
        with trio.move_on_after(GOODBYE_SECONDS_MOST, shield=True):
            await database.run_apart(ownership.leave)
