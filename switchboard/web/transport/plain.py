"""Reads requests that are plain, which nearly all are: without h11, whose events and states cost as much as a handler.

Plain is what leaves no choice how to read it: a known method, HTTP/1.1, lines that end in CRLF, one Host, at most one
Content-Length, no other field that says where the message ends or what becomes of the connection, and all of it there.
Everything else is h11's to read and to refuse. What this reads, h11 reads the same: tests/web/transport/test_plain.py
holds one against the other.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

TOKEN: Final = rb"[-!#$%&'*+.^_`|~0-9A-Za-z]++"

VALUE: Final = rb"[\t\x20-\x7e\x80-\xff]*+"
"""RFC 9110, 5.5, without control characters, of which h11 takes some."""

HEAD: Final = re.compile(
    rb"(GET|POST|PUT|PATCH|DELETE|OPTIONS) ([\x21-\x7e]++) HTTP/1\.1\r\n"
    rb"((?:" + TOKEN + rb":" + VALUE + rb"\r\n)++)\r\n"
)
"""Method, target and lines of fields. Nothing in it is tried twice (``++``), so it takes as long as its text is."""

FIELD: Final = re.compile(rb"(" + TOKEN + rb"):(" + VALUE + rb")\r\n")

KEEP_ALIVE: Final = b"keep-alive"

DIGITS_MOST: Final = 15
"""Of a Content-Length; what is longer cannot be there as a whole anyway."""

TELLING: Final = frozenset(
    {
        b"connection",
        b"content-length",
        b"expect",
        b"host",
        b"http2-settings",
        b"keep-alive",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
"""Fields that say something about the message itself or its connection."""


class Plain(NamedTuple):
    """A whole request, as ASGI wants it."""

    method: str
    target: bytes
    headers: list[tuple[bytes, bytes]]
    """Names in lower case."""
    body: bytes
    end: int
    """Where it ends in what it was read from."""


def read(data: bytes, start: int, head_bytes_most: int) -> Plain | None:
    """The plain request at that place; None if what stands there is not one, or not yet as a whole."""
    found = HEAD.match(data, start)
    if found is None or found.end() - start > head_bytes_most:
        return None
    method, target, lines = found.groups()
    headers: list[tuple[bytes, bytes]] = []
    hosts, length = 0, -1
    for name, value in FIELD.findall(lines):
        field, text = name.lower(), value.strip(b" \t")
        headers.append((field, text))
        if field not in TELLING:
            continue
        if field == b"host":
            hosts += 1
        elif field == b"content-length":
            if length >= 0 or not text.isdigit() or len(text) > DIGITS_MOST:
                return None
            length = int(text)
        elif field != b"connection" or text.lower() != KEEP_ALIVE:
            return None
    begin = found.end()
    end = begin + max(length, 0)
    if hosts != 1 or end > len(data):
        return None
    return Plain(method.decode(), target, headers, data[begin:end], end)
