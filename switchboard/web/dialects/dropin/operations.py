"""dropin, described: accounts, presence, uploads, pushes. The gigs are in ``gig_operations.py``.

Source: contracts/dropin.md.
"""

from __future__ import annotations

from switchboard.web.dialects.dropin.gig_operations import GIG_OPERATIONS, GIG_SCHEMAS
from switchboard.web.openapi.operations import Description, Key, Operation
from switchboard.web.openapi.schemas import (
    ANYTHING,
    ID,
    INTEGER,
    NUMBER,
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

NAME = text(200)

IDENTITY = record(
    {
        "type": choice("email", "phone", "username"),
        "value": STRING,
        "status": choice("verified", "unverified"),
        "createdAt": TIME,
        "updatedAt": TIME,
        "id": ID,
    }
)

ACCOUNT = {
    "identities": listed(IDENTITY),
    "firstName": STRING,
    "lastName": STRING,
    "archive": TRUTH,
    "status": choice("active", "archived"),
    "type": STRING,
    "referralRate": INTEGER,
    "referralCode": STRING,
    "createdAt": TIME,
    "updatedAt": TIME,
    "id": ID,
    "operatorRating": NUMBER,
    "customerRating": NUMBER,
    "profileImage": or_null(STRING),
    "operator": or_null(record({"status": choice("pending", "approved")})),
    "organization": or_null(ID),
}

SCHEMAS: dict[str, Schema] = {
    **GIG_SCHEMAS,
    "dropin.Account": record(ACCOUNT),
    "dropin.Ticket": record(
        {
            "id": ID,
            "account": or_null(ID),
            "attempts": INTEGER,
            "status": choice("pending", "verified", "failed"),
            "expiresOn": TIME,
        }
    ),
    "dropin.Subscription": record(
        {
            "id": ID,
            "account": ID,
            "endpoint": STRING,
            "createdAt": TIME,
            "updatedAt": TIME,
        }
    ),
    "dropin.Device": record(
        {
            "id": ID,
            "account": ID,
            **named("deviceAddress", "deviceType", "bundleId", schema=STRING),
            "createdAt": TIME,
            "updatedAt": TIME,
        }
    ),
    "dropin.Upload": record(
        {
            "id": ID,
            "type": choice("profileImage", "chat", "gig"),
            "gig": or_null(ID),
            "location": STRING,
            "url": STRING,
            "status": STRING,
            "archive": TRUTH,
            "account": reference("dropin.Account"),
            "createdAt": TIME,
            "updatedAt": TIME,
        }
    ),
    "dropin.ChatMessage": record(
        {
            "gig": ID,
            "account": ID,
            "message": STRING,
            "createdAt": TIME,
            "updatedAt": TIME,
            "id": ID,
        }
    ),
}

ERROR: Schema = {
    "type": "array",
    "minItems": 1,
    "items": record({"code": STRING, "message": STRING}, {"data": OPEN}),
}

OK = record({"message": exactly("ok")})

PLACE = {
    "lat": number(-90, 90, 48.8566),
    "lng": number(-180, 180, 2.3522),
    **named("bty", "sig", "opr", "net", "rad", schema=ANYTHING),
    "gigId": text(100),
}

NAMED = {"email": text(254, example="ann@example.test"), "phone": text(40)}

SENT_IDENTITY = form({"type": choice("email", "phone"), "value": words("ann@example.test", 254)})

OPERATIONS: dict[Key, Operation] = {
    **GIG_OPERATIONS,
    ("POST", "/accounts"): Operation(
        summary="Register; a code is sent",
        body=form(
            {"identities": {**listed(SENT_IDENTITY), "minItems": 1, "maxItems": 5}},
            {
                **named("firstName", "lastName", schema=NAME),
                **named("type", "status", schema=text()),
                "archive": TRUTH,
                "operator": or_null(OPEN),
                "organization": or_null(NAME),
            },
        ),
        answer=record(
            ACCOUNT | {"account": reference("dropin.Account"), "token": reference("dropin.Ticket")},
            {"accessToken": STRING},
        ),
    ),
    ("GET", "/accounts/<account>"): Operation(
        summary="An account", answer=reference("dropin.Account")
    ),
    ("POST", "/accounts/status/online"): Operation(
        summary="Take gigs at this place", body=form({}, PLACE), answer=OK
    ),
    ("POST", "/accounts/status/offline"): Operation(
        summary="Take none", body=form({}, PLACE), answer=OK
    ),
    ("POST", "/login"): Operation(
        summary="Have a code sent", body=form({}, NAMED), answer=reference("dropin.Ticket")
    ),
    ("POST", "/login/verify"): Operation(
        summary="Sign in with the code",
        body=form({"tokenId": words(most=100), "code": words("0042", 100)}),
        answer=record({"token": STRING, "account": reference("dropin.Account")}),
    ),
    ("POST", "/logout"): Operation(
        summary="Sign out", body=form({}, {"deviceAddress": text()}), answer=OK
    ),
    ("POST", "/map"): Operation(summary="Give a sign of life", body=form({}, PLACE), answer=OK),
    ("GET", "/map/<lat>/<long>"): Operation(
        summary="Operators that are near and available, nearest first",
        path={"lat": number(-90, 90, 48.8566), "long": number(-180, 180, 2.3522)},
        answer=listed(
            record({"account": ID, "location": record({"latitude": NUMBER, "longitude": NUMBER})})
        ),
    ),
    ("GET", "/chat/<gig>"): Operation(
        summary="A gig's chat, ascending",
        query={"skip": integer(), "limit": integer()},
        answer=listed(reference("dropin.ChatMessage")),
    ),
    ("POST", "/chat/save"): Operation(
        summary="Save what a party of a gig wrote",
        body=form(
            {"gig": words(most=100), "message": words("where are you?")}, {"from": text(100)}
        ),
        answer=reference("dropin.ChatMessage"),
        keyed=True,
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
        answer=reference("dropin.Device"),
    ),
    ("POST", "/storage"): Operation(
        summary="Announce a file; its bytes go to `location` by PUT",
        body=form(
            {"type": choice("profileImage", "chat", "gig")},
            {"gig": text(100), "contentType": text(200)},
        ),
        answer=reference("dropin.Upload"),
    ),
    ("PUT", "/storage/<upload>"): Operation(
        summary="Send the bytes of a file, with the signature of its `location`",
        query={"expires": text(20), "signature": text(100)},
        sends="application/octet-stream",
        content="application/xml",
        error_content="application/xml",
    ),
    ("GET", "/storage/<upload>"): Operation(
        summary="The bytes of a file",
        statuses=(200, 302),
        content="*/*",
        error_content="application/xml",
    ),
    ("POST", "/notifications/authchannel"): CHANNEL_AUTH,
    ("POST", "/notifications/userauth"): USER_AUTH,
    ("POST", "/notifications/push"): Operation(
        summary="Send something to somebody's devices",
        body=form({"recipientId": words(most=100), "data": OPEN}),
        answer=OK,
    ),
    ("GET", "/notifications/webpush"): Operation(
        summary="The key that browsers subscribe with", answer=PUBLIC_KEY
    ),
    ("POST", "/notifications/webpush"): Operation(
        summary="Register a browser for pushes, by its web push subscription",
        body=SUBSCRIPTION,
        answer=reference("dropin.Subscription"),
    ),
    ("DELETE", "/notifications/webpush"): Operation(
        summary="Forget a browser", body=FORGOTTEN, answer=OK
    ),
    ("POST", "/logs"): Operation(
        summary="Log a line",
        body=form(
            {"level": choice("debug", "info", "warn", "error"), "message": words("testing")},
            {"data": ANYTHING},
        ),
        answer=OK,
    ),
}

DESCRIPTION = Description(
    name="dropin",
    title="dropin: gigs",
    summary="A customer at a place asks for an operator nearby; both stream, stop and rate.",
    operations=OPERATIONS,
    schemas=SCHEMAS,
    error=ERROR,
    error_statuses=(400, 401, 403, 404, 405, 409, 413, 415, 429, 500, 502, 503),
    security={
        "dropin": {"type": "http", "scheme": "bearer"},
        "dropinField": {"type": "apiKey", "in": "query", "name": "auth_token"},
    },
)
