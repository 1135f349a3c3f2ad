"""Writes the committer's batches to Postgres: one round trip a batch, on a connection of its own."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import Any, Final

import trio

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
from switchboard.store.binary_arrays import integers, records
from switchboard.store.bridge import Database
from switchboard.store.commit import BatchLocked, BatchRefused, Locked
from switchboard.store.commit_groups import Rows, Shape, call, parameter_types
from switchboard.store.queries import keyed_reply
from switchboard.store.room_arrays import room_rows
from switchboard.store.trio_connection import LinkLost, ServerError, TrioConnection
from switchboard.store.turn_arrays import Numbering, numbering, turn_rows

PATIENCE: Final = "100ms"
PATIENCE_HURRIED: Final = b"5ms"
"""How long a batch waits for a lock, and how long its halves do after that: with eight halvings of two halves each, all
that was not at fault is written within 0.2 s."""

STATEMENT_LIMIT: Final = "5s"
COMMAND_SECONDS_MOST: Final = 7.0
"""A batch takes milliseconds; the server gives up first, so that its answer is known."""

WATCH_SECONDS: Final = 1.0
"""How often that is looked at."""

UNIQUE_TRIES: Final = 3
"""A unique violation means that the batch met a row that was not committed when it looked (an unknown commit that came
through, or its settling): at the next try that row is seen, and the turn in its way is told why it loses."""

FENCED: Final = "SB001"
"""Raised by ``hold_fence`` (schema/0001_sessions.sql) and ``commit_batch``."""

REFUSAL: Final = (
    "ord",
    "why",
    "scope",
    "key",
    "holder",
    "digest",
    "kind",
    "id",
    "format",
    "reply",
    "at",
)
"""The columns of the type ``refusal``."""

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

SHAPES_MOST: Final = 256
"""Statements that are kept prepared; some dozens are in use, and each takes memory of the server's."""

UNIQUE_VIOLATION: Final = "23505"
LOCK_STATES: Final = ("55P03", "40P01", "40001")
"""SQLSTATEs: lock not available, deadlock, serialization failure."""

ROLLED_BACK_STATES: Final = ("57014", "25006")
INSUFFICIENT_RESOURCES: Final = "53"
"""What the server reports itself, after it has rolled back and while the connection lives on: cancelled (its own
timeout), read only (a standby now), and the class of those that it lacked something for."""

log = logging.getLogger(__name__)


class PostgresBackend:
    """See ``Backend``. The committer is the only one who calls it, one batch at a time."""

    def __init__(self, database: Database, node: str) -> None:
        self._database = database
        self._node = node.encode()
        self._connection: TrioConnection | None = None
        self._prepared: dict[Shape, bytes] = {}
        """The names of that connection's statements."""
        self._sent_at = inf
        """When the statement under way was sent, on Trio's clock."""

    async def write(
        self, batch: Sequence[Turn], *, hurried: bool, sent: Callable[[], None]
    ) -> Sequence[Outcome | Locked]:
        """See ``Backend``."""
        patience = PATIENCE_HURRIED if hurried else None
        rows = Rows()
        counted = turn_rows(rows, batch)
        room_rows(rows, batch)
        shape = rows.shape
        try:
            parameters = [self._node, patience, *rows.parameters(shape)]
        except ValueError as error:
            raise BatchRefused(str(error)) from error
        for remaining in reversed(range(UNIQUE_TRIES)):
            connection, name = await self._ready(shape)
            try:
                lasts, refused = await self._send(connection, name, parameters, sent)
            except ServerError as error:
                if error.state == UNIQUE_VIOLATION and remaining:
                    continue
                raise _translated(error) from error
            return _outcomes(batch, counted, lasts, refused)
        raise AssertionError("the last try returns or raises")

    async def watch(self) -> None:
        """Until cancelled, ends the connection when a batch takes too long. (A cancel scope for each batch would be a
        twentieth of the server's CPU where batches are small.)"""
        while True:
            await trio.sleep(WATCH_SECONDS)
            if trio.current_time() - self._sent_at > COMMAND_SECONDS_MOST:
                log.warning("the database did not answer a commit in time")
                self.close()

    def close(self) -> None:
        """Ends the connection at once; a batch under way is then unknown."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None
        self._prepared.clear()

    async def _ready(self, shape: Shape) -> tuple[TrioConnection, bytes]:
        """The connection, and its statement for that shape.

        Nothing of a batch has been sent yet, so that every outage is a certain StoreDown.
        """
        connection = self._connection
        if connection is not None and connection.is_open:
            name = self._prepared.get(shape)
            if name is not None:
                return connection, name
        else:
            self.close()
        try:
            with trio.fail_after(COMMAND_SECONDS_MOST):
                if len(self._prepared) >= SHAPES_MOST:
                    self.close()
                if self._connection is None:
                    self._connection = await self._database.link(**SETTINGS)
                name = f"commit {len(self._prepared)}".encode()
                await self._connection.prepare(name, call(shape), parameter_types(shape))
        except (LinkLost, ServerError, trio.TooSlowError) as error:
            self.close()
            raise StoreDown(str(error) or "the database did not answer in time") from error
        except BaseException:
            self.close()
            raise
        self._prepared[shape] = name
        return self._connection, name

    async def _send(
        self,
        connection: TrioConnection,
        name: bytes,
        parameters: Sequence[bytes | None],
        sent: Callable[[], None],
    ) -> tuple[Sequence[int], Sequence[Mapping[str, Any]]]:
        """Returns: the only row. Raises: ServerError, if all is certain then; CommitUnknown."""
        self._sent_at = trio.current_time()
        try:
            result = await connection.call(name, parameters, sent)
        except ServerError as error:
            if error.rolled_back:
                raise
            self.close()
            raise CommitUnknown(str(error)) from error
        except LinkLost as error:
            self.close()
            raise CommitUnknown(str(error)) from error
        except BaseException:
            # Its answer is still to come.
            self.close()
            raise
        finally:
            self._sent_at = inf
        sequences, refused = result.get_value(0, 0), result.get_value(0, 1)
        assert sequences is not None, "the function sets it"
        assert refused is not None, "the function sets it"
        losers = [dict(zip(REFUSAL, loser, strict=True)) for loser in records(refused)]
        return integers(sequences), losers


def _translated(error: ServerError) -> Exception:
    """What an error means after which the server has rolled back."""
    if error.state == FENCED:
        return Fenced(str(error))
    if error.state in LOCK_STATES:
        return BatchLocked(str(error))
    if error.state in ROLLED_BACK_STATES or error.state.startswith(INSUFFICIENT_RESOURCES):
        return StoreDown(str(error))
    return BatchRefused(str(error))


def _outcomes(
    batch: Sequence[Turn],
    counted: Numbering | None,
    lasts: Sequence[int],
    refused: Sequence[Mapping[str, Any]],
) -> list[Outcome | Locked]:
    losers = {row["ord"]: _refusal(row) for row in refused}
    if losers and counted is not None:
        # The others' notices were counted without theirs.
        winners = [turn for number, turn in enumerate(batch, 1) if number not in losers]
        counted = numbering([notice.topic for turn in winners for notice in turn.notices])
    sequences = () if counted is None else counted.sequences(lasts)
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


def _refusal(row: Mapping[str, Any]) -> Outcome | Locked:
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
