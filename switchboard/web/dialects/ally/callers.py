"""Who calls, and what a path's id stands for."""

from __future__ import annotations

from switchboard.engine.ids import is_id
from switchboard.engine.records import Account
from switchboard.web.call import Call
from switchboard.web.dialects.ally.errors import InvalidId
from switchboard.web.incoming import RequestHeaders
from switchboard.web.parsing import NOTHING, Values

AUDIENCE = "ally"


def credential(call: Call) -> str | None:
    """``?token=``, else ``Authorization: Token``, else the field ``token``."""
    return credential_in(call.query, call.headers, call.body)


def credential_in(query: Values, headers: RequestHeaders, body: Values = NOTHING) -> str | None:
    """The same, for what is no call."""
    given = query.get("token")
    if isinstance(given, str) and given:
        return given
    header = headers.get("Authorization")
    if header:
        scheme, _, token = header.strip().partition(" ")
        # A scheme of another kind is a credential too, one that opens nothing here.
        return token.strip() if scheme.lower() in ("token", "bearer") else header
    given = body.get("token")
    return given if isinstance(given, str) and given else None


def id_in(call: Call, name: str) -> str:
    """The id in the path. Raises: InvalidId."""
    id = call.arguments[name]
    if not is_id(id):
        raise InvalidId
    return id


async def named_user(call: Call) -> Account:
    """The user of the caller's app whom the path names by id or alias. Raises: NotFound."""
    people = call.services.support.people
    return await people.named(call.caller.organization or "", call.arguments["user"])
