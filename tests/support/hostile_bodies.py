"""Bodies made to break whoever reads them."""

from __future__ import annotations

import gzip
import json
from typing import NamedTuple

JSON, FORM, MULTIPART = (
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
)
FULL = 250_000
"""Just below the largest body that is read: what is larger is not even looked at."""


class HostileBody(NamedTuple):
    """A body and what it says it is."""

    name: str
    raw: bytes
    kind: str = JSON
    encoding: str = ""


NAMES = (
    *("latitude", "longitude", "lat", "lng", "long", "deviceId", "claimId", "metaData", "gigId"),
    *("firstName", "lastName", "identities", "operator", "organization", "email", "phone"),
    *("tokenId", "code", "auth_token", "username", "password", "newpassword", "deviceAddress"),
    *("organizationCode", "response", "rating", "status", "paymentMethodNonce", "skip", "limit"),
)
"""Whatever a dialect reads."""

BOUNDED = f"{MULTIPART}; boundary=b"


def _in_every_field(value: object) -> bytes:
    """That value under every name."""
    return json.dumps(dict.fromkeys(NAMES, value)).encode()


def _deep(opening: str, closing: str, depth: int) -> bytes:
    inner = opening * depth + "1" + closing * depth
    return b'{"metaData":{"a":' + inner.encode() + b'},"identities":' + inner.encode() + b"}"


BODIES = (
    # -- JSON
    HostileBody("open brackets", b"[" * FULL),
    HostileBody("open objects", b'{"a":' * (FULL // 5)),
    HostileBody("lists 900 deep", _deep("[", "]", 900)),
    HostileBody("objects 900 deep", _deep('{"a":', "}", 900)),
    HostileBody("lists 50,000 deep", _deep("[", "]", 50_000)),
    HostileBody("a number of 100,000 digits", b'{"latitude":' + b"9" * 100_000 + b"}"),
    HostileBody("a number of 100,000 digits as text", _in_every_field("9" * 5000)),
    HostileBody("a fraction of 100,000 digits", b'{"rating":0.' + b"1" * 100_000 + b"}"),
    HostileBody("an exponent", b'{"latitude":1e999999999,"longitude":-1e-999999999,"rating":5e0}'),
    HostileBody("numbers everywhere", _in_every_field(10**30)),
    HostileBody("negative numbers everywhere", _in_every_field(-(2**63) - 1)),
    HostileBody("fractions everywhere", _in_every_field(1.5)),
    HostileBody("true everywhere", _in_every_field(True)),
    HostileBody("lists everywhere", _in_every_field([[], {}, None])),
    HostileBody("objects everywhere", _in_every_field({"id": {"id": ["x"]}, "": None})),
    HostileBody("NUL everywhere", _in_every_field("a\x00b")),
    HostileBody("control characters everywhere", _in_every_field("\r\n\x1b[2J\x7f\u2028\u202e")),
    HostileBody("lone surrogates everywhere", _in_every_field("\ud800")),
    HostileBody("surrogates that are no pair", b'{"firstName":"\\udc00\\ud800","code":"\\uDFFF"}'),
    HostileBody("combining characters everywhere", _in_every_field("e" + "\u0301" * 1000)),
    HostileBody(
        "templates everywhere", _in_every_field("{{7*7}} %s %n {0} ${x} '; DROP TABLE session;--")
    ),
    HostileBody("one name 10,000 times", b"{" + b'"email":"a",' * 10_000 + b'"email":"b@c.test"}'),
    HostileBody("25,000 names", json.dumps({f"{n:x}": 0 for n in range(25_000)}).encode()),
    HostileBody("a text of 1 MB", b'{"firstName":"' + b"x" * 1_000_000 + b'"}'),
    HostileBody("a text of escapes", b'{"firstName":"' + b"\\u0041" * 40_000 + b'"}'),
    HostileBody(
        "identities by the thousand",
        b'{"identities":[' + b'{"type":"email","value":"a@b.test"},' * 5000 + b"{}]}",
    ),
    HostileBody("an address of @", _in_every_field("@" * 9000)),
    HostileBody("a phone of digits", _in_every_field("+" + "1" * 9000)),
    HostileBody("UTF-16", '{"email":"a@b.test"}'.encode("utf-16")),
    HostileBody("a byte order mark, then nothing", b"\xef\xbb\xbf"),
    HostileBody("NaN", b'{"latitude":NaN,"longitude":Infinity,"rating":-Infinity}'),
    HostileBody("bytes", bytes(range(256)) * 900),
    # -- forms
    HostileBody("125,000 fields", b"a&" * (FULL // 2), FORM),
    HostileBody("a[] 50,000 times", b"a[]=&" * (FULL // 5), FORM),
    HostileBody("a[] 900 times", b"identities[]=x&" * 900, FORM),
    HostileBody("a name of brackets", b"a" + b"[" * FULL + b"=1", FORM),
    HostileBody("a name of pairs of brackets", b"a" + b"[]" * 100_000 + b"=1", FORM),
    HostileBody("a name of open brackets and one close", b"a" + b"[a" * 100_000 + b"]=1", FORM),
    HostileBody("two shapes of one name", b"a=1&a[b]=2&a[]=3&a[b][c]=4&a[0]=5", FORM),
    HostileBody(
        "names of Python's own", b"__class__=1&a[__proto__][x]=1&constructor[prototype]=1", FORM
    ),
    HostileBody("percent signs", b"a=" + b"%" * FULL, FORM),
    HostileBody(
        "percent-encoded NUL", b"email=%00&phone=%00&code=%00&tokenId=%00&rating=%00", FORM
    ),
    HostileBody(
        "numbers that are none",
        b"latitude=nan&longitude=1_0&rating=%D9%A3&lat=0x1&lng=1e9999",
        FORM,
    ),
    # -- multipart
    HostileBody(
        "a part without end",
        b'--b\r\nContent-Disposition: form-data; name="email"\r\n\r\n' + b"x" * FULL,
        BOUNDED,
    ),
    HostileBody("only boundaries", b"--b\r\n" * (FULL // 5), BOUNDED),
    HostileBody("nearly boundaries", b"\r\n--" * (FULL // 4), f"{MULTIPART}; boundary={'-' * 60}"),
    HostileBody(
        "headers of a part without end",
        b"--b\r\n" + b"a: b\r\n" * 40_000,
        BOUNDED,
    ),
    HostileBody(
        "4,500 parts",
        b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n' * 4500 + b"--b--",
        BOUNDED,
    ),
    HostileBody(
        "a file",
        b'--b\r\nContent-Disposition: form-data; name="email"; filename="../../etc/passwd"\r\n\r\nx\r\n--b--',
        BOUNDED,
    ),
    HostileBody("no boundary", b"--", MULTIPART),
    HostileBody("a boundary of 8 KB", b"--" + b"b" * 8000, f"{MULTIPART}; boundary={'b' * 8000}"),
    HostileBody(
        "a boundary that is none", b"--x", f"{MULTIPART}; boundary*0*=utf-8''%ff; boundary*1=x"
    ),
    # -- what it says it is
    HostileBody("gzip", gzip.compress(bytes(10_000_000)), JSON, "gzip"),
    HostileBody("gzip of gzip, deflate, br", b"{}", JSON, "gzip, gzip, deflate, br"),
    HostileBody("a type of 8 KB", b"{}", "application/" + "x" * 8000),
    HostileBody("a type of parameters", b"a=1", FORM + "; charset=utf-7" + "; a=b" * 1500),
    HostileBody(
        "XML",
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
        "application/xml",
    ),
    HostileBody("pickle", b"\x80\x04\x95", "application/python-pickle"),
)
