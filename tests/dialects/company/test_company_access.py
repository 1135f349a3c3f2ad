"""Who may call what: every operation of company, for everybody there is, against one table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from colleagues import colleagues, seed_user
from web_worlds import WebWorld

from switchboard.web.dialects.company import COMPANY

WHO = ("none", "other", "own", "operator", "dealer", "admin")
"""Nobody; a colleague who is in no conversation; one of the two; people of other APIs, whose tokens open nothing."""


ANYBODY = (200,) * 6
COLLEAGUES = (401, 200, 200, 401, 401, 401)

TABLE: Mapping[tuple[str, str], tuple[int, ...]] = {
    ("POST", "/api/login"): ANYBODY,
    ("DELETE", "/api/logout"): COLLEAGUES,
    ("POST", "/api/users"): (201,) * 6,
    ("GET", "/api/users"): COLLEAGUES,
    ("PUT", "/api/users/<user>"): (401, 403, 200, 401, 401, 401),
    # Without a form.
    ("POST", "/api/users/upload"): (401, 415, 415, 401, 401, 401),
    ("GET", "/api/users/upload/<upload>"): (404,) * 6,
    # The other one begins it with oneself, which cannot be.
    ("POST", "/api/conversations"): (401, 422, 200, 401, 401, 401),
    ("GET", "/api/conversations"): COLLEAGUES,
    ("GET", "/api/messages"): COLLEAGUES,
    ("POST", "/api/messages"): (401, 422, 201, 401, 401, 401),
    ("GET", "/socket/longpoll"): (403, 200, 200, 403, 403, 403),
    # Whose session it is follows from its token; here there is none, which the body says.
    ("POST", "/socket/longpoll"): ANYBODY,
}
"""(method, path) -> the status for each of ``WHO``."""

OPERATIONS = [(route.method, route.path) for route in COMPANY.routes]


async def call(
    world: WebWorld,
    operation: tuple[str, str],
    who: str,
    token: str | None,
    numbers: Mapping[str, int],
) -> int:
    """The status of the operation, as whom."""
    method, path = operation
    bodies: dict[tuple[str, str], Any] = {
        ("POST", "/api/login"): {"email": "john@mail.com", "password": "johndoe"},
        ("POST", "/api/users"): seed_user(f"new-{who}"),
        ("PUT", "/api/users/<user>"): {"password": "johndoe"},
        ("POST", "/api/conversations"): {"recipient": numbers["other"]},
        ("POST", "/api/messages"): {"conv": numbers["conversation"], "content": who},
    }
    target = path.replace("<user>", str(numbers["own"])).replace("<upload>", "0")
    if operation == ("GET", "/api/messages"):
        target += f"?conv={numbers['conversation']}"
    if operation == ("GET", "/socket/longpoll"):
        target += f"?token={token}"
    reply = await world.call(method, f"/company{target}", bodies.get(operation), token=token)
    return reply.status


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: f"{one[0]} {one[1]}")
async def test_who_may_call_what(operation: tuple[str, str]) -> None:
    """Each by everybody in turn."""
    async with colleagues("John", "Jane", "Jim") as (world, (own, partner, other)):
        await own.call("PUT", f"/users/{own.id}", {"password": "johndoe"})
        conversation = await own.conversation(partner)
        await own.conversation(other)
        dealer = await world.person("Dealer", dealer="approved")
        admin = await world.admin()
        operator = await world.operator()
        tokens = {
            "none": None,
            "other": other.token,
            "own": own.token,
            "operator": operator.token,
            "dealer": world.token(dealer, "auto"),
            "admin": admin.token,
        }
        numbers = {"own": own.id, "other": other.id, "conversation": conversation}
        statuses = [await call(world, operation, who, tokens[who], numbers) for who in WHO]
        assert tuple(statuses) == TABLE[operation]


def test_the_table_has_every_operation() -> None:
    assert sorted(TABLE) == sorted(OPERATIONS)
