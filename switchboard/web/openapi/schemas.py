"""Words for JSON Schema (2020-12), in which the dialects describe what they take and answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]

TEXT_LENGTH_MOST = 10_000
"""contracts/README.md."""

ID: Schema = {
    "type": "string",
    "pattern": "^[0-9a-f]{24}$",
    "examples": ["571071114372f31b0edae280"],
}
TIME: Schema = {
    "type": "string",
    "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$",
    "examples": ["2016-04-12T03:10:12.542Z"],
}
TRUTH: Schema = {"type": "boolean"}
NUMBER: Schema = {"type": "number"}
INTEGER: Schema = {"type": "integer"}
ANYTHING: Schema = {}
NULL: Schema = {"type": "null"}
STRING: Schema = {"type": "string"}
OPEN: Schema = {"type": "object"}
"""An object whose names are the sender's own."""


def text(most: int = TEXT_LENGTH_MOST, *, least: int = 0, example: str | None = None) -> Schema:
    """Words of a person or client."""
    schema: Schema = {"type": "string", "maxLength": most}
    if least:
        schema["minLength"] = least
    return schema if example is None else {**schema, "examples": [example]}


def words(example: str | None = None, most: int = TEXT_LENGTH_MOST) -> Schema:
    """The same, and more than nothing."""
    return text(most, least=1, example=example)


def number(least: float, most: float, example: float | None = None) -> Schema:
    """A number within those bounds."""
    schema: Schema = {"type": "number", "minimum": least, "maximum": most}
    return schema if example is None else {**schema, "examples": [example]}


def integer(least: int = 0, most: int = 10**9, example: int | None = None) -> Schema:
    """A whole number within those bounds."""
    schema: Schema = {"type": "integer", "minimum": least, "maximum": most}
    return schema if example is None else {**schema, "examples": [example]}


def choice(*of: str) -> Schema:
    """One of those strings."""
    return {"type": "string", "enum": list(of)}


def exactly(value: Any) -> Schema:
    """Nothing else."""
    return {"const": value}


def listed(items: Schema) -> Schema:
    """A list of those."""
    return {"type": "array", "items": items}


def or_null(schema: Schema) -> Schema:
    """Or ``null``."""
    return {"anyOf": [schema, NULL]}


def record(fields: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    """An object with all of those fields, perhaps some of the optional ones, and no other."""
    return {
        "type": "object",
        "properties": {**fields, **(optional or {})},
        "required": list(fields),
        "additionalProperties": False,
    }


def form(required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    """What a call takes; names that it does not know are left alone."""
    schema: Schema = {"type": "object", "properties": {**required, **(optional or {})}}
    return {**schema, "required": list(required)} if required else schema


def reference(name: str) -> Schema:
    """A schema that the document has under that name."""
    return {"$ref": f"#/components/schemas/{name}"}


def page(first: str) -> Mapping[str, Schema]:
    """The query of a list: where it begins, and how many are wanted (100 at most come)."""
    return {first: integer(), "limit": integer()}


def named(*names: str, schema: Schema) -> Mapping[str, Schema]:
    """Several fields of one kind."""
    return dict.fromkeys(names, schema)
