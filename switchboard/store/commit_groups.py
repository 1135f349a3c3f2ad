"""The parameters of ``commit_batch`` and ``commit_batch_rooms`` (schema/0010_fewer_statements.sql).

Groups of arrays, which are the columns of rows. A call names only the groups that its batch has rows for; the functions
have defaults for the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from switchboard.store.binary_arrays import (
    BOOL_ARRAY,
    BYTEA_ARRAY,
    INT2_ARRAY,
    INT4_ARRAY,
    INT8_ARRAY,
    TEXT_ARRAY,
    encoded,
    encoder,
    remembering,
)

TYPES: Final = {
    "boolean": BOOL_ARRAY,
    "bytea": BYTEA_ARRAY,
    "smallint": INT2_ARRAY,
    "integer": INT4_ARRAY,
    "bigint": INT8_ARRAY,
    "text": TEXT_ARRAY,
}

REPEATED: Final = frozenset(
    {
        "ord",
        "kind",
        "shard",
        "phase",
        "name",
        "format",
        "by",
        "code_version",
        "op",
        "slot",
        "back",
        "count",
        "topic",
        "realm",
        "shelf",
        "reader",
        "app",
    }
)
"""Columns of few values, or of few at a time: encoding those of a small batch anew was a fifth of its cost here."""

FIRST: Final = ("node_id", "patience")
"""The parameters before all groups."""


class Group:
    """One kind of rows. Compared by identity."""

    __slots__ = ("columns", "encoders", "types")

    def __init__(self, letter: str, columns: str) -> None:
        pairs = [column.split() for column in columns.split(",")]
        self.columns = tuple(f"{letter}_{name}" for name, _ in pairs)
        """The names of the functions' parameters."""
        self.types = tuple(TYPES[type_] for _, type_ in pairs)
        encoders = [encoder(type_) for type_ in self.types]
        self.encoders = tuple(
            remembering(encode) if name in REPEATED else encode
            for encode, (name, _) in zip(encoders, pairs, strict=True)
        )


TURN: Final = Group(
    "t",
    "kind text, id text, shard smallint, turn text, expected bigint, version bigint, phase text, deadline bigint,"
    "summary bytea, at bigint",
)
ENTRY: Final = Group(
    "e",
    "ord integer, version bigint, name text, format integer, body bytea, at bigint, by text, caused_by text,"
    "code_version text",
)
SNAPSHOT: Final = Group("s", "ord integer, version bigint, format integer, body bytea")
MARK: Final = Group("m", "ord integer, op smallint, name text, key text, value bigint")
TOPIC: Final = Group("c", "topic text, count bigint")
NOTICE: Final = Group("n", "ord integer, slot integer, back bigint, name text, body bytea")
OUTBOX: Final = Group(
    "o",
    "ord integer, id text, source_kind text, source_id text, target_kind text, target_id text, name text, body bytea,"
    "at bigint",
)
KEYED: Final = Group(
    "k",
    "ord integer, key text, digest bytea, kind text, id text, format integer, reply bytea, at bigint",
)
MESSAGE: Final = Group(
    "p",
    "ord integer, version bigint, name text, format integer, body bytea, at bigint, by text, caused_by text,"
    "code_version text, id text, number bigint, serial bigint",
)
WRITER: Final = Group(
    "w", "ord integer, reader text, version bigint, number bigint, message text, at bigint"
)
ROOM: Final = Group(
    "r", "ord integer, realm text, serial bigint, shelf text, active_at bigint, messages bigint"
)
MEMBER: Final = Group("b", "ord integer, account text, id text, at bigint, present boolean")
ISSUE: Final = Group(
    "i",
    "ord integer, id text, app text, client text, opened_at bigint, answered_at bigint, closed_at bigint,"
    "closed_by text, tags text, first bigint, last bigint",
)
QUESTION: Final = Group("q", "ord integer, issue text, app text, at bigint, terms text")
TAG: Final = Group("g", "ord integer, app text, tag text")

OF_TURNS: Final = (TURN, ENTRY, SNAPSHOT, MARK, TOPIC, NOTICE, OUTBOX, KEYED)
OF_ROOMS: Final = (MESSAGE, WRITER, ROOM, MEMBER, ISSUE, QUESTION, TAG)
GROUPS: Final = OF_TURNS + OF_ROOMS

Shape = tuple[Group, ...]
"""The groups that a batch has rows for, in the order of the two above."""


class Rows:
    """The rows of a batch, by group and column."""

    __slots__ = ("_of",)

    def __init__(self) -> None:
        self._of: dict[Group, list[list[Any]]] = {}

    def of(self, group: Group) -> list[list[Any]]:
        """The columns of a group, to be appended to."""
        columns = self._of.get(group)
        if columns is None:
            columns = self._of[group] = [[] for _ in group.columns]
        return columns

    def put(self, group: Group, *columns: list[Any]) -> None:
        """All rows of a group at once."""
        self._of[group] = list(columns)

    def add(self, group: Group, *row: object) -> None:
        """One row more."""
        for column, value in zip(self.of(group), row, strict=True):
            column.append(value)

    @property
    def shape(self) -> Shape:
        """Which groups have rows."""
        return tuple([group for group in GROUPS if group in self._of])

    def parameters(self, shape: Shape) -> list[bytes]:
        """In binary form, in the order of ``call``. Raises: ValueError for what a column does not hold."""
        found: list[bytes] = []
        for group in shape:
            found += encoded(group.encoders, self._of[group])
        return found


def call(shape: Shape) -> str:
    """The statement for batches of that shape; its rows are ``sequences`` and ``refused``."""
    places = {name: f"${place}" for place, name in enumerate(_names(shape), 1)}

    def named(groups: Sequence[Group]) -> str:
        return ", ".join(f"{name} => {places[name]}" for group in groups for name in group.columns)

    turns = [group for group in shape if group in OF_TURNS]
    rooms = [group for group in shape if group in OF_ROOMS]
    first = ", ".join(f"{name} => {places[name]}" for name in FIRST)
    source = f"commit_batch({first}, {named(turns)}) AS t"
    if not rooms:
        return f"SELECT t.sequences, t.refused FROM {source}"
    ids = places[TURN.columns[1]]
    also = f"commit_batch_rooms(losers => t.losers, t_id => {ids}, {named(rooms)})"
    return f"SELECT t.sequences, t.refused, {also} FROM {source}"


def parameter_types(shape: Shape) -> list[int]:
    """The types (OIDs) of the statement's parameters; 0 where the server shall find out."""
    return [0] * len(FIRST) + [type_ for group in shape for type_ in group.types]


def _names(shape: Shape) -> list[str]:
    return [*FIRST, *(name for group in shape for name in group.columns)]
