"""Bodies and queries as named values, with the tolerances that all contracts share.

Source: contracts/README.md, 'True of every dialect'. JSON with or without its content type, forms, multipart, nothing
and ``null`` come out the same. What the values mean is read by ``reading.Reader``.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

import msgspec
from werkzeug.exceptions import HTTPException
from werkzeug.formparser import MultiPartParser
from werkzeug.http import parse_options_header

from switchboard.web.failures import UnreadableBody, UnsupportedType

Values: TypeAlias = Mapping[str, Any]
"""Names to what JSON can hold."""

NOTHING: Values = {}

FIELDS_MOST = 1000
"""Names and values in a form: far more than any call has; Django's DATA_UPLOAD_MAX_NUMBER_FIELDS is the same."""

BROKEN_ESCAPES_MOST = 1000
"""Percent signs that begin no escape: people write ``100%``. Python takes a fifth of a microsecond for each, and a body
of nothing else would keep everybody waiting for 50 ms."""

NESTING_MOST = 5
"""Brackets in a form's name, as in ``identities[0][type]``; PHP's and qs's own limits are 64 and 5."""

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"

READABLE_TYPES = frozenset(
    {"", "application/octet-stream", "text/plain", "text/json", "application/javascript"}
)
"""Beside JSON and forms: what clients send that declare nothing in particular. They are read as JSON."""

JSON_DECODER = msgspec.json.Decoder()
BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
BRACKETS = re.compile(r"\[([^\[\]]*)\]")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def parse_body(raw: bytes, content_type: str, content_encoding: str = "") -> Values:
    """The body's fields.

    Args:
        raw: all of it.
        content_type: the header, empty if there is none.

    Raises:
        UnreadableBody: it is malformed, or no object. UnsupportedType.
    """
    if content_encoding not in ("", "identity"):
        raise UnsupportedType
    body = raw.strip()
    if not body:
        return NOTHING
    kind, _, options = content_type.partition(";")
    kind = kind.strip().lower()
    if kind == MULTIPART and not body.startswith(b"{"):
        return _multipart(raw, f"{MULTIPART};{options}")
    if kind == FORM and body[:1] not in (b"{", b"[", b'"') and body != b"null":
        return _form(body)
    if kind in (MULTIPART, FORM) or _is_json_type(kind) or kind in READABLE_TYPES:
        return _json(body)
    raise UnsupportedType


def parse_query(raw: bytes) -> Values:
    """The fields of a query string. Raises: UnreadableBody."""
    return _form(raw) if raw else NOTHING


def parse_json(text: str | bytes) -> Any:
    """What the JSON holds. Raises: ValueError, whatever is wrong with it (NaN, lone surrogates, too deep)."""
    try:
        return JSON_DECODER.decode(text)
    except RecursionError as error:
        raise ValueError("is nested too deeply") from error
    except ValueError as error:
        raise ValueError("is not JSON") from error


def _is_json_type(kind: str) -> bool:
    return kind == "application/json" or (
        kind.startswith("application/") and kind.endswith("+json")
    )


def _json(body: bytes) -> Values:
    try:
        parsed = parse_json(body.removeprefix(BYTE_ORDER_MARK))
    except ValueError as error:
        raise UnreadableBody(str(error)) from error
    if parsed is None:
        return NOTHING
    if not isinstance(parsed, dict):
        raise UnreadableBody("is not an object")
    return parsed


def _form(body: bytes) -> Values:
    broken = islice(BROKEN_ESCAPE.finditer(body), BROKEN_ESCAPES_MOST, None)
    if next(broken, None) is not None:
        raise UnreadableBody("is not a form")
    try:
        pairs = parse_qsl(
            body.decode("utf-8"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=FIELDS_MOST,
        )
    except ValueError as error:
        raise UnreadableBody("is not a form") from error
    return _nest(pairs)


def _multipart(raw: bytes, content_type: str) -> Values:
    boundary = parse_options_header(content_type)[1].get("boundary", "").encode("utf-8", "replace")
    if not boundary:
        raise UnreadableBody("names no boundary")
    parser = MultiPartParser(max_form_memory_size=len(raw), max_form_parts=FIELDS_MOST)
    try:
        form, _files = parser.parse(io.BytesIO(raw), boundary, len(raw))
    except (ValueError, HTTPException) as error:
        raise UnreadableBody("is not a multipart form") from error
    return _nest(form.items(multi=True))


def _nest(pairs: Iterable[tuple[str, str]]) -> Values:
    """``a[]=1&a[]=2`` and ``a=1&a=2`` become lists, ``a[0][b]=1`` a list of objects, ``a[b]=1`` an object."""
    tree: dict[str, Any] = {}
    for name, value in pairs:
        head, bracket, rest = name.partition("[")
        keys = BRACKETS.findall(bracket + rest) if bracket and name.endswith("]") else []
        if not head or not keys:
            _put(tree, name, value)
        elif len(keys) > NESTING_MOST:
            raise UnreadableBody("is nested too deeply")
        else:
            _put_deep(tree, [head, *keys], value)
    return {name: _listed(value) for name, value in tree.items()}


def _put(tree: dict[str, Any], name: str, value: str) -> None:
    """A name that comes again makes a list."""
    known = tree.get(name)
    if known is None:
        tree[name] = value
    elif isinstance(known, list):
        known.append(value)
    else:
        tree[name] = [known, value]


def _put_deep(tree: dict[str, Any], keys: list[str], value: str) -> None:
    *path, last = keys
    if last == "":
        # ``a[]``: a list even if it comes once.
        *path, last = path
        branch = _branch(tree, path)
        known = branch.setdefault(last, [])
        if not isinstance(known, list):
            raise UnreadableBody(f"gives {last} in two shapes")
        known.append(value)
        return
    _put(_branch(tree, path), last, value)


def _branch(tree: dict[str, Any], path: list[str]) -> dict[str, Any]:
    for key in path:
        tree = tree.setdefault(key, {})
        if not isinstance(tree, dict):
            raise UnreadableBody(f"gives {key} in two shapes")
    return tree


def _listed(value: Any) -> Any:
    """Objects whose names are 0, 1, 2 ... are lists."""
    if not isinstance(value, dict):
        return value
    inner = {name: _listed(one) for name, one in value.items()}
    if all(name == str(index) for index, name in enumerate(inner)):
        return list(inner.values())
    return inner
