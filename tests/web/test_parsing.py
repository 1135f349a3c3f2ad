"""Bodies of every spelling mean the same, and unreadable ones say so."""

from __future__ import annotations

from typing import Any

import pytest

from switchboard.web.failures import UnreadableBody, UnsupportedType
from switchboard.web.parsing import BROKEN_ESCAPES_MOST, FIELDS_MOST, parse_body, parse_query

FORM = "application/x-www-form-urlencoded"
BOUNDARY = "multipart/form-data; boundary=xyz"
PARTS = (
    b'--xyz\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    b'--xyz\r\nContent-Disposition: form-data; name="b[]"\r\n\r\n2\r\n--xyz--\r\n'
)


@pytest.mark.parametrize(
    ("raw", "kind", "expected"),
    [
        (b'{"a":"1","b":["2"]}', "application/json", {"a": "1", "b": ["2"]}),
        (b'{"a":"1","b":["2"]}', "application/json; charset=utf-8", {"a": "1", "b": ["2"]}),
        (b'{"a":"1","b":["2"]}', "application/vnd.api+json", {"a": "1", "b": ["2"]}),
        (b'{"a":"1","b":["2"]}', "", {"a": "1", "b": ["2"]}),
        (b' {"a":"1","b":["2"]}\n', "text/plain", {"a": "1", "b": ["2"]}),
        (b'{"a":"1","b":["2"]}', FORM, {"a": "1", "b": ["2"]}),
        (b'{"a":"1","b":["2"]}', "multipart/form-data", {"a": "1", "b": ["2"]}),
        (b'\xef\xbb\xbf{"a":"1","b":["2"]}', "", {"a": "1", "b": ["2"]}),
        (b"a=1&b[]=2", FORM, {"a": "1", "b": ["2"]}),
        (b"a=1&b%5B%5D=2", FORM + "; charset=UTF-8", {"a": "1", "b": ["2"]}),
        (PARTS, BOUNDARY, {"a": "1", "b": ["2"]}),
        (b"", "application/json", {}),
        (b"", "", {}),
        (b"  \r\n", FORM, {}),
        (b"null", "application/json", {}),
        (b"null", FORM, {}),
        (b"null", "", {}),
        (b"a=1&a=2", FORM, {"a": ["1", "2"]}),
        (b"a[]=1&a[]=2", FORM, {"a": ["1", "2"]}),
        (b"a[b]=1&a[c]=2", FORM, {"a": {"b": "1", "c": "2"}}),
        (
            b"i[0][type]=email&i[0][value]=x&i[1][type]=phone",
            FORM,
            {"i": [{"type": "email", "value": "x"}, {"type": "phone"}]},
        ),
        (b"a=", FORM, {"a": ""}),
        (b"a=caf%C3%A9", FORM, {"a": "café"}),
        (b"a=100%&b=%zz%4", FORM, {"a": "100%", "b": "%zz%4"}),
        (b'{"a":"\\ud83d\\ude00"}', "", {"a": "😀"}),
    ],
)
def test_a_body_means_the_same_in_every_spelling(raw: bytes, kind: str, expected: Any) -> None:
    """JSON, forms, multipart, nothing and null."""
    assert parse_body(raw, kind) == expected


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b'{"a":1', "application/json"),
        (b"{a:1}", "application/json"),
        (b"[1]", "application/json"),
        (b'"text"', ""),
        (b"7", "application/json"),
        (b'{"a":NaN}', ""),
        (b'{"a":Infinity}', ""),
        (b'{"a":1e999}', ""),
        (b'{"a":"\\ud800"}', ""),
        (b'{"a":"\xff"}', ""),
        (b'{"a":"\x00"}', ""),
        (b'{"a":1}{"b":2}', ""),
        (b'{"a":' + b"[" * 100_000, ""),
        (b'{"a":' + b"9" * 100_000 + b"}", "application/json"),
        (b"a=%ff", FORM),
        (b"a=%ED%A0%80", FORM),
        (b"a=\xff", FORM),
        (b"&".join(b"a=1" for _ in range(FIELDS_MOST + 1)), FORM),
        (b"a=" + b"%" * (BROKEN_ESCAPES_MOST + 1), FORM),
        (b"a[b][c][d][e][f][g]=1", FORM),
        (b"a=1&a[b]=2", FORM),
        (b"a[b]=1&a[]=2", FORM),
        (b"no boundary", "multipart/form-data"),
        (b"--other\r\n", BOUNDARY),
    ],
)
def test_an_unreadable_body_is_refused(raw: bytes, kind: str) -> None:
    """Never an error of ours, whatever comes."""
    with pytest.raises(UnreadableBody):
        parse_body(raw, kind)


@pytest.mark.parametrize("kind", ["application/xml", "text/xml", "text/html", "image/png"])
def test_a_declared_type_that_nobody_reads_is_refused(kind: str) -> None:
    """Unless there is nothing to read."""
    with pytest.raises(UnsupportedType):
        parse_body(b"<a/>", kind)
    assert parse_body(b"", kind) == {}


def test_a_compressed_body_is_refused() -> None:
    """Nobody inflates: a small body could become a huge one."""
    with pytest.raises(UnsupportedType):
        parse_body(b"\x1f\x8b", "application/json", "gzip")


def test_a_query_has_the_same_lists_as_a_form() -> None:
    """``status`` may be repeated."""
    assert parse_query(b"status=a&status=b&skip=1") == {"status": ["a", "b"], "skip": "1"}
    assert parse_query(b"") == {}
