"""Writes the committer's batches to Postgres: one round trip a batch, on a connection of its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

import asyncpg

from switchboard.engine.errors import CommitUnknown, StoreDown
from switchboard.engine.ports import (
    AlreadyConsumed,
    ClaimTaken,
    Committed,
    Fenced,
    KeyKnown,
    Outcome,
    Stale,
    Turn,
)
from switchboard.engine.sessions.kind import Claim
from switchboard.store.bridge import Database, DirectConnection, first_line
from switchboard.store.commit import BatchLocked, BatchRefused, Locked
from switchboard.store.outages import LOCKS, ROLLED_BACK, is_certain, is_outage
from switchboard.store.queries import keyed_reply
from switchboard.store.room_arrays import ROOM_PARAMETERS, concerns_rooms, room_arrays
from switchboard.store.turn_arrays import arrays

PATIENCE: Final = "100ms"
PATIENCE_HURRIED: Final = "5ms"
"""How long a batch waits for a lock, and how long its halves do after that: with eight halvings of two halves each, all
that was not at fault is written within 0.2 s."""

STATEMENT_LIMIT: Final = "5s"
COMMAND_SECONDS_MOST: Final = 7.0
"""A batch takes milliseconds; the server gives up first, so that its answer is known."""

UNIQUE_TRIES: Final = 3
"""A unique violation means that the batch met a row that was not committed when it looked (an unknown commit that came
through, or its settling): at the next try that row is seen, and the turn in its way is told why it loses."""

FENCED: Final = "SB001"
"""Raised by ``hold_fence`` (schema/0001_sessions.sql) and ``commit_turns``."""

PARAMETERS: Final = 51
CALL: Final = f"SELECT * FROM commit_turns({', '.join(f'${n}' for n in range(1, PARAMETERS + 1))})"
TURN_IDS: Final = 4
"""Which parameter has the sessions' ids."""

CALL_WITH_ROOMS: Final = f"""
    WITH turns AS MATERIALIZED ({CALL})
    SELECT t.sequences, t.refused, commit_rooms(
        ARRAY(SELECT r.ord FROM unnest(t.refused) AS r), ${TURN_IDS},
        {", ".join(f"${PARAMETERS + n}" for n in range(1, ROOM_PARAMETERS + 1))}
    )
    FROM turns AS t
"""
"""The same and the rows of rooms, in one statement; most batches of other sessions need no more than the first."""

SETTINGS: Final = {
    "application_name": "switchboard committer",
    # The function's statements are planned once, not at each call, and for tables that may have been empty then but
    # will not be: rows are always found by index, whatever the planner knew. (With hash joins each batch was seen to
    # read the whole index of sessions.)
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "statement_timeout": STATEMENT_LIMIT,
    "lock_timeout": PATIENCE,
}

log = logging.getLogger(__name__)


class PostgresBackend:
    """See ``Backend``. The committer is the only one who calls it, one batch at a time."""

    def __init__(self, database: Database, node: str) -> None:
        self._database = database
        self._node = node
        self._connection: DirectConnection | None = None
        self._calls: Mapping[int, Any] = {}
        """The prepared statements of that connection, by the number of their parameters."""

    async def write(self, batch: Sequence[Turn], *, hurried: bool) -> Sequence[Outcome | Locked]:
        """See ``Backend``."""
        patience = PATIENCE_HURRIED if hurried else None
        columns = arrays(batch)
        if concerns_rooms(batch):
            columns += room_arrays(batch)
        row = await self._database.run_apart(self._write, patience, columns)
        return _outcomes(batch, row["sequences"], row["refused"])

    async def close(self) -> None:
        """Ends the connection at once; a batch under way is then unknown."""
        await self._database.run_apart(self._drop)

    async def _write(self, patience: str | None, columns: list[list[Any]]) -> Any:
        for remaining in reversed(range(UNIQUE_TRIES)):
            await self._prepare()
            try:
                return await self._send(patience, columns)
            except asyncpg.UniqueViolationError as error:
                if not remaining:
                    raise BatchRefused(str(error)) from error
        raise AssertionError("the last try returns or raises")

    async def _prepare(self) -> None:
        """Nothing of a batch has been sent yet, so that every outage is a certain StoreDown."""
        if self._connection is not None and not self._connection.is_closed():
            return
        await self._drop()
        try:
            self._connection = await self._database.connect(COMMAND_SECONDS_MOST, **SETTINGS)
            plain = await self._connection.prepare(CALL)
            with_rooms = await self._connection.prepare(CALL_WITH_ROOMS)
            self._calls = {PARAMETERS: plain, PARAMETERS + ROOM_PARAMETERS: with_rooms}
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            await self._drop()
            raise StoreDown(first_line(error)) from error

    async def _send(self, patience: str | None, columns: list[list[Any]]) -> Any:
        try:
            parameters = [self._node, patience, *columns]
            return await self._calls[len(parameters)].fetchrow(*parameters)
        except asyncio.CancelledError:
            await self._drop()
            raise
        except asyncpg.PostgresError as error:
            if not is_certain(error):
                await self._drop()
                raise CommitUnknown(str(error)) from error
            raise _translated(error) from error
        except Exception as error:
            await self._drop()
            if is_outage(error):
                raise CommitUnknown(first_line(error)) from error
            raise

    async def _drop(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
        self._connection, self._calls = None, {}


def _translated(error: asyncpg.PostgresError) -> Exception:
    """What an error means after which the server has rolled back."""
    if error.sqlstate == FENCED:
        return Fenced(str(error))
    if isinstance(error, LOCKS):
        return BatchLocked(str(error))
    if isinstance(error, ROLLED_BACK):
        return StoreDown(str(error))
    if isinstance(error, asyncpg.UniqueViolationError):
        return error
    return BatchRefused(str(error))


def _outcomes(
    batch: Sequence[Turn], sequences: Sequence[int], refused: Sequence[Any]
) -> list[Outcome | Locked]:
    losers = {row["ord"]: _refusal(row) for row in refused}
    outcomes: list[Outcome | Locked] = []
    place = 0
    for number, turn in enumerate(batch, 1):
        loss = losers.get(number) if losers else None
        if loss is not None:
            outcomes.append(loss)
        elif turn.notices:
            end = place + len(turn.notices)
            outcomes.append(Committed(tuple(sequences[place:end])))
            place = end
        else:
            outcomes.append(COMMITTED)
    return outcomes


COMMITTED: Final = Committed()
"""Of a turn without notices; one object for all of them."""


def _refusal(row: Any) -> Outcome | Locked:
    match row["why"]:
        case "stale":
            return Stale()
        case "locked":
            return Locked()
        case "consumed":
            return AlreadyConsumed(row["key"])
        case "claimed":
            return ClaimTaken(Claim(row["scope"], row["key"]), row["holder"])
        case "known":
            return KeyKnown(keyed_reply(row))
        case other:
            raise AssertionError(f"the database refused a turn for {other!r}")
