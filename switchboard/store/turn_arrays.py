"""A batch of turns as the array parameters of ``commit_turns`` (schema/0009_leaner_commits.sql).

Plain loops over plain lists: this is the hot path, and a row's cost here was the largest part of the client's.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any, Final

from switchboard.engine.ports import Turn

TAKE: Final = 1
RELEASE: Final = 2
BAR: Final = 3
LIST: Final = 4
UNLIST: Final = 5
CONSUME: Final = 6
TALLY: Final = 7
"""What a mark says; the same numbers stand in the SQL function."""

SHARDS: Final = 256
"""From the design page; a session keeps its shard for life."""

TURN, ENTRY, SNAPSHOT, MARK, NOTICE, OUTBOX, KEYED = 10, 9, 4, 5, 4, 9, 8
"""How many columns each group of the function's parameters has, in their order."""


def shard_of(session: str) -> int:
    """The shard of a session's id, the same in every process and release."""
    return zlib.crc32(session.encode("utf-8", "surrogatepass")) % SHARDS


def arrays(batch: Sequence[Turn]) -> list[list[Any]]:
    """The columns in the order of the function's parameters; turns are counted from 1."""
    groups = _empty()
    turns, entries, snapshots, marks, notices, outbox, keyed = groups
    for number, turn in enumerate(batch, 1):
        _turn(turns, turn)
        _entries(entries, number, turn)
        # Most turns lack most of these, and an empty call costs more than a test.
        if turn.snapshot is not None:
            snapshot = turn.snapshot
            _append(snapshots, number, snapshot.version, snapshot.format, snapshot.body)
        if turn.taken or turn.released or turn.bars or turn.listed or turn.unlisted:
            _claims_and_lists(marks, number, turn)
        if turn.consumed or turn.tallies:
            _consumed_and_tallies(marks, number, turn)
        for notice in turn.notices:
            _append(notices, number, notice.topic, notice.name, notice.body)
        if turn.outbox or turn.keyed:
            _outbox_and_keyed(outbox, keyed, number, turn)
    return [column for group in groups for column in group]


def _empty() -> list[list[list[Any]]]:
    widths = (TURN, ENTRY, SNAPSHOT, MARK, NOTICE, OUTBOX, KEYED)
    return [[[] for _ in range(width)] for width in widths]


def _append(columns: list[list[Any]], *row: object) -> None:
    for column, value in zip(columns, row, strict=True):
        column.append(value)


def _turn(columns: list[list[Any]], turn: Turn) -> None:
    kinds, ids, shards, turns, expected, versions, phases, deadlines, summaries, instants = columns
    kind, id_ = turn.address
    kinds.append(kind)
    ids.append(id_)
    shards.append(shard_of(id_))
    turns.append(turn.id)
    expected.append(turn.expected)
    versions.append(turn.version)
    phases.append(turn.phase)
    deadlines.append(turn.deadline)
    summaries.append(turn.summary)
    instants.append(turn.entries[-1].at if turn.entries else None)


def _entries(columns: list[list[Any]], number: int, turn: Turn) -> None:
    numbers, versions, names, formats, bodies, instants, bys, causes, codes = columns
    for entry in turn.entries:
        if entry.message is not None:
            continue  # Its row is among the messages (room_arrays.py).
        numbers.append(number)
        versions.append(entry.version)
        names.append(entry.name)
        formats.append(entry.format)
        bodies.append(entry.body)
        instants.append(entry.at)
        bys.append(entry.by)
        causes.append(entry.caused_by)
        codes.append(entry.code_version)


def _claims_and_lists(columns: list[list[Any]], number: int, turn: Turn) -> None:
    for claim in turn.taken:
        _append(columns, number, TAKE, claim.scope, claim.key, None)
    for claim in turn.released:
        _append(columns, number, RELEASE, claim.scope, claim.key, None)
    for scope in turn.bars:
        _append(columns, number, BAR, scope, None, None)
    for entry in turn.listed:
        _append(columns, number, LIST, entry.name, entry.key, None)
    for entry in turn.unlisted:
        _append(columns, number, UNLIST, entry.name, entry.key, None)


def _consumed_and_tallies(columns: list[list[Any]], number: int, turn: Turn) -> None:
    for outbox_id in turn.consumed:
        _append(columns, number, CONSUME, outbox_id, None, None)
    for tally in turn.tallies:
        _append(columns, number, TALLY, tally.name, tally.key, tally.value)


def _outbox_and_keyed(
    outbox: list[list[Any]], keyed: list[list[Any]], number: int, turn: Turn
) -> None:
    for row in turn.outbox:
        _append(outbox, number, row.id, *row.source, *row.target, row.name, row.body, row.at)
    for reply in turn.keyed:
        answer = (reply.format, reply.reply, reply.at)
        _append(keyed, number, reply.key, reply.digest, *reply.session, *answer)
