"""dowell, described. Source: contracts/dowell.md."""

from __future__ import annotations

from switchboard.web.openapi.operations import Description, Key, Operation
from switchboard.web.openapi.schemas import (
    ANYTHING,
    ID,
    INTEGER,
    OPEN,
    STRING,
    TIME,
    TRUTH,
    Schema,
    choice,
    exactly,
    form,
    integer,
    listed,
    or_null,
    record,
    reference,
    text,
    words,
)
from switchboard.web.openapi.sockets import CHANNEL_AUTH

NAME = words(most=200)
TYPE = choice("create_message", "get_messages", "get_room_by_id", "delete_room")

ROOM = {
    "_id": ID,
    "eventId": STRING,
    "user_id": STRING,
    "org_id": STRING,
    "portfolio_name": STRING,
    "room_room_id": STRING,
    "product_name": STRING,
    "message_data": ANYTHING,
    "is_active": TRUTH,
}
MESSAGE = ROOM | {
    "side": TRUTH,
    "author": or_null(STRING),
    "auther": or_null(STRING),
    "message_type": STRING,
    "read": TRUTH,
    "room_id": ID,
    "created_at": TIME,
}

SCHEMAS: dict[str, Schema] = {
    "dowell.Room": record(ROOM),
    "dowell.Message": record(MESSAGE),
    "dowell.ListedRoom": record(
        ROOM
        | {
            "room_id": ID,
            "last_message": or_null(reference("dowell.Message")),
            "unread_count": INTEGER,
            "created_at": TIME,
            "updated_at": TIME,
        }
    ),
}

ERROR: Schema = {
    "anyOf": [
        record(
            {"success": exactly(False), "message": STRING},
            {"errors": OPEN, "error": OPEN, "id": STRING},
        ),
        record({"detail": STRING}),
    ]
}

MESSAGES = listed(reference("dowell.Message"))

SERVICE: Schema = {
    "anyOf": [
        record(
            {
                "success": exactly(True),
                "message": STRING,
                "response": record({"isSuccess": exactly(True)}, {"inserted_id": ID}),
            }
        ),
        record(
            {
                "success": exactly(True),
                "message": STRING,
                "response": listed({"anyOf": [record(MESSAGE), record(ROOM)]}),
            }
        ),
        record({"isSuccess": exactly(True), "data": MESSAGES}),
    ]
}

FIELDS = {
    "room_id": text(),
    "message_data": text(),
    "side": TRUTH,
    "auther": text(200),
    "author": text(200),
    "message_type": text(200),
    "is_active": TRUTH,
    "start": integer(),
    "limit": integer(),
    "envelope": choice("legacy"),
}

ROOMS = listed(reference("dowell.ListedRoom"))

OPERATIONS: dict[Key, Operation] = {
    ("POST", "/api/v2/room-control"): Operation(
        summary="Find or make a visitor's room",
        body=form(
            {
                "user_id": NAME,
                "org_id": words("DOWELL12345", 200),
                "portfolio_name": NAME,
                "product_name": words("WIFIQRCODE", 200),
            }
        ),
        answer=record(
            {
                "success": exactly(True),
                "message": STRING,
                "inserted_id": ID,
                "response": reference("dowell.Room"),
            }
        ),
    ),
    ("GET", "/api/v2/room-service"): Operation(
        summary="Messages of a room, or the room", query={"type": TYPE, **FIELDS}, answer=SERVICE
    ),
    ("POST", "/api/v2/room-service"): Operation(
        summary="Write into a room, or anything else that `type` names",
        body=form({"type": TYPE}, FIELDS | {"message_data": ANYTHING}),
        answer=SERVICE,
        keyed=True,
    ),
    ("DELETE", "/api/v2/room-service"): Operation(
        summary="Close a room", query={"type": TYPE, **FIELDS}, answer=SERVICE
    ),
    ("POST", "/api/v2/socket/auth"): CHANNEL_AUTH,
    ("GET", "/api/v2/room-list"): Operation(
        summary="The rooms of an organization's product, for its staff",
        query={
            "org_id": NAME,
            "product_name": NAME,
            "start": integer(),
            "limit": integer(),
        },
        answer=record({"success": exactly(True), "rooms": ROOMS, "response": ROOMS}),
    ),
}

DESCRIPTION = Description(
    name="dowell",
    title="dowell: a chat widget per product",
    summary="A visitor of a product's page opens a room; the organization's staff answer.",
    operations=OPERATIONS,
    schemas=SCHEMAS,
    error=ERROR,
    error_statuses=(400, 401, 403, 404, 405, 409, 413, 415, 429, 500, 503),
    security={"dowell": {"type": "apiKey", "in": "header", "name": "X-Api-Key"}},
)
