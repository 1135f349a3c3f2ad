"""The port ``Sessions`` on Postgres."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Final

import asyncpg
import trio

from switchboard.engine.clock import Instant
from switchboard.engine.errors import StoreDown
from switchboard.engine.ports import (
    REPLY_KEPT,
    Adopt,
    Fenced,
    Header,
    JournalEntry,
    KeyedReply,
    Meanwhile,
    NewNotice,
    OutboxRow,
    Outcome,
    QuarantineRow,
    Snapshot,
    Span,
    Stored,
    StoredNotice,
    Turn,
)
from switchboard.engine.sessions.kind import Address, Claim
from switchboard.store import queries, queries_around
from switchboard.store.bridge import Database
from switchboard.store.commit import Committer, log
from switchboard.store.loader import Together
from switchboard.store.postgres_backend import FENCED, PostgresBackend

PRUNE_FIRST_SECONDS: Final = 60.0
"""After the start, which has other work."""

PRUNE_SECONDS: Final = 600.0
"""Between two prunings: a seventieth of the 24 hours that rows are kept, so that tables outgrow them by little."""

Save = tuple[Address, Snapshot, Instant | None]


class PostgresSessions:
    """Sessions of one node; made by ``open_sessions``."""

    def __init__(self, database: Database, node: str) -> None:
        self._database = database
        self._node = node
        self.backend = PostgresBackend(database, node)
        self.committer = Committer(self.backend)
        self.loads = Together(self._load_all)
        self.saves = Together(self._save_all)
        self.spans = Together(self._all_spans)

    async def load(self, address: Address) -> Stored | None:
        """See ``Sessions``. Sessions that are loaded at the same moment share a query."""
        return await self.loads.ask(address)

    async def commit(self, turn: Turn, adopt: Adopt, meanwhile: Meanwhile = None) -> Outcome:
        """See ``Sessions``."""
        return await self.committer.commit(turn, adopt, meanwhile)

    def when_quiet(self, callback: Callable[[], None]) -> None:
        """See ``Sessions``."""
        self.committer.when_quiet(callback)

    async def settle(self, turn: Turn) -> bool:
        """See ``Sessions``. Raises: Fenced."""
        with _fence():
            return await self._database.run(queries.settle, self._node, turn)

    async def save_snapshot(
        self, address: Address, snapshot: Snapshot, deadline: Instant | None
    ) -> None:
        """See ``Sessions``. Raises: Fenced."""
        await self.saves.ask((address, snapshot, deadline))

    async def due(
        self, before: Instant, limit: int, after: tuple[Instant, Address] | None = None
    ) -> Sequence[tuple[Address, Instant]]:
        """See ``Sessions``."""
        return await self._database.run(queries.due, before, limit, after)

    async def journal(self, address: Address) -> Sequence[JournalEntry]:
        """See ``Sessions``."""
        return await self._database.run(queries.journal, address)

    async def claims(self, scopes: Sequence[str], keys: Sequence[str]) -> Mapping[Claim, str]:
        """See ``Sessions``."""
        return await self._database.run(queries.claims, scopes, keys)

    async def keyed(self, key: str) -> KeyedReply | None:
        """See ``Sessions``."""
        return await self._database.run(queries.keyed, key)

    async def listed(
        self, name: str, key: str, phases: Sequence[str] | None, skip: int, limit: int
    ) -> Sequence[Header]:
        """See ``Sessions``."""
        return await self._database.run(queries.listed, name, key, phases, skip, limit)

    async def headers(
        self, kind: str, phases: Sequence[str] | None, limit: int, after: int | None = None
    ) -> Sequence[Header]:
        """See ``Sessions``. Sessions that an unknown commit left void are shown only if ``phases`` names them."""
        return await self._database.run(queries.headers, kind, phases, limit, after)

    async def timed(
        self,
        kind: str,
        phase: str,
        limit: int,
        *,
        before: Instant | None = None,
        after: Header | None = None,
    ) -> Sequence[Header]:
        """See ``Sessions``."""
        return await self._database.run(queries.timed, kind, phase, limit, before, after)

    async def header(self, address: Address) -> Header | None:
        """See ``Sessions``."""
        return await self._database.run(queries.header, address)

    async def quarantine(self, row: QuarantineRow) -> None:
        """See ``Sessions``."""
        with _fence():
            await self._database.run(queries_around.quarantine, self._node, row)

    async def release(self, address: Address) -> bool:
        """See ``Sessions``."""
        with _fence():
            return await self._database.run(queries_around.release, self._node, address)

    async def quarantined(self) -> Sequence[QuarantineRow]:
        """See ``Sessions``."""
        return await self._database.run(queries_around.quarantined)

    async def outbox(self, limit: int) -> Sequence[OutboxRow]:
        """See ``Sessions``."""
        return await self._database.run(queries_around.outbox, limit)

    async def outbox_done(self, ids: Sequence[str]) -> None:
        """See ``Sessions``."""
        with _fence():
            await self._database.run(queries_around.outbox_done, self._node, ids)

    async def tell(self, notice: NewNotice, at: Instant) -> int:
        """See ``Sessions``."""
        with _fence():
            return await self._database.run(queries_around.tell, self._node, notice, at)

    async def notices(self, topic: str, after: int, limit: int) -> Sequence[StoredNotice]:
        """See ``Sessions``; kept for 24 hours."""
        return await self._database.run(queries_around.notices, topic, after, limit)

    async def span(self, topic: str) -> Span:
        """See ``Sessions``. Whoever connects asks for one, and thousands may connect at once: they share a query."""
        return await self.spans.ask(topic)

    async def tallies(self, name: str, keys: Sequence[str]) -> Mapping[str, tuple[int, int]]:
        """See ``Sessions``."""
        return await self._database.run(queries_around.tallies, name, keys)

    async def prune(self) -> None:
        """Deletes idempotency keys and notices older than 24 hours. Raises: StoreDown."""
        await self._database.run(queries_around.prune, REPLY_KEPT)

    async def prune_now_and_then(self) -> None:
        """Prunes until cancelled, for the first time when the start's own work is done."""
        await trio.sleep(PRUNE_FIRST_SECONDS)
        while True:
            try:
                await self.prune()
            except StoreDown as error:
                log.warning("pruning is put off: %s", error)
            await trio.sleep(PRUNE_SECONDS)

    async def _load_all(self, addresses: Sequence[Address]) -> list[Stored | None]:
        return await self._database.run(queries.load, addresses)

    async def _all_spans(self, topics: Sequence[str]) -> list[Span]:
        return await self._database.run(queries_around.spans, topics)

    async def _save_all(self, saves: Sequence[Save]) -> list[None]:
        # The last one of a session is the one that counts.
        latest = {save[0]: save for save in saves}
        with _fence():
            await self._database.run(queries.save_snapshots, self._node, list(latest.values()))
        return [None] * len(saves)


@contextmanager
def _fence() -> Iterator[None]:
    """Tells the database's refusal of a retired node apart. Raises: Fenced."""
    try:
        yield
    except asyncpg.PostgresError as error:
        if error.sqlstate == FENCED:
            raise Fenced(str(error)) from error
        raise


@asynccontextmanager
async def open_sessions(
    database: Database, node: str, *beside: Callable[[], Awaitable[None]]
) -> AsyncIterator[PostgresSessions]:
    """The sessions of that node, whose incarnation is registered (ownership.py), and the tasks that they need.

    Args:
        beside: other tasks of the store's.
    """
    sessions = PostgresSessions(database, node)
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(sessions.committer.run)
            nursery.start_soon(sessions.backend.watch)
            nursery.start_soon(sessions.loads.run)
            nursery.start_soon(sessions.saves.run)
            nursery.start_soon(sessions.spans.run)
            nursery.start_soon(sessions.prune_now_and_then)
            for task in beside:
                nursery.start_soon(task)
            yield sessions
            nursery.cancel_scope.cancel()
    finally:
        sessions.backend.close()
