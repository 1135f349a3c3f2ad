"""Arrays in Postgres' binary form, held against what Postgres makes of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.store.binary_arrays import (
    FEW,
    encoded,
    encoder,
    integers,
    records,
    remembering,
)
from switchboard.store.commit_groups import TYPES
from switchboard.store.trio_connection import TrioConnection

SECONDS_MOST = 20.0

VALUES: dict[str, Sequence[Any]] = {
    "boolean": [True, False, None],
    "bytea": [b"", b"\0\xff", None, b"x" * 300],
    "smallint": [0, -1, 2**15 - 1, -(2**15), None],
    "integer": [0, -1, 2**31 - 1, -(2**31), None],
    "bigint": [0, -1, 2**63 - 1, -(2**63), None],
    "text": ["", "ä€🚲", None, "a" * 300, '{"},'],
}


async def answer(connection: TrioConnection, sql: str, type_: str, values: Sequence[Any]) -> bytes:
    """The only column of the only row."""
    name = f"statement {hash(sql)}".encode()
    await connection.prepare(name, sql, [TYPES[type_]])
    result = await connection.call(name, [encoder(TYPES[type_])(values)])
    value = result.get_value(0, 0)
    assert value is not None
    return value


@pytest.mark.parametrize(
    "values",
    [
        VALUES,
        {name: values[:1] for name, values in VALUES.items()},
        {name: [None] for name in VALUES},
        {name: [] for name in VALUES},
    ],
    ids=["some", "one", "null", "none"],
)
@pytest.mark.parametrize("type_", VALUES)
async def test_postgres_reads_what_was_meant(
    type_: str, values: dict[str, Sequence[Any]], database_url: str
) -> None:
    connection = await TrioConnection.open(database_url, seconds=SECONDS_MOST, settings={})
    try:
        read = await answer(
            connection, f"SELECT to_json($1::{type_}[])::text", type_, values[type_]
        )
        wanted = [
            f"\\x{value.hex()}" if isinstance(value, bytes) else value for value in values[type_]
        ]
        assert json.loads(read) == wanted
    finally:
        connection.close()


@given(st.lists(st.lists(st.sampled_from([None, "", "a", "ä"]), max_size=2 * FEW), max_size=30))
def test_what_is_remembered_is_what_would_be_encoded(columns: list[list[str | None]]) -> None:
    encode = encoder(TYPES["text"])
    remember = remembering(encode)
    for column in columns:
        assert remember(column) == encode(column)


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("smallint", 2**15),
        ("integer", 2**31),
        ("bigint", -(2**63) - 1),
        ("bigint", "1"),
        ("text", "\ud800"),
    ],
)
def test_what_a_type_does_not_hold_is_refused(type_: str, value: Any) -> None:
    with pytest.raises(ValueError, match=r"argument|format|encode|range|too large"):
        encoded([encoder(TYPES[type_])], [[value]])


async def test_numbers_and_rows_are_read_back(database_url: str) -> None:
    connection = await TrioConnection.open(database_url, seconds=SECONDS_MOST, settings={})
    try:
        numbers = [5, -7, 2**40]
        assert integers(await answer(connection, "SELECT $1::bigint[]", "bigint", numbers)) == (
            5,
            -7,
            2**40,
        )
        assert integers(await answer(connection, "SELECT $1::bigint[] AS x", "bigint", [])) == ()
        rows = """
            SELECT ARRAY(
                SELECT ROW(n, n::bigint, 'ä' || n, NULL::text, decode('00ff', 'hex'))::found FROM unnest($1::int[]) AS n
            )
        """
        await connection.prepare(
            b"type", "CREATE TYPE found AS (a int, b bigint, c text, d text, e bytea)", []
        )
        await connection.call(b"type", [])
        assert records(await answer(connection, rows, "integer", [1, 2])) == [
            (1, 1, "ä1", None, b"\0\xff"),
            (2, 2, "ä2", None, b"\0\xff"),
        ]
        assert records(await answer(connection, rows + " AS x", "integer", [])) == []
    finally:
        connection.close()
