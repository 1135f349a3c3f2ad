"""What dropin says no with: one table, and the data that some rows carry.

Source: contracts/dropin.md, the code table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from switchboard.engine import errors as engine
from switchboard.web import failures as web
from switchboard.web.call import Failure


class Row(NamedTuple):
    """One line of the contract's table."""

    status: int
    code: str
    message: str


VALIDATION = Row(400, "E_VALIDATION", "Fields have not been properly populated.")
BAD_REQUEST = Row(400, "E_BAD_REQUEST", "The request cannot be read.")
KEY_REUSED = Row(400, "E_BAD_REQUEST", "This Idempotency-Key was used for another request.")
WRONG_CODE = Row(400, "E_BAD_REQUEST", "The code is wrong or has expired.")
EXISTS = Row(
    400, "E_EMAIL_PHONE_EXIST", "Looks like you already have an account. Log in to continue."
)
LOGIN = Row(401, "E_LOGIN_REQUIRED", "Login required.")
FORBIDDEN = Row(403, "E_FORBIDDEN", "This action is not allowed.")
RATING = Row(403, "E_RATING_REQUIRED", "Rate your last gig to continue.")
NOT_FOUND = Row(404, "E_NOT_FOUND", "Criteria not found.")
NOBODY_NEAR = Row(404, "E_DROPERATORS_NOT_FOUND", "No droperators found to service area.")
USER_NOT_FOUND = Row(404, "E_USER_NOT_FOUND", "User not found.")
METHOD = Row(405, "E_METHOD", "This method is not allowed here.")
CONFLICT = Row(409, "E_CONFLICT", "State transition is invalid.")
UNDERWAY = Row(409, "E_PROCESS_UNDERWAY", "A similar process is already active.")
TOO_LARGE = Row(413, "E_TOO_LARGE", "The request is too large.")
UNSUPPORTED = Row(415, "E_UNSUPPORTED_TYPE", "This content type is not supported.")
TOO_MANY = Row(429, "E_TOO_MANY", "Too many requests. Try again later.")
SERVER_ERROR = Row(500, "E_SERVER_ERROR", "Something went wrong.")
VIDEO = Row(502, "E_VIDEO_FAILED", "Video is not available.")
BUSY = Row(503, "E_BUSY", "The service is busy. Try again.")

TABLE: Mapping[type[Exception], Row] = {
    engine.NotFound: NOT_FOUND,
    engine.NotAllowed: FORBIDDEN,
    engine.NotAllowedInPhase: CONFLICT,
    engine.Conflict: CONFLICT,
    engine.RoomHeld: CONFLICT,
    engine.RoomExists: CONFLICT,
    engine.Engaged: UNDERWAY,
    engine.RatingRequired: RATING,
    engine.NoOperatorsNearby: NOBODY_NEAR,
    engine.NoDealers: NOT_FOUND,
    engine.NobodyAvailable: NOT_FOUND,
    engine.OrganizationDisabled: FORBIDDEN,
    engine.AlreadyRequested: UNDERWAY,
    engine.TakenByAnother: CONFLICT,
    engine.NotOnline: FORBIDDEN,
    engine.IdentityTaken: EXISTS,
    engine.Invalid: VALIDATION,
    engine.KeyReused: KEY_REUSED,
    engine.WrongCredentials: WRONG_CODE,
    engine.LimitExceeded: TOO_MANY,
    engine.MailboxFull: BUSY,
    engine.CommitQueueFull: BUSY,
    engine.Quarantined: BUSY,
    engine.StoreDown: BUSY,
    engine.CommitUnknown: BUSY,
    engine.NotOwner: BUSY,
    engine.Expired: BUSY,
    engine.Stopping: BUSY,
    engine.VideoUnavailable: VIDEO,
    engine.VideoRefused: VIDEO,
    web.UnknownPath: NOT_FOUND,
    web.WrongMethod: METHOD,
    web.BodyTooLarge: TOO_LARGE,
    web.UnreadableBody: BAD_REQUEST,
    web.UnsupportedType: UNSUPPORTED,
    web.LoginRequired: LOGIN,
    web.TooSlow: BUSY,
    web.Bug: SERVER_ERROR,
}
"""By exact class: a new kind of error must be given its row (a test looks)."""


def failure(error: Exception) -> Failure:
    """The answer to an error. Raises: KeyError if the table has no row for it."""
    row = TABLE[type(error)]
    if isinstance(error, engine.NotFound) and error.what == "account":
        row = USER_NOT_FOUND
    entry: dict[str, Any] = {"code": row.code, "message": row.message}
    data = _data(error)
    if data is not None:
        entry["data"] = data
    return Failure(row.status, [entry])


def _data(error: Exception) -> dict[str, Any] | None:
    match error:
        case engine.Invalid(fields=fields):
            return dict(fields)
        case engine.NotAllowedInPhase(phase=phase):
            return {"status": phase}
        case engine.Engaged(session=gig) | engine.RatingRequired(gig=gig):
            return {"gig": gig}
        case engine.IdentityTaken(field=field):
            return {field: "is taken"}
        case web.UnreadableBody(reason=reason):
            return {"body": reason}
        case web.Bug(incident=incident):
            return {"id": incident}
        case _:
            return None
