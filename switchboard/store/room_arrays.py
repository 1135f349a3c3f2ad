"""What a batch of turns says of rooms, as the array parameters of ``commit_rooms`` (schema/0009_leaner_commits.sql)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from switchboard.engine.ports import JournalEntry, Turn
from switchboard.engine.queries.similarity import terms_of
from switchboard.engine.sessions.kind import Projection
from switchboard.engine.sessions.room import IssueRow, MemberRow, QuestionRow, RoomRow, TagRow

MESSAGE, ROOM, MEMBER, ISSUE, QUESTION, TAG = 13, 6, 5, 11, 5, 3
"""How many columns each group of the function's parameters has, in their order."""

ROOM_PARAMETERS: Final = MESSAGE + ROOM + MEMBER + ISSUE + QUESTION + TAG


def concerns_rooms(batch: Sequence[Turn]) -> bool:
    """Whether the batch has anything for ``commit_rooms`` to write."""
    # Plain loops: every batch is asked, and most are of other sessions.
    for turn in batch:
        if turn.projections:
            return True
        for entry in turn.entries:
            if entry.message is not None:
                return True
    return False


def room_arrays(batch: Sequence[Turn]) -> list[list[Any]]:
    """The columns in the order of the function's parameters; turns are counted from 1."""
    widths = (MESSAGE, ROOM, MEMBER, ISSUE, QUESTION, TAG)
    groups: list[list[list[Any]]] = [[[] for _ in range(width)] for width in widths]
    messages, rooms, members, issues, questions, tags = groups
    for number, turn in enumerate(batch, 1):
        for entry in turn.entries:
            if entry.message is not None:
                _append(messages, number, *_message(entry))
        for row in turn.projections:
            match row:
                case RoomRow():
                    at = (row.active_at, row.messages)
                    _append(rooms, number, row.realm, row.serial, row.shelf, *at)
                case MemberRow():
                    _append(members, number, row.account, row.id, row.at, row.present)
                case IssueRow():
                    _append(issues, number, *_issue(row))
                case QuestionRow():
                    at_ = turn.entries[-1].at
                    _append(questions, number, row.issue, row.app, at_, _terms(row))
                case TagRow():
                    _append(tags, number, row.app, row.tag)
                case other:
                    raise unknown(other)
    return [column for group in groups for column in group]


def unknown(row: Projection) -> TypeError:
    """A projection that this version of the store has no table for: a bug."""
    return TypeError(f"no table for {type(row).__name__}")


def _append(columns: list[list[Any]], *row: object) -> None:
    for column, value in zip(columns, row, strict=True):
        column.append(value)


def _message(entry: JournalEntry) -> tuple[object, ...]:
    message = entry.message
    assert message is not None, "asked only of messages"
    return (
        entry.version,
        entry.name,
        entry.format,
        entry.body,
        entry.at,
        entry.by,
        entry.caused_by,
        entry.code_version,
        message.id,
        message.number,
        message.sender,
        message.serial,
    )


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
