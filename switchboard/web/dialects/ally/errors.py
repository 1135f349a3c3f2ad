"""What ally says no with. Source: contracts/ally.md, 'Errors'.

The documents' own codes are answered with 400; outside those the code is 2000 and the HTTP status.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from switchboard.engine import errors as engine
from switchboard.web import failures as web
from switchboard.web.call import Failure


class MissingAuthToken(web.WebFailure):
    """The app's clients must bring an ``auth_token``."""


class InvalidAuthToken(web.WebFailure):
    """The ``auth_token`` is not the app's word for that alias, or is over."""


class UnknownApp(web.WebFailure):
    """There is no such app."""


class MissingAlias(web.WebFailure):
    """No alias is given."""


class CannotRegister(web.WebFailure):
    """The alias cannot be a client's; ``reason`` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class WrongAlias(web.WebFailure):
    """No client has that alias."""


class UnsupportedTag(web.WebFailure):
    """The tag is empty or malformed."""


class InvalidId(web.WebFailure):
    """What should be an id is none."""


class UnsupportedFile(web.WebFailure):
    """The file is no image that browsers show."""


class BankLoginRequired(web.WebFailure):
    """The bank's calls are made with HTTP Basic."""


class Row(NamedTuple):
    """A status, a code and a message."""

    status: int
    code: int
    message: str


def _plain(status: int, message: str) -> Row:
    return Row(status, 2000 + status, message)


BUSY = _plain(503, "The service is busy, try again")
CONFLICT = _plain(409, "This contradicts what was done before")
FORBIDDEN = _plain(403, "Not allowed")
NOT_FOUND = _plain(404, "Not found")

TABLE: Mapping[type[Exception], Row] = {
    MissingAuthToken: Row(400, 1011, "Missing auth_token"),
    InvalidAuthToken: Row(400, 1012, "Invalid or expired auth_token"),
    UnknownApp: Row(400, 1020, "Unknown app_id"),
    MissingAlias: Row(400, 1030, "Missing alias"),
    WrongAlias: Row(400, 1032, "Wrong alias, you should register user first"),
    UnsupportedFile: Row(400, 1100, "Unsupported Content-Type: an image is needed"),
    UnsupportedTag: Row(400, 1070, "Unsupported tag"),
    InvalidId: Row(400, 1110, "Invalid id"),
    engine.NotFound: NOT_FOUND,
    engine.NotAllowed: FORBIDDEN,
    engine.NotAllowedInPhase: CONFLICT,
    engine.Conflict: CONFLICT,
    engine.Engaged: CONFLICT,
    engine.RoomExists: CONFLICT,
    engine.RatingRequired: FORBIDDEN,
    engine.NoOperatorsNearby: NOT_FOUND,
    engine.NoDealers: NOT_FOUND,
    engine.NobodyAvailable: NOT_FOUND,
    engine.OrganizationDisabled: FORBIDDEN,
    engine.AlreadyRequested: CONFLICT,
    engine.TakenByAnother: CONFLICT,
    engine.NotOnline: FORBIDDEN,
    engine.KeyReused: _plain(400, "This Idempotency-Key was used for another request"),
    engine.WrongCredentials: _plain(401, "Wrong login or password"),
    engine.LimitExceeded: _plain(429, "Too many requests, try again later"),
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
    web.WrongMethod: _plain(405, "Method not allowed"),
    web.BodyTooLarge: _plain(413, "The request is too large"),
    web.UnsupportedType: _plain(415, "Unsupported Content-Type"),
    web.TooSlow: BUSY,
}
"""By exact class: a new kind of error must be given its row (a test looks)."""

FIELDS = {"username": "login"}
"""Our names of identities in ally's words."""

NOTHING_SAID = "or file is required"
"""What the engine says of a message with nothing in it."""

MISSING_TOKEN = Row(400, 1001, "Missing token")
INVALID_TOKEN = Row(400, 1002, "Invalid or expired token")


def failure(error: Exception) -> Failure:
    """The answer to an error. Raises: KeyError if it has none."""
    match error:
        case engine.Invalid(fields=fields):
            return _answer(_invalid(fields))
        case engine.RoomHeld(holder=holder):
            return _answer(_plain(409, "The room is active for another operator"), holder=holder)
        case engine.IdentityTaken(field=field):
            return _answer(_plain(409, f"This {FIELDS.get(field, field)} is taken"))
        case web.LoginRequired(why=why):
            return _answer(MISSING_TOKEN if why == "missing" else INVALID_TOKEN)
        case web.UnreadableBody(reason=reason):
            return _answer(_plain(400, f"The request's body {reason}"))
        case web.Bug(incident=incident):
            return _answer(_plain(500, "Something went wrong"), id=incident)
        case CannotRegister(reason=reason):
            return _answer(Row(400, 1031, f"Can not register user: {reason}"))
        case BankLoginRequired():
            challenge = {"WWW-Authenticate": 'Basic realm="support", charset="UTF-8"'}
            return _answer(_plain(401, "Login required"))._replace(headers=challenge)
    return _answer(TABLE[type(error)])


def _invalid(fields: Mapping[str, str]) -> Row:
    fields = {FIELDS.get(name, name): reason for name, reason in fields.items()}
    missing = [name for name, reason in fields.items() if reason == "is required"]
    if missing:
        return Row(400, 1040, f"Missing field {', '.join(missing)}")
    named = "; ".join(f"{name} {reason}" for name, reason in fields.items())
    if fields.get("message") == NOTHING_SAID:
        return Row(400, 1040, f"Missing field {named}")
    return _plain(400, f"Invalid field: {named}")


def _answer(row: Row, **more: str) -> Failure:
    return Failure(row.status, {"error": {"code": row.code, "message": row.message, **more}})
