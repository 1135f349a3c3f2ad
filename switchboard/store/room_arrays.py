"""What a batch of turns says of rooms, as rows of the groups that ``commit_batch_rooms`` takes (commit_groups.py)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from switchboard.engine.ports import JournalEntry, Turn
from switchboard.engine.queries.similarity import terms_of
from switchboard.engine.sessions.kind import MessageColumns, Projection
from switchboard.engine.sessions.room import (
    IssueRow,
    MemberRow,
    QuestionRow,
    RoomRow,
    TagRow,
)
from switchboard.store.commit_groups import (
    ISSUE,
    MEMBER,
    MESSAGE,
    QUESTION,
    ROOM,
    TAG,
    WRITER,
    Rows,
)
from switchboard.store.turn_arrays import entry_columns


def room_rows(rows: Rows, batch: Sequence[Turn]) -> None:
    """Adds what ``commit_batch_rooms`` is told; turns are counted from 1."""
    for number, turn in enumerate(batch, 1):
        last: dict[str, JournalEntry] = {}
        for entry in turn.entries:
            if entry.message is not None:
                _message(rows, number, entry, entry.message)
                last[entry.message.sender] = entry
        for sender, entry in last.items():
            _writer(rows, number, sender, entry)
        for row in turn.projections:
            match row:
                case RoomRow():
                    at = (row.active_at, row.messages)
                    rows.add(ROOM, number, row.realm, row.serial, row.shelf, *at)
                case MemberRow():
                    rows.add(MEMBER, number, row.account, row.id, row.at, row.present)
                case IssueRow():
                    rows.add(ISSUE, number, *_issue(row))
                case QuestionRow():
                    at_ = turn.entries[-1].at
                    rows.add(QUESTION, number, row.issue, row.app, at_, _terms(row))
                case TagRow():
                    rows.add(TAG, number, row.app, row.tag)
                case other:
                    raise unknown(other)


def unknown(row: Projection) -> TypeError:
    """A projection that this version of the store has no table for: a bug."""
    return TypeError(f"no table for {type(row).__name__}")


def _message(rows: Rows, number: int, entry: JournalEntry, message: MessageColumns) -> None:
    own = (message.id, message.number, message.serial)
    rows.add(MESSAGE, number, *entry_columns(entry), *own)


def _writer(rows: Rows, number: int, sender: str, entry: JournalEntry) -> None:
    """Whoever writes has read what came before: their last message is how far."""
    message = entry.message
    assert message is not None, "asked only of messages"
    rows.add(WRITER, number, sender, entry.version, message.number, message.id, entry.at)


def _issue(row: IssueRow) -> tuple[object, ...]:
    times = (row.opened_at, row.answered_at, row.closed_at, row.closed_by)
    places = (row.first_sequence, row.last_sequence)
    return (row.id, row.app, row.client, *times, _json(row.tags), *places)


def app_term(app: str) -> str:
    """The term that every question of an app has, so that a search never leaves the app."""
    return f"a{app}"


def _terms(row: QuestionRow) -> str:
    return _json(sorted({app_term(row.app), *terms_of(row.text)}))


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
