"""What dowell's calls read: from query and body alike, and who calls as the staff."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeVar

from switchboard.engine.errors import NotAllowed
from switchboard.web.call import Call
from switchboard.web.failures import LoginRequired
from switchboard.web.parsing import Values
from switchboard.web.reading import Reader, read

T = TypeVar("T")

REALM: Literal["dowell"] = "dowell"

NAME_LENGTH_MOST = 200
"""Characters of a user, an organization, a portfolio or a product: ids and names."""

KEY_LENGTH_MOST = 200
"""Ours have 46 characters."""


def given(call: Call) -> Values:
    """The fields of the query and the body; the body's come first."""
    return {**call.query, **call.body}


def parse(call: Call, parser: Callable[[Reader], T]) -> T:
    """What the parser reads from both. Raises: Invalid, naming the fields."""
    return read(given(call), parser)


async def has_key(call: Call, organization: str) -> bool:
    """Whether the request carries a key of that organization. Raises: StoreDown."""
    secret = call.headers.text("X-Api-Key").strip()
    if not secret or len(secret) > KEY_LENGTH_MOST:
        return False
    return await call.services.api_keys.opens(REALM, organization, secret)


async def only_staff(call: Call, organization: str) -> None:
    """Raises: LoginRequired without a key, NotAllowed with one that is not the organization's; StoreDown.

    Where nobody but this machine can call, none is needed; what came through a proxy is not from this machine.
    """
    if await has_key(call, organization):
        return
    forwarded = call.headers.text("X-Forwarded-For") or call.headers.text("Forwarded")
    if call.services.settings.widgets.staff_key_needed or forwarded:
        raise NotAllowed if call.headers.text("X-Api-Key") else LoginRequired
