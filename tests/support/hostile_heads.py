"""Request targets, header fields, ids, keys and tokens made to break whoever reads them."""

from __future__ import annotations

from collections.abc import Iterator

import jwt

IDS = (
    "x",
    "-1",
    "0",
    "null",
    "undefined",
    "..",
    "%2e%2e",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "%00",
    "%0d%0aX:%20y",
    "%ff%fe",
    "%ed%a0%80",
    "%F0%9F%98%80" * 6,
    "'%20OR%201=1%20--",
    "%25s%25n",
    "{0}",
    "*",
    "0123456789abcdef01234567%0a",
    "0" * 23,
    "0" * 24,
    "f" * 24,
    "F" * 24,
    "0" * 25,
    "9" * 4000,
    "%D9%A3" * 24,
    "a%2Fb",
    "1e999",
    "nan",
    "[",
    "a;",
    "a?",
)
"""What stands where a path names something. ``0`` and ``f`` 24 times are well-formed, and nobody's."""

KEYS = (
    "x" * 255,
    "x" * 256,
    "x" * 7000,
    "\t",
    "' OR 1=1 --",
    "a/b/c",
    "../../other/caller",
    "\xff\xfe\xa0",
    "%00",
    "a, ",
    "people/" + "f" * 24 + "/request/x",
    "\u00e9" * 200,
    "{}",
    "0",
)
"""Idempotency keys."""

TARGETS = (
    "http://[",
    "http://[::1",
    "http://a:b@c:99999999/dropin/gigs",
    "http:///",
    "//evil.example/dropin",
    "/dropin//gigs",
    "/dropin/../dropin/gigs",
    "/%",
    "/%zz",
    "/dropin/%2e%2e/healthz",
    "*",
    "dropin",
    "?",
    "/?" + "a" * 8000,
    "/dropin/map/1/2?" + "a=b&" * 1500,
    "/" + "a/" * 4000,
    "/dropin/login?auth_token=" + "%00" * 100,
    "/;;;;",
    "/~",
    "/\\..\\",
    "https://example.com:abc/",
    "http://%C3%A9",
    "javascript:alert(1)",
    "/healthz#x",
    "http://a/healthz%00",
)
"""Request targets, on the wire."""

HEADERS = (
    "Host",
    "Origin",
    "Authorization",
    "Content-Type",
    "Content-Encoding",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-HTTP-Method-Override",
    "Access-Control-Request-Headers",
    "Expect",
    "Upgrade",
    "Connection",
    "Cookie",
    "Range",
    "Accept-Language",
    "Platform",
)
"""Header fields that anybody reads, here or in hypercorn."""

HEADER_VALUES = (
    "",
    ",",
    "\xff\xfe\xfd",
    "[::1",
    "a b<>",
    '"><script>',
    "x" * 7000,
    "," * 3000,
    "a;" * 3000,
    "a=b; c*0*=utf-8''%ff; d=\"",
    "DELETE",
    "100-continue, 100-continue",
    "websocket, h2c",
    "gzip" + ", gzip" * 1000,
    "999.999.999.999, ::ffff:::, 1.2.3.4:99999",
)

METHODS = ("GET", "POST", "PUT", "TRACE", "PROPFIND", "get", "X" * 2000)


def tokens(good: str) -> Iterator[str]:
    """Hundreds of tokens that open nothing, made out of one that does."""
    head, claims, signature = good.split(".")
    yield from (
        "",
        "x",
        ".",
        "..",
        "a.b.c",
        f"{head}.{claims}.",
        f"{head}..{signature}",
        "=" * 40,
        "\xff" * 40,
        "x" * 7000,
    )
    yield from (f"{good}.{signature}", good[:-1], good + "A", good.upper(), good.replace(".", ".."))
    payload = {
        "sub": "f" * 24,
        "aud": "dropin",
        "iss": "switchboard",
        "jti": "" * 24,
        "iat": 0,
        "exp": 2**33,
    }
    for kid in (
        "",
        "../../../etc/passwd",
        "/dev/null",
        "' OR 1=1",
        "\x00",
        "x" * 2000,
        "http://evil.example/key",
    ):
        yield jwt.encode(payload, b"k" * 32, algorithm="HS256", headers={"kid": kid})
    yield jwt.encode(payload, "", algorithm="none")
    for exp in (-(2**63), 2**63, 10**40):
        yield jwt.encode({**payload, "exp": exp}, b"k" * 32, algorithm="HS256")
    yield jwt.encode({**payload, "sub": "x" * 4000}, b"k" * 64, algorithm="HS512")
    for number in range(200):
        yield f"{head}.{claims}.{number:04}{signature[4:]}"
