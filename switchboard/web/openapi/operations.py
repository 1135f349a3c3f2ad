"""How a dialect describes its calls; what all of a dialect's calls have in common is said once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from switchboard.web.openapi.schemas import Schema

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"

Key = tuple[str, str]
"""Method and path, as the route has them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """One call."""

    summary: str
    answer: Schema | None = None
    """What a success says; None: nothing, or no JSON (``content``)."""
    statuses: tuple[int, ...] = (200,)
    """Of successes."""
    body: Schema | None = None
    """What it takes (``schemas.form``)."""
    query: Mapping[str, Schema] = field(default_factory=dict)
    path: Mapping[str, Schema] = field(default_factory=dict)
    """Parts of the path that are no plain string."""
    content: str = JSON
    """Of a success."""
    error_content: str = JSON
    sends: str | None = None
    """The content type of a body that is no form: a file."""
    file: str | None = None
    """The field of a multipart form that holds a file."""
    keyed: bool = False
    """Takes an ``Idempotency-Key``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Description:
    """A dialect's part of the document."""

    name: str
    title: str
    summary: str
    operations: Mapping[Key, Operation]
    schemas: Mapping[str, Schema]
    error: Schema
    error_statuses: tuple[int, ...]
    """Each that some call of the dialect may answer with."""
    security: Mapping[str, Mapping[str, str]]
    """Scheme -> its definition; any one of them opens a call that needs a token."""
