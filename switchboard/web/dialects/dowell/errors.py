"""What dowell says no with. Source: contracts/dowell.md, and its seed's framework for what the page leaves open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from switchboard.engine import errors as engine
from switchboard.web import failures as web
from switchboard.web.call import Failure


class WrongData(web.WebFailure):
    """room-control's own answer to fields that cannot be; ``fields`` maps each to its reason."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__("wrong data")
        self.fields = fields


class UnknownRequestType(web.WebFailure):
    """``type`` names no request."""


class Row(NamedTuple):
    """A status and a message in the envelope."""

    status: int
    message: str


BUSY = Row(503, "The service is busy, try again")
CLOSED = Row(409, "Room is not active")
CONFLICT = Row(409, "This contradicts what was done before")
FORBIDDEN = Row(403, "Not allowed")
INVALID = Row(400, "Invalid data")
KEY_REUSED = Row(400, "This Idempotency-Key was used for another request")
NOT_FOUND = Row(404, "Not found")

TABLE: Mapping[type[Exception], Row] = {
    engine.NotFound: NOT_FOUND,
    engine.NotAllowed: FORBIDDEN,
    engine.NotAllowedInPhase: CLOSED,
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
    engine.IdentityTaken: CONFLICT,
    engine.Invalid: INVALID,
    engine.KeyReused: KEY_REUSED,
    engine.WrongCredentials: Row(401, "Wrong credentials"),
    engine.LimitExceeded: Row(429, "Too many requests, try again later"),
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
    web.BodyTooLarge: Row(413, "The request is too large"),
    web.LoginRequired: Row(401, "The organization's key is needed in X-Api-Key"),
    web.TooSlow: BUSY,
    web.Bug: Row(500, "Something went wrong"),
    UnknownRequestType: Row(400, "Invalid request type"),
}
"""By exact class: a new kind of error must be given its row (a test looks)."""

REQUIRED = "This field is required."
"""The seed's framework's own words, which the contract repeats."""


def failure(error: Exception) -> Failure:
    """The answer to an error. Raises: KeyError if it has none."""
    match error:
        case WrongData(fields=fields):
            body = {"success": False, "message": "Posting wrong data to API"}
            return Failure(400, {**body, "error": _listed(fields)})
        case web.UnreadableBody(reason=reason):
            return Failure(400, {"detail": f"JSON parse error - {reason}"})
        case web.WrongMethod(method=method):
            return Failure(405, {"detail": f'Method "{method}" not allowed.'})
        case web.UnsupportedType():
            return Failure(415, {"detail": "Unsupported media type in request."})
    row = TABLE[type(error)]
    answer: dict[str, Any] = {"success": False, "message": row.message}
    match error:
        case engine.Invalid(fields=fields):
            answer["errors"] = _listed(fields)
        case engine.NotFound(what="room"):
            answer["message"] = "Room not found"
        case web.Bug(incident=incident):
            answer["id"] = incident
    return Failure(row.status, answer)


def _listed(fields: Mapping[str, str]) -> dict[str, list[str]]:
    return {name: [_sentence(reason)] for name, reason in fields.items()}


def _sentence(reason: str) -> str:
    """A complaint in the framework's form."""
    return REQUIRED if reason == "is required" else f"This field {reason}."
