"""company, described. Source: contracts/company.md."""

from __future__ import annotations

from switchboard.web.openapi.operations import Description, Key, Operation
from switchboard.web.openapi.schemas import (
    INTEGER,
    NULL,
    STRING,
    Schema,
    form,
    integer,
    listed,
    or_null,
    page,
    record,
    reference,
    text,
    words,
)

NUMBER = integer(0, 2**53 - 1)
PASSWORD = text(1000, least=6)
DATE: Schema = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$"}

SCHEMAS: dict[str, Schema] = {
    "company.User": record(
        {
            "subname": STRING,
            "password": or_null(STRING),
            "name": STRING,
            "job": or_null(STRING),
            "id": INTEGER,
            "email": STRING,
        }
    ),
    "company.Conversation": record(
        {"status": NULL, "id": INTEGER, "sender_id": INTEGER, "recipient_id": INTEGER}
    ),
    "company.Message": record(
        {
            "id": INTEGER,
            "sender": INTEGER,
            "sender_id": INTEGER,
            "conversation": INTEGER,
            "conversation_id": INTEGER,
            "content": STRING,
            "date": DATE,
        }
    ),
}

ERROR: Schema = {
    "anyOf": [
        record({"message": STRING}, {"id": STRING}),
        record({"errors": {"type": "object", "additionalProperties": listed(STRING)}}),
        record({"error": STRING}),
        record({"data": STRING}),
        record({"status": INTEGER}),
    ]
}

NAME = words(most=200)
USER = {"name": NAME, "subname": NAME, "email": words("john@mail.com", 200), "job": NAME}
CREDENTIALS = {"email": words("john@mail.com"), "password": words(most=1000)}

OPERATIONS: dict[Key, Operation] = {
    ("POST", "/api/login"): Operation(
        summary="Log in",
        body=form({"creds": form(CREDENTIALS)}),
        answer=record(
            {
                "data": record(
                    {"user": reference("company.User"), "token": STRING, "expire": INTEGER}
                )
            }
        ),
    ),
    ("DELETE", "/api/logout"): Operation(summary="Log out", answer=record({"data": STRING})),
    ("POST", "/api/users"): Operation(
        summary="Register; the password is shown this once",
        body=form({"user": form(USER, {"password": PASSWORD})}),
        answer=reference("company.User"),
        statuses=(201,),
    ),
    ("GET", "/api/users"): Operation(
        summary="Everybody, who changed last first",
        query=page("start"),
        answer=listed(reference("company.User")),
    ),
    ("PUT", "/api/users/<user>"): Operation(
        summary="Change one's own password", body=form({"password": PASSWORD}), answer=STRING
    ),
    ("POST", "/api/users/upload"): Operation(
        summary="Upload an image",
        file="image",
        answer=record({"image": record({"file_name": STRING, "url": STRING})}),
    ),
    ("GET", "/api/users/upload/<upload>"): Operation(summary="An image", content="image/*"),
    ("POST", "/api/conversations"): Operation(
        summary="Begin a conversation, or find it",
        body=form({"recipient_id": NUMBER}),
        answer=reference("company.Conversation"),
        statuses=(200, 201),
    ),
    ("GET", "/api/conversations"): Operation(
        summary="One's conversations",
        query=page("start"),
        answer=listed(reference("company.Conversation")),
    ),
    ("GET", "/api/messages"): Operation(
        summary="What was said in a conversation, ascending",
        query={"conv": NUMBER, **page("start")},
        answer=listed(reference("company.Message")),
    ),
    ("POST", "/api/messages"): Operation(
        summary="Say something",
        body=form({"conversation_id": NUMBER, "content": words("hello")}),
        answer=reference("company.Message"),
        statuses=(201,),
        keyed=True,
    ),
    ("GET", "/socket/longpoll"): Operation(
        summary="Poll a session of Phoenix channels, or begin one",
        query={"token": STRING, "vsn": STRING},
        answer=record({"status": INTEGER, "token": STRING, "messages": listed(STRING)}),
    ),
    ("POST", "/socket/longpoll"): Operation(
        summary="Publish to a session of Phoenix channels, a message a line",
        query={"token": STRING},
        sends="application/x-ndjson",
        answer=record({"status": INTEGER}),
    ),
}

DESCRIPTION = Description(
    name="company",
    title="company: conversations between colleagues",
    summary="People with numbers, conversations of two, messages.",
    operations=OPERATIONS,
    schemas=SCHEMAS,
    error=ERROR,
    error_statuses=(400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 500, 503),
    security={"company": {"type": "http", "scheme": "bearer"}},
)
