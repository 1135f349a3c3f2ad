"""A batch of turns as rows of the groups that ``commit_batch`` takes (commit_groups.py).

Plain loops over plain lists: this is the hot path, and a row's cost here was the largest part of the client's.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from switchboard.engine.ports import JournalEntry, Turn
from switchboard.store.commit_groups import (
    ENTRY,
    KEYED,
    MARK,
    NOTICE,
    OUTBOX,
    SNAPSHOT,
    TOPIC,
    TURN,
    Rows,
)

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


def shard_of(session: str) -> int:
    """The shard of a session's id, the same in every process and release."""
    return zlib.crc32(session.encode("utf-8", "surrogatepass")) % SHARDS


class Numbering(NamedTuple):
    """How the notices of a batch are counted on their topics, all together."""

    topics: list[str]
    """Each once, in the order of their code points, which is the database's."""
    counts: list[int]
    """How many notices each gets."""
    slots: list[int]
    """Of each notice: which topic, from 1."""
    backs: list[int]
    """Of each notice: how many later ones there are on its topic."""

    def sequences(self, lasts: Sequence[int]) -> list[int]:
        """Each notice's number, from each topic's last."""
        return [lasts[slot - 1] - back for slot, back in zip(self.slots, self.backs, strict=True)]


def numbering(topics: Sequence[str]) -> Numbering:
    """For notices on these topics, in their order."""
    distinct = sorted(set(topics))
    slot_of = {topic: slot for slot, topic in enumerate(distinct, 1)}
    slots = [slot_of[topic] for topic in topics]
    counts = [0] * len(distinct)
    backs = [0] * len(slots)
    for place in range(len(slots) - 1, -1, -1):
        slot = slots[place] - 1
        backs[place] = counts[slot]
        counts[slot] += 1
    return Numbering(distinct, counts, slots, backs)


def turn_rows(rows: Rows, batch: Sequence[Turn]) -> Numbering | None:
    """Adds what ``commit_batch`` is told; turns are counted from 1.

    Returns: how the notices are counted, if there are any.
    """
    topics: list[str] = []
    for number, turn in enumerate(batch, 1):
        _turn(rows.of(TURN), turn)
        _entries(rows, number, turn)
        # Most turns lack most of these, and an empty call costs more than a test.
        if turn.snapshot is not None:
            snapshot = turn.snapshot
            rows.add(SNAPSHOT, number, snapshot.version, snapshot.format, snapshot.body)
        if turn.taken or turn.released or turn.bars or turn.listed or turn.unlisted:
            _claims_and_lists(rows, number, turn)
        if turn.consumed or turn.tallies:
            _consumed_and_tallies(rows, number, turn)
        topics += [notice.topic for notice in turn.notices]
        if turn.outbox or turn.keyed:
            _outbox_and_keyed(rows, number, turn)
    if not topics:
        return None
    counted = numbering(topics)
    _notices(rows, batch, counted)
    return counted


def _notices(rows: Rows, batch: Sequence[Turn], counted: Numbering) -> None:
    rows.put(TOPIC, counted.topics, counted.counts)
    numbers: list[int] = []
    names: list[str] = []
    bodies: list[bytes] = []
    for number, turn in enumerate(batch, 1):
        for notice in turn.notices:
            numbers.append(number)
            names.append(notice.name)
            bodies.append(notice.body)
    rows.put(NOTICE, numbers, counted.slots, counted.backs, names, bodies)


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


def _entries(rows: Rows, number: int, turn: Turn) -> None:
    for entry in turn.entries:
        if entry.message is None:  # A message's row is among the messages (room_arrays.py).
            rows.add(ENTRY, number, *entry_columns(entry))


def entry_columns(entry: JournalEntry) -> tuple[object, ...]:
    """What an entry and a message have in common."""
    return (
        entry.version,
        entry.name,
        entry.format,
        entry.body,
        entry.at,
        entry.by,
        entry.caused_by,
        entry.code_version,
    )


def _claims_and_lists(rows: Rows, number: int, turn: Turn) -> None:
    for claim in turn.taken:
        rows.add(MARK, number, TAKE, claim.scope, claim.key, None)
    for claim in turn.released:
        rows.add(MARK, number, RELEASE, claim.scope, claim.key, None)
    for scope in turn.bars:
        rows.add(MARK, number, BAR, scope, None, None)
    for entry in turn.listed:
        rows.add(MARK, number, LIST, entry.name, entry.key, None)
    for entry in turn.unlisted:
        rows.add(MARK, number, UNLIST, entry.name, entry.key, None)


def _consumed_and_tallies(rows: Rows, number: int, turn: Turn) -> None:
    for outbox_id in turn.consumed:
        rows.add(MARK, number, CONSUME, outbox_id, None, None)
    for tally in turn.tallies:
        rows.add(MARK, number, TALLY, tally.name, tally.key, tally.value)


def _outbox_and_keyed(rows: Rows, number: int, turn: Turn) -> None:
    for row in turn.outbox:
        rows.add(OUTBOX, number, row.id, *row.source, *row.target, row.name, row.body, row.at)
    for reply in turn.keyed:
        answer = (reply.format, reply.reply, reply.at)
        rows.add(KEYED, number, reply.key, reply.digest, *reply.session, *answer)
