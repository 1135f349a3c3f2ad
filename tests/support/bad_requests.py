"""Requests that must be refused whatever the dialect: broken bodies, tokens that open nothing, ids that are none."""

from __future__ import annotations

from typing import Any, NamedTuple

import jwt
from web_worlds import EPOCH, TOKEN_KEYS, WebWorld

from switchboard.engine.records import Account


class BrokenBody(NamedTuple):
    """A body that nobody can read, and the status that says so."""

    raw: bytes
    kind: str
    status: int


BROKEN_BODIES = (
    BrokenBody(b'{"a":', "application/json", 400),
    BrokenBody(b"{a:1}", "", 400),
    BrokenBody(b"[]", "application/json", 400),
    BrokenBody(b'"text"', "application/json", 400),
    BrokenBody(b'{"a":NaN}', "application/json", 400),
    BrokenBody(b'{"a":"\\ud800"}', "application/json", 400),
    BrokenBody(b'{"a":"\xff"}', "application/json", 400),
    BrokenBody(b'{"a":' + b"[" * 50_000, "application/json", 400),
    BrokenBody(b"a=%ff", "application/x-www-form-urlencoded", 400),
    BrokenBody(b"--x", "multipart/form-data; boundary=y", 400),
    BrokenBody(b"--x", "multipart/form-data", 400),
    BrokenBody(b"<a/>", "application/xml", 415),
    BrokenBody(b"\x89PNG", "image/png", 415),
    BrokenBody(b'{"a":"' + b"x" * 300_000 + b'"}', "application/json", 413),
)

NO_IDS = (
    "x",
    "0" * 23,
    "0" * 25,
    "A" * 24,
    "g" * 24,
    "-1",
    "null",
    "%00",
    "%0a",
    "%F0%9F%98%80" * 6,
    "..",
    "' OR 1=1 --",
    "0123456789abcdef01234567%0a",
    "9" * 2000,
)
"""What stands where an id belongs."""

UNKNOWN_ID = "f" * 24


async def useless_tokens(world: WebWorld, account: Account, audience: str) -> dict[str, str | None]:
    """Tokens that open nothing, by what is wrong with them. One of the account's own is revoked for it."""

    def made(key: bytes = TOKEN_KEYS["one"], **changes: Any) -> str:
        claims = {
            "iss": "switchboard",
            "aud": audience,
            "sub": account.id,
            "jti": "b" * 24,
            "iat": EPOCH / 1000 - 60,
            "exp": EPOCH / 1000 + 600,
        }
        return jwt.encode(claims | changes, key, algorithm="HS256", headers={"kid": "one"})

    tokens = world.services.tokens
    revoked = tokens.issue(account.id, audience)
    await tokens.revoke(tokens.check(revoked, audience))
    archived = await world.person()
    of_archived = tokens.issue(archived.id, audience)
    await world.services.desk.archive(archived.id)
    good = tokens.issue(account.id, audience)
    return {
        "none": None,
        "empty": "",
        "no token": "x.y.z",
        "expired": made(exp=EPOCH / 1000 - 1),
        "revoked": revoked,
        "of an archived account": of_archived,
        "of nobody": made(sub=UNKNOWN_ID),
        "of no id": made(sub="x"),
        "of another API": tokens.issue(account.id, "auto" if audience == "dropin" else "dropin"),
        "signed by somebody else": made(key=b"x" * 32),
        "tampered with": good[:-3] + ("AAA" if good[-3:] != "AAA" else "BBB"),
        "without its signature": good.rpartition(".")[0] + ".",
    }
