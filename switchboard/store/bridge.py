"""The only place where asyncio meets Trio: asyncpg runs on one asyncio loop inside Trio's.

A whole unit of work is one asyncio function, called with one hop (``Database.run``). ``async with`` over a pool or a
transaction from the Trio side was seen to leak connections and to leave transactions open when it was cancelled; inside
one asyncio function asyncpg's own clean-up holds (tests/store/test_bridge.py cancels half of many units).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from contextvars import copy_context
from functools import partial
from typing import Any, Concatenate, Final, ParamSpec, TypeAlias, TypeVar

import asyncpg
import trio
import trio_asyncio  # type: ignore[import-untyped]
from asyncpg.pool import PoolConnectionProxy

from switchboard.engine.errors import StartError, StoreDown
from switchboard.store.outages import is_outage
from switchboard.store.server import ServerFacts, check_server
from switchboard.store.trio_connection import LinkLost, ServerError, TrioConnection

P = ParamSpec("P")
T = TypeVar("T")

DirectConnection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
"""What a unit of work gets. It must leave the session's settings as they are (``SET LOCAL`` only)."""

CONNECT_SECONDS_MOST: Final = 5.0
ACQUIRE_SECONDS_MOST: Final = 5.0
COMMAND_SECONDS_MOST: Final = 12.0
"""Client side. A Trio deadline alone is not honoured on a hung server, so each wait has its own; a command's is longer
than the server's, so that the server's own answer, which is certain, comes first."""

POOL_MOST: Final = 8
"""Reads and records are short; two cores of a small database are busy with four, and hosted ones allow 20 or more."""

SERVER_LIMITS: Final = {
    "lock_timeout": "2s",
    "statement_timeout": "10s",
    "idle_in_transaction_session_timeout": "10s",
}
"""Server side, so that a client that vanished or froze holds nothing for long."""

TRANSACTION_LIMIT: Final = {"transaction_timeout": "15s"}
"""Known to Postgres 17 and later."""

log = logging.getLogger(__name__)


class Database:
    """A pool of connections, and asyncio functions run on it from any Trio task."""

    def __init__(self, url: str, loop: asyncio.AbstractEventLoop) -> None:
        self._url = url
        # Kept here because the context variable that trio-asyncio looks at is not inherited by our callers' tasks.
        self._loop = loop
        self._context = copy_context()
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        # In front of the pool, because thousands that wait within it, each with a timer of asyncio's, were seen to
        # leave the loop no time for those whose turn it was: nothing was done any more, for good.
        self._turns = trio.CapacityLimiter(POOL_MOST)
        self.version = 0
        """The server's major version."""
        self._settings: dict[str, str] = {"application_name": "switchboard", "jit": "off"}

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, *, allow_unsafe: bool = False) -> AsyncIterator[Database]:
        """Connects to a server that is fit to be trusted with what is acknowledged.

        Args:
            url: a DSN as asyncpg takes it; it may name a socket's folder (``?host=/folder``).
            allow_unsafe: also open a server that may lose acknowledged commits; logged as an error.

        Raises: StartError, one line for the person at the terminal; the URL's password is not in it.
        """
        refused: StartError | None = None
        async with trio_asyncio.open_loop() as loop:
            loop.set_exception_handler(_log_loop_error)
            database = cls(url, loop)
            try:
                await database._start(allow_unsafe)
            except StartError as error:
                refused = (
                    error  # Raised below, where no nursery of the loop's puts it into a group.
                )
            else:
                try:
                    yield database
                finally:
                    # As long as a unit in progress may take at most; then it is cut off.
                    with trio.move_on_after(COMMAND_SECONDS_MOST, shield=True):
                        await database.run_apart(database._close_pool)
        if refused is not None:
            raise refused

    async def run(
        self,
        unit: Callable[Concatenate[Connection, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Runs one whole unit of work, an asyncio function, on a connection of the pool.

        Units beyond the pool's connections wait for their turn, in order: as many as there are callers.
        Each statement is a transaction of its own, unless the unit opens one. If the caller is cancelled, or the
        connection lost, while a statement that writes is under way, it may have happened or not.

        Raises: StoreDown if the database is out of reach or too busy; other errors of the unit as they are.
        """
        await self._turn()
        try:
            if self._pool is None:
                raise StoreDown("the database is closed")
            return await self._on_loop(self._unit(self._pool, unit, *args, **kwargs))
        except Exception as error:
            if is_outage(error):
                raise StoreDown(first_line(error)) from error
            raise
        finally:
            self._turns.release()

    async def _turn(self) -> None:
        """Waits for one of the pool's connections. Raises: StoreDown if that takes too long."""
        try:
            self._turns.acquire_nowait()
        except trio.WouldBlock:
            with trio.move_on_after(ACQUIRE_SECONDS_MOST):
                await self._turns.acquire()
                return
            raise StoreDown("the database is too busy") from None

    async def run_apart(self, function: Callable[..., Awaitable[T]], *args: Any) -> T:
        """Runs an asyncio function that keeps its own connection (see ``connect``); its errors come as they are."""
        return await self._on_loop(_call(function, *args))

    async def _on_loop(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """In the context in which the database was opened. In the caller's, each of asyncpg's timers would hold that,
        and with it a whole request, until its moment, though it was cancelled long before."""
        future: asyncio.Future[T]
        try:
            future = self._context.run(partial(asyncio.ensure_future, loop=self._loop), coroutine)
        except BaseException:
            # The loop has been closed; nobody will await it.
            coroutine.close()
            raise
        result: T = await trio_asyncio.run_aio_future(future)
        return result

    async def connect(
        self, seconds: float = COMMAND_SECONDS_MOST, **settings: str
    ) -> DirectConnection:
        """A connection apart from the pool, for asyncio code.

        Args:
            seconds: the longest that a command may take, on the client's side.
            settings: of the server for this connection, instead of or beside its limits.
        """
        return await asyncpg.connect(
            self._url,
            timeout=CONNECT_SECONDS_MOST,
            command_timeout=seconds,
            server_settings=self._settings | settings,
        )

    async def link(self, **settings: str) -> TrioConnection:
        """A connection apart from the pool and from asyncio.

        Args:
            settings: of the server for this connection, instead of or beside its limits.

        Raises: LinkLost, ServerError, ValueError.
        """
        return await TrioConnection.open(
            self._url, seconds=CONNECT_SECONDS_MOST, settings=self._settings | settings
        )

    @staticmethod
    async def _unit(
        pool: asyncpg.Pool[asyncpg.Record],
        unit: Callable[Concatenate[Connection, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        try:
            connection = await pool.acquire(timeout=ACQUIRE_SECONDS_MOST)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            # Whatever the server has against a new connection, the unit has not begun.
            raise StoreDown(first_line(error)) from error
        try:
            return await unit(connection, *args, **kwargs)
        except asyncpg.InternalClientError:
            # The pool takes such a connection for a good one, and would hand it out again.
            connection.terminate()
            raise
        finally:
            await pool.release(connection, timeout=ACQUIRE_SECONDS_MOST)

    async def _start(self, allow_unsafe: bool) -> None:
        """Looks at the server and opens the pool. Raises: StartError."""
        try:
            facts = await self.run_apart(self._look, allow_unsafe)
            self.version = facts.version
            self._settings |= SERVER_LIMITS
            if facts.version >= 17:
                self._settings |= TRANSACTION_LIMIT
            # The committer connects when it needs to; that it can is better known now.
            (await self.link()).close()
            self._pool = await self.run_apart(self._open_pool)
        except ValueError:
            # Without the error's text, which may quote a part of the password.
            form = "postgresql://user:password@host:port/database"
            raise StartError(f"the database URL cannot be read; its form is {form}") from None
        except (
            asyncpg.PostgresError,
            asyncpg.InterfaceError,
            OSError,
            LinkLost,
            ServerError,
        ) as error:
            raise StartError(f"the database cannot be reached: {first_line(error)}") from error

    async def _look(self, allow_unsafe: bool) -> ServerFacts:
        connection = await self.connect()
        try:
            return await check_server(connection, allow_unsafe=allow_unsafe)
        finally:
            connection.terminate()

    async def _open_pool(self) -> asyncpg.Pool[asyncpg.Record]:
        return await asyncpg.create_pool(
            self._url,
            min_size=1,
            max_size=POOL_MOST,
            timeout=CONNECT_SECONDS_MOST,
            command_timeout=COMMAND_SECONDS_MOST,
            server_settings=self._settings,
            # Instead of the query that asyncpg sends by default, which costs every unit a second round trip; an open
            # transaction is rolled back all the same.
            reset=_leave_settings,
        )

    async def _close_pool(self) -> None:
        pool, self._pool = self._pool, None
        assert pool is not None
        try:
            await asyncio.wait_for(pool.close(), COMMAND_SECONDS_MOST / 2)
        except Exception as error:
            log.warning("connections were cut off at the end: %r", error)
            pool.terminate()


def first_line(error: Exception) -> str:
    """What an error says, short enough for a terminal."""
    return next(iter(str(error).splitlines()), "") or type(error).__name__


async def _call(function: Callable[..., Awaitable[T]], *args: Any) -> T:
    """As a coroutine, which is what the loop takes."""
    return await function(*args)


async def _leave_settings(_connection: DirectConnection) -> None:
    """Units change no settings, so there are none to reset."""


def _log_loop_error(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """An error that no asyncio task waits for: logged, since ending the whole process would help nobody."""
    log.error("asyncio: %s", context.get("message"), exc_info=context.get("exception"))
