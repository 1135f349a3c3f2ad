"""What auto says no with: one table. Source: contracts/auto.md, 'Codes'."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from switchboard.engine import errors as engine
from switchboard.web import failures as web
from switchboard.web.call import Failure


class PasswordTooShort(web.WebFailure):
    """A password of five characters or less."""


class InvalidPlatform(web.WebFailure):
    """The login's platform is neither of the two."""


class UnknownOrganization(web.WebFailure):
    """No organization has this code."""


class CannotCreateLead(web.WebFailure):
    """Neither a stream nor an organization with a vehicle was named."""


class Row(NamedTuple):
    """One code; the message None is the error's own."""

    status: int
    code: str
    message: str | None


VALIDATION = Row(400, "ERROR_VALIDATION", None)
UNREADABLE = Row(400, "ERROR_VALIDATION", "The request cannot be read")
KEY_REUSED = Row(400, "ERROR_VALIDATION", "Idempotency-Key: was used for another request")
CREDENTIALS = Row(400, "ERROR_INVALID_CREDENTIALS", "Invalid credentials provided")
DUPLICATION = Row(400, "ERROR_DUPLICATION", "This email or username is/are already in use")
PASSWORD = Row(400, "ERROR_PASSWORD_LENGTH", "Password length must be more than 5")
PLATFORM = Row(403, "ERROR_INVALID_PLATFORM", "This platform is not supported")
ORGANIZATION = Row(400, "ERROR_TOKEN_INVALID", "This token does not exist")
ACTION = Row(
    400,
    "ERROR_ACTION_STREAM_INVALID",
    "This action cannot be performed on this stream or this stream does not exist",
)
BUSY_DEALER = Row(
    400,
    "ERROR_BUSY_DEALER",
    "This dealer must stop his/her current stream before accepting a new one",
)
STREAM_ID = Row(400, "ERROR_INVALID_STREAMID", "This streamId does not exist")
ON_THE_WAY = Row(400, "ERROR_STREAM_IS_ON_THE_WAY", "This stream is not available anymore")
OFFLINE_DEALER = Row(400, "ERROR_OFFLINE_DEALER", "This dealer is offline")
NOT_AVAILABLE = Row(400, "ERROR_ORGANIZATION_NOT_AVAILABLE", "This organization is not available")
DEALER_NOT_FOUND = Row(
    400, "ERROR_DEALER_NOT_FOUND", "No available dealer found for this organization"
)
LEAD = Row(400, "ERROR_CANNOT_CREATE_LEAD", "The information is not enough for creating lead")
NO_DEALER = Row(400, "ERROR_NO_ONLINE_DEALER", "No dealer of this organization is online")
UNAUTHORIZED = Row(401, "ERROR_UNAUTHORIZED", "A valid token is required")
FORBIDDEN = Row(403, "ERROR_FORBIDDEN", "This action is not allowed")
NOT_FOUND = Row(404, "ERROR_NOT_FOUND", "Not found")
METHOD = Row(405, "ERROR_METHOD", "This method is not allowed here")
TOO_LARGE = Row(413, "ERROR_TOO_LARGE", "The request is too large")
UNSUPPORTED = Row(415, "ERROR_UNSUPPORTED_TYPE", "This content type is not supported")
TOO_MANY = Row(429, "ERROR_TOO_MANY", "Too many requests, try again later")
INTERNAL = Row(500, "ERROR_INTERNAL", None)
VIDEO = Row(502, "ERROR_VIDEO_SESSION", "Video is not available")
BUSY = Row(503, "ERROR_BUSY", "The service is busy, try again")

TABLE: Mapping[type[Exception], Row] = {
    engine.NotFound: NOT_FOUND,
    engine.NotAllowed: FORBIDDEN,
    engine.NotAllowedInPhase: ACTION,
    engine.Conflict: ACTION,
    engine.RoomHeld: ACTION,
    engine.RoomExists: ACTION,
    engine.Engaged: BUSY_DEALER,
    engine.RatingRequired: FORBIDDEN,
    engine.NoOperatorsNearby: NO_DEALER,
    engine.NoDealers: DEALER_NOT_FOUND,
    engine.NobodyAvailable: NO_DEALER,
    engine.OrganizationDisabled: NOT_AVAILABLE,
    engine.AlreadyRequested: ACTION,
    engine.TakenByAnother: ON_THE_WAY,
    engine.NotOnline: OFFLINE_DEALER,
    engine.IdentityTaken: DUPLICATION,
    engine.Invalid: VALIDATION,
    engine.KeyReused: KEY_REUSED,
    engine.WrongCredentials: CREDENTIALS,
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
    web.UnreadableBody: UNREADABLE,
    web.UnsupportedType: UNSUPPORTED,
    web.LoginRequired: UNAUTHORIZED,
    web.TooSlow: BUSY,
    web.Bug: INTERNAL,
    PasswordTooShort: PASSWORD,
    InvalidPlatform: PLATFORM,
    UnknownOrganization: ORGANIZATION,
    CannotCreateLead: LEAD,
}
"""By exact class: a new kind of error must be given its row (a test looks)."""


NOT_THERE: Mapping[str, Row] = {"stream": STREAM_ID, "organization": ORGANIZATION}
"""What is not found -> its own code, where the contract has one."""


def failure(error: Exception) -> Failure:
    """The answer to an error. Raises: KeyError if the table has no row for it."""
    row = TABLE[type(error)]
    if type(error) is engine.NotFound:
        row = NOT_THERE.get(error.what, row)
    status, code, message = row
    body: dict[str, Any] = {
        "status": status,
        "code": code,
        "message": str(error) if message is None else message,
    }
    if isinstance(error, engine.NobodyAvailable):
        # The page shows it to its visitor, who may leave a lead for it.
        body["data"] = {"_id": error.session}
    return Failure(status, body)
