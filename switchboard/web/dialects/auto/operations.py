"""auto, described. Source: contracts/auto.md."""

from __future__ import annotations

from typing import get_args

from switchboard.engine.sessions.stream import StreamStatus
from switchboard.web.openapi.operations import Description, Key, Operation
from switchboard.web.openapi.schemas import (
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
    named,
    number,
    or_null,
    record,
    reference,
    text,
    words,
)
from switchboard.web.openapi.sockets import CHANNEL_AUTH, USER_AUTH
from switchboard.web.openapi.subscriptions import FORGOTTEN, PUBLIC_KEY, SUBSCRIPTION

STATUS = choice(*get_args(StreamStatus))
NAME = text(200)

VIDEO_KEYS = {
    "provider": STRING,
    "apiKey": STRING,
    "sessionId": STRING,
    "token": STRING,
    "url": or_null(STRING),
    "authEndpoint": or_null(STRING),
    "iceServers": listed(OPEN),
}

SCHEMAS: dict[str, Schema] = {
    "auto.Vehicle": record({"vin": STRING, "model": STRING, "photo": or_null(STRING)}),
    "auto.Video": record(VIDEO_KEYS),
    "auto.Lead": record(
        {
            "_id": ID,
            "id": ID,
            "stream": or_null(ID),
            "organization": ID,
            **named(
                *("vinId", "sessionId", "email", "firstName", "lastName", "phone", "comment"),
                schema=or_null(STRING),
            ),
            "createdAt": TIME,
        }
    ),
    "auto.Stream": record(
        {
            "_id": ID,
            "id": ID,
            "status": STATUS,
            "organization": ID,
            "vin": STRING,
            "vehicle": or_null(reference("auto.Vehicle")),
            "dealer": or_null(ID),
            "acceptedDealerFullName": or_null(STRING),
            "guestId": or_null(STRING),
            "note": or_null(STRING),
            "duration": or_null(INTEGER),
            "createdAt": TIME,
            "updatedAt": TIME,
            "startedAt": or_null(TIME),
            "stoppedAt": or_null(TIME),
            "lead": or_null(reference("auto.Lead")),
        },
        {
            "video": reference("auto.Video"),
            "viewerToken": STRING,
            "apiKey": STRING,
            "sessionId": STRING,
            "token": STRING,
        },
    ),
    "auto.Account": record(
        {
            "_id": ID,
            "id": ID,
            "email": or_null(STRING),
            "username": or_null(STRING),
            "firstName": STRING,
            "lastName": STRING,
            "organization": or_null(ID),
            "status": choice("active", "pending", "archived"),
            "presence": choice("online", "offline", "busy"),
            "createdAt": TIME,
            "updatedAt": TIME,
        }
    ),
    "auto.ChatMessage": record(
        {
            "_id": ID,
            "id": ID,
            "stream": ID,
            "from": STRING,
            "message": STRING,
            "verified": TRUTH,
            "createdAt": TIME,
        }
    ),
    "auto.Subscription": record(
        {
            "_id": ID,
            "id": ID,
            "account": ID,
            "endpoint": STRING,
            "createdAt": TIME,
            "updatedAt": TIME,
        }
    ),
    "auto.Device": record(
        {
            "_id": ID,
            "id": ID,
            "account": ID,
            **named("deviceAddress", "deviceType", "bundleId", schema=STRING),
            "createdAt": TIME,
            "updatedAt": TIME,
        }
    ),
    "auto.Vin": record(
        {
            "vin": STRING,
            **named(*("make", "model", "country", "manufacturer", "type"), schema=or_null(STRING)),
            "year": or_null(INTEGER),
            "checksumOk": or_null(TRUTH),
        },
        {"photo": or_null(STRING)},
    ),
}

ERROR = record({"status": INTEGER, "code": STRING, "message": STRING}, {"data": OPEN, "id": STRING})


def enveloped(data: Schema, **more: Schema) -> Schema:
    """auto's envelope."""
    return record({"status": exactly(200), "data": data, **more})


STREAM = enveloped(reference("auto.Stream"))
ACCOUNT = enveloped(reference("auto.Account"))
NOTHING = enveloped(record({}))
NAMED = {"email": text(), "username": text()}
PASSWORD = words("correct horse", 1000)

OPERATIONS: dict[Key, Operation] = {
    ("POST", "/auth"): Operation(
        summary="Sign in by password",
        body=form({"password": PASSWORD}, NAMED),
        answer=enveloped(reference("auto.Account"), token=STRING),
    ),
    ("POST", "/auth/register"): Operation(
        summary="Register as a dealer, to be approved",
        body=form(
            {
                "email": words("hoa@example.test"),
                "username": words("hoa", 100),
                "password": text(1000, least=6),
            },
            named("firstName", "lastName", "organizationCode", schema=NAME),
        ),
        answer=ACCOUNT,
    ),
    ("POST", "/auth/changepassword"): Operation(
        summary="Change one's password",
        body=form({"password": PASSWORD, "newpassword": text(1000, least=6)}, NAMED),
        answer=NOTHING,
    ),
    ("POST", "/auth/logout"): Operation(
        summary="Sign out; a live stream is stopped",
        body=form({}, {"deviceAddress": text()}),
        answer=NOTHING,
    ),
    ("POST", "/accounts/status/online"): Operation(summary="Take streams", answer=ACCOUNT),
    ("POST", "/accounts/status/offline"): Operation(summary="Take none", answer=ACCOUNT),
    ("POST", "/ping"): Operation(
        summary="Give a sign of life while streaming",
        body=form({}, {"latitude": number(-90, 90), "longitude": number(-180, 180)}),
        answer=NOTHING,
    ),
    ("POST", "/devices"): Operation(
        summary="Register a phone for pushes",
        body=form(
            {
                "deviceAddress": words("token", 4096),
                "deviceType": choice("ios", "android"),
                "bundleId": words("io.example", 200),
            }
        ),
        answer=enveloped(reference("auto.Device")),
    ),
    ("GET", "/devices/webpush"): Operation(
        summary="The key that browsers subscribe with", answer=enveloped(PUBLIC_KEY)
    ),
    ("POST", "/devices/webpush"): Operation(
        summary="Register a browser for pushes, by its web push subscription",
        body=SUBSCRIPTION,
        answer=enveloped(reference("auto.Subscription")),
    ),
    ("DELETE", "/devices/webpush"): Operation(
        summary="Forget a browser", body=FORGOTTEN, answer=NOTHING
    ),
    ("GET", "/vin/<vin>"): Operation(
        summary="What a vehicle's number says",
        query={"organization": NAME},
        answer=enveloped(reference("auto.Vin")),
    ),
    ("GET", "/streams"): Operation(
        summary="The streams of the dealer's organization, newest first",
        query={
            "status": STATUS,
            "streamIds": ID,
            **named("from", "to", schema=text(40, example="2016-04-12T03:10:12.542Z")),
            "skip": integer(),
            "limit": integer(),
            "sortBy": choice("createdAt"),
            "sortOrder": choice("-1", "1"),
        },
        answer=enveloped(listed(reference("auto.Stream"))),
    ),
    ("POST", "/streams/request/<organization>"): Operation(
        summary="Ask an organization for a live stream of a car",
        body=form(
            {"vin": words("1HGCM82633A004352", 64)}, named("sessionId", "guestId", schema=NAME)
        ),
        answer=STREAM,
        keyed=True,
    ),
    ("POST", "/streams/accept/<stream>"): Operation(
        summary="Accept a stream that was offered", answer=STREAM, keyed=True
    ),
    ("POST", "/streams/stop/<stream>"): Operation(
        summary="Stop a stream", answer=STREAM, keyed=True
    ),
    ("POST", "/streams/note/<stream>"): Operation(
        summary="Write a note about a stream that is over",
        body=form({"note": words("Called back")}),
        answer=STREAM,
        keyed=True,
    ),
    ("GET", "/streams/<stream>"): Operation(
        summary="A stream", query={"viewerToken": text()}, answer=STREAM
    ),
    ("POST", "/leads"): Operation(
        summary="Leave a lead, of a stream or of a car",
        body=form(
            {},
            {
                **named("streamId", "organizationToken", "vinId", "sessionId", schema=NAME),
                **named("email", "firstName", "lastName", "phone", "comment", schema=text()),
            },
        ),
        answer=enveloped(reference("auto.Lead")),
        keyed=True,
    ),
    ("POST", "/socket/auth"): CHANNEL_AUTH,
    ("POST", "/socket/user-auth"): USER_AUTH,
    ("POST", "/chat/<stream>"): Operation(
        summary="Save what a party of a stream wrote",
        body=form({"from": words(most=100), "message": words("Is it red?")}),
        answer=enveloped(reference("auto.ChatMessage")),
        keyed=True,
    ),
    ("GET", "/chat/<stream>"): Operation(
        summary="A stream's chat, ascending",
        query={"start": integer(), "limit": integer()},
        answer=enveloped(listed(reference("auto.ChatMessage"))),
    ),
}

DESCRIPTION = Description(
    name="auto",
    title="auto: dealers' live streams",
    summary="A visitor of a dealer's page asks to be shown a car; a dealer accepts on the phone.",
    operations=OPERATIONS,
    schemas=SCHEMAS,
    error=ERROR,
    error_statuses=(400, 401, 403, 404, 405, 409, 413, 415, 429, 500, 502, 503),
    security={
        "auto": {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`JWT <token>`, also `Bearer <token>`",
        }
    },
)
