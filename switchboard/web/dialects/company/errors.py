"""What company says no with. Source: contracts/company.md, and Phoenix's own words for what the page leaves open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from switchboard.engine import errors as engine
from switchboard.web import failures as web
from switchboard.web.call import Failure


class CannotConverse(web.WebFailure):
    """The recipient is unknown, or oneself."""


class Row(NamedTuple):
    """A status and what stands under ``message``."""

    status: int
    message: str


BUSY = Row(503, "busy")
CONFLICT = Row(409, "conflict")
FORBIDDEN = Row(403, "forbidden")
NOT_FOUND = Row(404, "not_found")

TABLE: Mapping[type[Exception], Row] = {
    engine.NotFound: NOT_FOUND,
    engine.NotAllowed: FORBIDDEN,
    engine.NotAllowedInPhase: CONFLICT,
    engine.Conflict: CONFLICT,
    engine.Engaged: CONFLICT,
    engine.RoomHeld: CONFLICT,
    engine.RoomExists: CONFLICT,
    engine.RatingRequired: FORBIDDEN,
    engine.NoOperatorsNearby: NOT_FOUND,
    engine.NoDealers: NOT_FOUND,
    engine.NobodyAvailable: NOT_FOUND,
    engine.OrganizationDisabled: FORBIDDEN,
    engine.AlreadyRequested: CONFLICT,
    engine.TakenByAnother: CONFLICT,
    engine.NotOnline: FORBIDDEN,
    engine.LimitExceeded: Row(429, "too_many_requests"),
    engine.MailboxFull: BUSY,
    engine.CommitQueueFull: BUSY,
    engine.Quarantined: BUSY,
    engine.StoreDown: BUSY,
    engine.CommitUnknown: BUSY,
    engine.NotOwner: BUSY,
    engine.Expired: BUSY,
    engine.Stopping: BUSY,
    engine.VideoUnavailable: BUSY,
    engine.VideoRefused: BUSY,
    web.UnknownPath: NOT_FOUND,
    web.WrongMethod: Row(405, "method_not_allowed"),
    web.BodyTooLarge: Row(413, "request_entity_too_large"),
    web.UnsupportedType: Row(415, "unsupported_media_type"),
    web.TooSlow: BUSY,
    web.Bug: Row(500, "internal_server_error"),
}
"""By exact class: a new kind of error must be given its row (a test looks)."""

TOKEN_REASONS = {
    "missing": "unauthenticated",
    "invalid": "invalid_token",
    "expired": "token_expired",
}

WORDS = {
    "is required": "can't be blank",
    "is not an e-mail address": "has invalid format",
    "must be a string": "is invalid",
    "must be one value": "is invalid",
    "must be a number": "is invalid",
    "must be a whole number": "is invalid",
}
"""Our complaints in Ecto's words, where it has some."""

TAKEN = "has already been taken"


def failure(error: Exception) -> Failure:
    """The answer to an error. Raises: KeyError if it has none."""
    match error:
        case engine.Invalid(fields=fields):
            return _form(422, {name: WORDS.get(reason, reason) for name, reason in fields.items()})
        case engine.IdentityTaken(field=field):
            return _form(422, {field: TAKEN})
        case engine.KeyReused():
            return _form(422, {"Idempotency-Key": "was used for another request"})
        case engine.WrongCredentials():
            return Failure(401, {"data": "No user with these credentials"})
        case web.UnreadableBody(reason=reason):
            return _form(400, {"body": reason})
        case web.LoginRequired(why=why):
            return Failure(401, {"message": TOKEN_REASONS[why]})
        case CannotConverse():
            return Failure(422, {"error": "Can't create"})
    row = TABLE[type(error)]
    answer: dict[str, Any] = {"message": row.message}
    if isinstance(error, web.Bug):
        answer["id"] = error.incident
    return Failure(row.status, answer)


def _form(status: int, complaints: Mapping[str, str]) -> Failure:
    return Failure(status, {"errors": {name: [reason] for name, reason in complaints.items()}})
