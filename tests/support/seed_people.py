"""The seed's registration, and signing in by code."""

from __future__ import annotations

import re
from typing import Any

import trio
from web_worlds import WebWorld

from switchboard.web import WebSettings

SEED: dict[str, Any] = {
    "firstName": "Nguyen",
    "lastName": "Hoa",
    "archive": False,
    "status": "active",
    "type": "user",
    "operator": None,
    "organization": "organization",
    "identities": [
        {"type": "email", "value": "codehubio+29@gmail.com"},
        {"type": "phone", "value": "841662203830"},
    ],
}
"""The seed's own registration."""

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")

STRICT = WebSettings(lenient=False, access_log=False)


async def code_of(world: WebWorld) -> str:
    """The code that was sent last."""
    await trio.testing.wait_all_tasks_blocked()
    return world.outbox.codes[-1][2]


async def signed_in(world: WebWorld, email: str) -> str:
    """A token, by login and code."""
    ticket = (await world.post("/dropin/login", {"email": email})).body
    answer = {"tokenId": ticket["id"], "code": await code_of(world)}
    reply = await world.post("/dropin/login/verify", answer)
    assert reply.status == 200, reply.body
    token = reply.body["token"]
    assert isinstance(token, str)
    return token
