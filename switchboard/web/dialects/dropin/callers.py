"""Who calls dropin."""

from __future__ import annotations

from switchboard.web.authentication import bearer
from switchboard.web.call import Call

AUDIENCE = "dropin"


def credential(call: Call) -> str | None:
    """``Authorization: Bearer`` or ``JWT``, else ``auth_token`` in the query or the body."""
    found = bearer(call.headers.get("Authorization"))
    if found is not None:
        return found
    given = call.query.get("auth_token") or call.body.get("auth_token")
    return given if isinstance(given, str) else None
