"""auto's JSON. Source: contracts/auto.md."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from switchboard.engine.records import Account
from switchboard.web.wire import time_text

Presence = Literal["online", "offline", "busy"]


class Answer(NamedTuple):
    """An answer with something beside its data in the envelope."""

    data: Any
    beside: dict[str, Any]


def envelope(answer: Any) -> dict[str, Any]:
    """``{"status":200,"data":...}``."""
    if isinstance(answer, Answer):
        return {"status": 200, **answer.beside, "data": answer.data}
    return {"status": 200, "data": answer}


def account_shape(account: Account, presence: Presence) -> dict[str, Any]:
    """An account; never its password."""
    return {
        "_id": account.id,
        "id": account.id,
        "email": _identity(account, "email"),
        "username": _identity(account, "username"),
        "firstName": account.first_name,
        "lastName": account.last_name,
        "organization": account.organization,
        "status": _status(account),
        "presence": presence,
        "createdAt": time_text(account.created_at),
        "updatedAt": time_text(account.updated_at),
    }


def _identity(account: Account, type: str) -> str | None:
    return next((one.shown for one in account.identities if one.type == type), None)


def _status(account: Account) -> Literal["active", "pending", "archived"]:
    if account.status == "archived":
        return "archived"
    return "pending" if account.dealer == "pending" else "active"
