"""The fake's tables of rooms: what ``commit_batch_rooms`` writes in Postgres, as dictionaries."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

from switchboard.engine.instants import Instant
from switchboard.engine.ports import JournalEntry, Turn
from switchboard.engine.queries.issues import IssueRecord, Question
from switchboard.engine.queries.messages import StoredMessage
from switchboard.engine.queries.rooms import Membership, ReadMarker
from switchboard.engine.queries.similarity import terms_of
from switchboard.engine.sessions.room import (
    IssueRow,
    MemberRow,
    QuestionRow,
    RoomRow,
    TagRow,
)
from switchboard.store.room_arrays import unknown


@dataclass(slots=True)
class RoomTables:
    """Rooms by id, and all that belongs to them."""

    rooms: dict[str, RoomRow] = field(default_factory=dict)
    active_at: dict[str, Instant] = field(default_factory=dict)
    """room -> its last message, or its opening."""
    messages: dict[str, list[StoredMessage]] = field(default_factory=dict)
    """room -> its messages in order: the first has the number 1."""
    by_id: dict[str, StoredMessage] = field(default_factory=dict)
    members: dict[str, dict[str, Membership]] = field(default_factory=dict)
    """room -> account -> membership, in the order of joining."""
    markers: dict[tuple[str, str], ReadMarker] = field(default_factory=dict)
    """(room, reader)"""
    issues: dict[str, IssueRecord] = field(default_factory=dict)
    questions: dict[str, Question] = field(default_factory=dict)
    tags: dict[str, set[str]] = field(default_factory=dict)
    """app -> tags; read sorted."""
    serials: dict[str, int] = field(default_factory=dict)

    def check(self, turn: Turn) -> None:
        """Raises: ValueError for what a unique index refuses."""
        for entry in turn.entries:
            if entry.message is not None and entry.message.id in self.by_id:
                raise ValueError(f"message {entry.message.id} exists")
        for row in turn.projections:
            if not isinstance(row, RoomRow) or row.serial is None:
                continue
            for id, other in self.rooms.items():
                same = (other.realm, other.serial) == (row.realm, row.serial)
                if same and id != turn.address.id:
                    raise ValueError(f"room {row.serial} of {row.realm} exists")

    def write(self, turn: Turn) -> None:
        """Writes the messages and rows of a turn that has won."""
        room = turn.address.id
        for row in turn.projections:
            match row:
                case RoomRow():
                    self._write_room(room, row)
                case MemberRow():
                    self._write_member(room, row)
                case IssueRow():
                    self.issues[row.id] = _record(room, row)
                case QuestionRow():
                    self._write_question(room, row, turn)
                case TagRow():
                    self.tags.setdefault(row.app, set()).add(row.tag)
                case other:
                    raise unknown(other)
        for entry in turn.entries:
            if entry.message is not None:
                self._write_message(room, entry)

    def _write_message(self, room: str, entry: JournalEntry) -> None:
        message = entry.message
        assert message is not None, "asked only of messages"
        stored = StoredMessage(
            room=room,
            sequence=entry.version,
            name=entry.name,
            format=entry.format,
            body=entry.body,
        )
        self.messages.setdefault(room, []).append(stored)
        self._is_active(room, entry.at)
        self.by_id[message.id] = stored
        # Whoever writes has read what came before.
        marker = ReadMarker(
            room=room,
            reader=message.sender,
            sequence=entry.version,
            number=message.number,
            message=message.id,
            at=entry.at,
        )
        self.mark(marker)

    def _write_room(self, room: str, row: RoomRow) -> None:
        self.rooms[room] = row
        self._is_active(room, row.active_at)

    def _is_active(self, room: str, at: Instant) -> None:
        self.active_at[room] = max(self.active_at.get(room, 0), at)

    def _write_member(self, room: str, row: MemberRow) -> None:
        members = self.members.setdefault(room, {})
        if not row.present:
            members.pop(row.account, None)
        elif row.account not in members:
            members[row.account] = Membership(
                room=room,
                account=row.account,
                id=row.id,
                joined_at=row.at,
            )

    def _write_question(self, room: str, row: QuestionRow, turn: Turn) -> None:
        first = self.issues[row.issue].first_sequence
        assert first is not None, "a question is a message"
        self.questions[row.issue] = Question(
            issue=row.issue,
            room=room,
            first_sequence=first,
            at=turn.entries[-1].at,
            terms=terms_of(row.text),
        )

    def mark(self, marker: ReadMarker) -> ReadMarker:
        """Stores it unless a later one is there; returns the one that stands."""
        key = (marker.room, marker.reader)
        standing = self.markers.get(key)
        if standing is None or standing.sequence < marker.sequence:
            self.markers[key] = standing = marker
        return standing

    def place(self, room: str, sequence: int) -> int:
        """How many messages of the room come before that sequence."""
        return bisect_left(self.messages.get(room, ()), sequence, key=lambda one: one.sequence)


def _record(room: str, row: IssueRow) -> IssueRecord:
    return IssueRecord(
        id=row.id,
        app=row.app,
        room=room,
        client=row.client,
        opened_at=row.opened_at,
        answered_at=row.answered_at,
        closed_at=row.closed_at,
        closed_by=row.closed_by,
        tags=row.tags,
        first_sequence=row.first_sequence,
        last_sequence=row.last_sequence,
    )
