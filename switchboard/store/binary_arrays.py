"""Arrays in Postgres' binary form, for statements that go past asyncpg (trio_connection.py).

One dimension each. The form: https://www.postgresql.org/docs/current/protocol-overview.html#PROTOCOL-FORMAT-CODES, as
``array_send`` and ``record_send`` write it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from struct import Struct, unpack_from
from typing import Any, Final

BOOL, BYTEA, INT8, INT2, INT4, TEXT = 16, 17, 20, 21, 23, 25
"""Object ids of types that Postgres never changes."""

BOOL_ARRAY, BYTEA_ARRAY, INT2_ARRAY, INT4_ARRAY, TEXT_ARRAY, INT8_ARRAY = (
    1000,
    1001,
    1005,
    1007,
    1009,
    1016,
)

Encoder = Callable[[Sequence[Any]], bytes]

FEW: Final = 8
REMEMBERED_MOST: Final = 64
"""Arrays of a column, each of so many values at most. If all columns were full of long texts, two megabytes."""

_HEAD: Final = Struct(">iiIii")
"""Dimensions, whether there are NULLs, the elements' type, how many, the first one's number."""

_EMPTY: Final = Struct(">iiI")
_LENGTH: Final = Struct(">i")
_NULL: Final = _LENGTH.pack(-1)


def encoder(array_type: int) -> Encoder:
    """For arrays of that type (OID). Raises: KeyError for one that is not known here."""
    return _ENCODERS[array_type]


def remembering(encode: Encoder) -> Encoder:
    """The same for a column whose few values come again and again: where there are not many, they are encoded once."""
    known = lru_cache(maxsize=REMEMBERED_MOST)(encode)

    def remember(values: Sequence[Any]) -> bytes:
        return known(tuple(values)) if len(values) <= FEW else encode(values)

    return remember


def encoded(encoders: Sequence[Encoder], columns: Sequence[Sequence[Any]]) -> list[bytes]:
    """Each column by its encoder. Raises: ValueError for what a type does not hold."""
    try:
        return [encode(column) for encode, column in zip(encoders, columns, strict=True)]
    except struct.error as error:
        raise ValueError(str(error)) from error


def _array(element: int, item: Callable[[Any], bytes]) -> Encoder:
    """``item`` makes an element of its value, with its length before it."""
    empty = _EMPTY.pack(0, 0, element)
    one = _HEAD.pack(1, 0, element, 1, 1)

    def encode(values: Sequence[Any]) -> bytes:
        if not values:
            return empty
        if len(values) == 1 and values[0] is not None:
            # As most are where few write, and a commit has some forty of them.
            return one + item(values[0])
        if None in values:
            head = _HEAD.pack(1, 1, element, len(values), 1)
            return head + b"".join([_NULL if value is None else item(value) for value in values])
        return _HEAD.pack(1, 0, element, len(values), 1) + b"".join(map(item, values))

    return encode


def _fixed(element: int, format_: str) -> Encoder:
    layout = Struct(f">i{format_}")
    return _array(element, partial(layout.pack, layout.size - _LENGTH.size))


def _variable(element: int, to_bytes: Callable[[Any], bytes]) -> Encoder:
    pack = _LENGTH.pack

    def item(value: Any) -> bytes:
        data = to_bytes(value)
        return pack(len(data)) + data

    return _array(element, item)


_ENCODERS: Final = {
    BOOL_ARRAY: _fixed(BOOL, "?"),
    INT2_ARRAY: _fixed(INT2, "h"),
    INT4_ARRAY: _fixed(INT4, "i"),
    INT8_ARRAY: _fixed(INT8, "q"),
    TEXT_ARRAY: _variable(TEXT, str.encode),
    BYTEA_ARRAY: _variable(BYTEA, bytes),
}


def integers(data: bytes) -> tuple[int, ...]:
    """The elements of an ``int8[]`` without NULLs."""
    count = _count(data)
    if not count:
        return ()
    return tuple(unpack_from(">" + "4xq" * count, data, _HEAD.size))


def records(data: bytes) -> list[tuple[Any, ...]]:
    """The elements of an array of composites whose columns are numbers, texts and bytes."""
    place = _HEAD.size
    found: list[tuple[Any, ...]] = []
    for _ in range(_count(data)):
        (columns,) = unpack_from(">4xi", data, place)
        place += 8
        row: list[Any] = []
        for _ in range(columns):
            type_, length = unpack_from(">Ii", data, place)
            place += 8
            if length < 0:
                row.append(None)
                continue
            row.append(_DECODERS[type_](data[place : place + length]))
            place += length
        found.append(tuple(row))
    return found


def _count(data: bytes) -> int:
    dimensions = _LENGTH.unpack_from(data)[0]
    return _HEAD.unpack_from(data)[3] if dimensions else 0


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big", signed=True)


_DECODERS: Final[dict[int, Callable[[bytes], Any]]] = {
    INT4: _number,
    INT8: _number,
    TEXT: bytes.decode,
    BYTEA: bytes,
}
