"""ally, described. Source: contracts/ally.md."""

from __future__ import annotations

from switchboard.web.openapi.operations import Description, Key, Operation
from switchboard.web.openapi.schemas import (
    ID,
    INTEGER,
    NUMBER,
    STRING,
    TRUTH,
    Schema,
    choice,
    form,
    integer,
    listed,
    named,
    number,
    or_null,
    page,
    record,
    reference,
    text,
    words,
)

NAME = text(200)
MAYBE = or_null(STRING)
WHEN = or_null(NUMBER)
URL: Schema = {"type": "string", "maxLength": 2000, "pattern": "^https?://", "format": "uri"}
ALIAS = words("AFAMJ7", 200)
LOGIN = words("admin", 100)

DEVICE = named(
    *("os_version", "device_type", "app_version", "tzoffset", "geolocation"), schema=MAYBE
)
KNOWN = {"id": ID, "alias": MAYBE, "name": MAYBE, "avatar_url": MAYBE}
OPERATOR = {
    **DEVICE,
    "is_admin": TRUTH,
    "is_operator": TRUTH,
    "id": ID,
    "alias": MAYBE,
    "avatar_url": MAYBE,
    "login": MAYBE,
}
SAID = reference("ally.Message")
ISSUE = {
    "id": ID,
    "room": ID,
    "is_open": TRUTH,
    "tags": listed(STRING),
    "created_at": NUMBER,
    "answered_at": WHEN,
    "closed_at": WHEN,
    "closed_by": MAYBE,
    "first_message": or_null(SAID),
    "last_message": or_null(SAID),
}

SCHEMAS: dict[str, Schema] = {
    "ally.Message": record(
        {
            "room": ID,
            "created_at": NUMBER,
            "file": MAYBE,
            "message": MAYBE,
            "issue": or_null(ID),
            "id": ID,
            "sender": ID,
        }
    ),
    "ally.Issue": record(ISSUE, {"position": INTEGER}),
    "ally.Room": record(
        {
            "id": ID,
            "status": integer(0, 1),
            "is_support": TRUTH,
            "users": listed(record({"id": ID})),
            "tags": listed(STRING),
            "first_message": or_null(SAID),
            "last_message": or_null(SAID),
            "last_issue": or_null(reference("ally.Issue")),
            "active_operator": or_null(ID),
        },
        {"last_read_message_id": ID},
    ),
    "ally.Operator": record(OPERATOR),
    "ally.User": record(OPERATOR | KNOWN),
    "ally.KnownUser": record(KNOWN),
}

ERROR = record(
    {"error": record({"code": INTEGER, "message": STRING}, {"holder": ID, "id": STRING})}
)

TOKEN = record({"token": STRING})
ROOM = reference("ally.Room")
ROOMS = record({"rooms": listed(ROOM)})
USER: Schema = {"anyOf": [reference("ally.User"), reference("ally.KnownUser")]}
PROFILE = {**named("name", "parse_id", *DEVICE, schema=NAME), "avatar_url": URL}
STAFF = {"password": words(most=1000), "is_admin": TRUTH, "alias": ALIAS, "avatar_url": URL}
DAY = text(40, example="2015-06-04")


def tag_operation(summary: str, *, removes: bool = False) -> Operation:
    """Adds or removes a tag; a DELETE says it in the query."""
    fields = {"tag": words("concierge", 100)}
    if removes:
        return Operation(summary=summary, query=fields, answer=ROOM)
    return Operation(summary=summary, body=form(fields), answer=ROOM)


OPERATIONS: dict[Key, Operation] = {
    ("POST", "/api/auth"): Operation(
        summary="Sign in as an operator or administrator",
        body=form({"login": words("admin", 200), "password": words(most=1000)}),
        answer=TOKEN,
    ),
    ("POST", "/api/token"): Operation(
        summary="Sign in as a client",
        body=form({"alias": ALIAS}, {"app_id": NAME, "auth_token": text(2000)}),
        answer=TOKEN,
    ),
    ("POST", "/api/token/update"): Operation(summary="Another token", answer=TOKEN),
    ("POST", "/api/user/register"): Operation(
        summary="Register a client; its support room is made",
        body=form({"alias": ALIAS}, {"app_id": NAME, **PROFILE}),
        answer=reference("ally.KnownUser"),
    ),
    ("GET", "/api/users"): Operation(
        summary="Users by alias or id",
        query={"alias": NAME, "id": ID, **page("offset")},
        answer=record(
            {
                "users": listed(record({"alias": MAYBE, "id": ID}, {"avatar_url": STRING})),
                "count": INTEGER,
            }
        ),
    ),
    ("GET", "/api/user/<user>"): Operation(summary="A user, by id or alias", answer=USER),
    ("POST", "/api/user/<user>"): Operation(
        summary="Change a profile", body=form({}, PROFILE), answer=reference("ally.User")
    ),
    ("GET", "/api/user/<user>/rooms"): Operation(
        summary="A user's rooms, the newest activity first", query=page("offset"), answer=ROOMS
    ),
    ("POST", "/api/user/<user>/rooms"): Operation(
        summary="The room with another user", body=form({"user": ALIAS}), answer=ROOM
    ),
    ("POST", "/api/user/<user>/devices"): Operation(
        summary="Register a phone for pushes",
        body=form({"device_token": words("token", 4096), "device_type": choice("ios", "android")}),
        answer=record({"id": ID, "device_token": STRING, "device_type": STRING}),
    ),
    ("GET", "/api/user/<user>/user_rooms"): Operation(
        summary="How far a user has read its rooms",
        query=page("offset"),
        answer=record(
            {
                "user_rooms": listed(
                    record({"user_id": ID, "room_id": ID, "id": ID, "last_read_message_id": MAYBE})
                )
            }
        ),
    ),
    ("GET", "/api/user/<user>/active_rooms"): Operation(
        summary="The rooms that an operator holds", query=page("offset"), answer=ROOMS
    ),
    ("GET", "/api/me"): Operation(summary="Oneself", answer=reference("ally.User")),
    ("GET", "/api/room/<room>"): Operation(summary="A room", answer=ROOM),
    ("PUT", "/api/room/<room>/active"): Operation(summary="Take a room", answer=ROOM),
    ("DELETE", "/api/room/<room>/active"): Operation(
        summary="Free a room, closing its issue unless `close=0`",
        query={"close": choice("0", "1")},
        answer=ROOM,
    ),
    ("GET", "/api/room/<room>/messages"): Operation(
        summary="A room's messages, ascending",
        query={
            "limit": integer(),
            "last_read_message": ID,
            "show": choice("old", "new"),
        },
        answer=record({"messages": listed(SAID)}),
    ),
    ("POST", "/api/room/<room>/tags"): tag_operation("Tag a room"),
    ("POST", "/api/room/<room>/tag"): tag_operation("Tag a room"),
    ("DELETE", "/api/room/<room>/tag"): tag_operation("Untag a room", removes=True),
    ("DELETE", "/api/room/<room>/tags"): tag_operation("Untag a room", removes=True),
    ("POST", "/api/upload"): Operation(
        summary="Upload an image", file="file", answer=record({"file": STRING})
    ),
    ("GET", "/api/upload/<upload>"): Operation(summary="An image", content="image/*"),
    ("GET", "/api/messages"): Operation(
        summary="Messages by id", query={"id": ID}, answer=record({"messages": listed(SAID)})
    ),
    ("GET", "/api/message/<message>"): Operation(summary="A message", answer=SAID),
    ("PUT", "/api/message/<message>/read"): Operation(
        summary="Say that one has read up to a message", content="text/html"
    ),
    ("GET", "/api/issue/<issue>"): Operation(summary="An issue", answer=reference("ally.Issue")),
    ("POST", "/api/issue/<issue>/close"): Operation(
        summary="Close an issue", answer=reference("ally.Issue")
    ),
    ("GET", "/api/issue/<issue>/answers"): Operation(
        summary="What was answered to similar questions, best first",
        query={"limit": integer()},
        answer=record(
            {
                "answers": listed(
                    record(
                        {
                            "message": STRING,
                            "issue": ID,
                            "room": ID,
                            "question": MAYBE,
                            "score": number(0, 1),
                        }
                    )
                )
            }
        ),
    ),
    ("GET", "/api/issues/stats"): Operation(
        summary="Issues by day",
        query={
            "tag": NAME,
            "closed_by": NAME,
            "is_open": choice("0", "1"),
            "from": DAY,
            "to": DAY,
        },
        answer=record(
            {
                "stats": listed(
                    record(
                        {
                            "date": STRING,
                            **named("count", "opened", "closed", schema=INTEGER),
                            "answered_in_seconds_median": WHEN,
                        }
                    )
                )
            }
        ),
    ),
    ("GET", "/api/issues"): Operation(
        summary="The queue, the longest waiting first",
        query={"is_open": choice("0", "1"), "tag": NAME, **page("offset")},
        answer=record({"issues": listed(reference("ally.Issue")), "count": INTEGER}),
    ),
    ("GET", "/api/time"): Operation(summary="The server's time", answer=record({"time": NUMBER})),
    ("GET", "/api/operators"): Operation(
        summary="The desk", answer=record({"operators": listed(reference("ally.Operator"))})
    ),
    ("POST", "/api/operator"): Operation(
        summary="Add an operator",
        body=form({"login": LOGIN, "password": words(most=1000)}, STAFF),
        answer=reference("ally.Operator"),
    ),
    ("GET", "/api/operator/<operator>"): Operation(
        summary="An operator", answer=reference("ally.Operator")
    ),
    ("POST", "/api/operator/<operator>"): Operation(
        summary="Change an operator",
        body=form({}, {"login": LOGIN, **STAFF}),
        answer=reference("ally.Operator"),
    ),
    ("DELETE", "/api/operator/<operator>"): Operation(
        summary="Remove an operator", answer=reference("ally.Operator")
    ),
    ("GET", "/api/tags"): Operation(
        summary="The app's tags", answer=record({"tags": listed(record({"tag": STRING}))})
    ),
    ("GET", "/AlfaSense/support/phone/<phone>/alias"): Operation(
        summary="A bank's customer by phone", answer=record({"alias": STRING})
    ),
    ("GET", "/AlfaSense/support/alias/<alias>/customer"): Operation(
        summary="A bank's customer by alias", answer=record({"phone": STRING, "fio": STRING})
    ),
}

DESCRIPTION = Description(
    name="ally",
    title="ally: a support desk",
    summary="Clients chat with support; operators take rooms, answer, tag and close issues.",
    operations=OPERATIONS,
    schemas=SCHEMAS,
    error=ERROR,
    error_statuses=(400, 401, 403, 404, 405, 409, 413, 415, 429, 500, 503),
    security={
        "ally": {"type": "apiKey", "in": "query", "name": "token"},
        "allyHeader": {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Token <jwt>`; the bank's calls: HTTP Basic",
        },
    },
)
