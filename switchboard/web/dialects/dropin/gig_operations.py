"""dropin's gigs, described. Source: contracts/dropin.md, 'The gig object'."""

from __future__ import annotations

from typing import get_args

from switchboard.engine.sessions.gig import GigStatus
from switchboard.web.openapi.operations import Key, Operation
from switchboard.web.openapi.schemas import (
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
    number,
    or_null,
    record,
    reference,
    text,
)

STATUS = choice(*get_args(GigStatus))

RATING = integer(1, 5)

PERSON = {
    "id": ID,
    "firstName": STRING,
    "lastName": STRING,
    "profileImage": or_null(STRING),
}

GIG = {
    "id": ID,
    "status": STATUS,
    "type": exactly("real"),
    "longitude": NUMBER,
    "latitude": NUMBER,
    "metaData": or_null(OPEN),
    "duration": or_null(INTEGER),
    "price": or_null(NUMBER),
    "bypassRating": TRUTH,
    "customerRating": or_null(RATING),
    "operatorRating": or_null(RATING),
    "createdAt": TIME,
    "updatedAt": TIME,
    "confirmedAt": or_null(TIME),
    "startedAt": or_null(TIME),
    "stoppedAt": or_null(TIME),
}

BETWEEN = {"customer": reference("dropin.Person"), "operator": or_null(reference("dropin.Person"))}

RATED = or_null(record({"value": RATING}))

GIG_SCHEMAS: dict[str, Schema] = {
    "dropin.Person": record(PERSON),
    "dropin.OfferedGig": record(
        GIG
        | {
            "customer": reference("dropin.Person"),
            "operator": or_null(ID),
            "reservedOperators": listed(record(PERSON | {"distance": NUMBER})),
        },
        {"distance": NUMBER},
    ),
    "dropin.Gig": record(GIG | BETWEEN),
    "dropin.ListedGig": record(GIG | {"customer": ID, "operator": or_null(ID)}),
    "dropin.RatedGig": record(GIG | BETWEEN | {"customerRating": RATED, "operatorRating": RATED}),
    "dropin.Stream": record({"id": ID, "key": STRING, "sessionId": STRING, "token": STRING}),
}

OFFERED = record({"gig": reference("dropin.OfferedGig")})
LATER = record({"gig": reference("dropin.Gig")})

KEYS = {
    "stream": reference("dropin.Stream"),
    "apiKey": STRING,
    "sessionId": STRING,
    "token": STRING,
    "provider": STRING,
    "url": or_null(STRING),
    "authEndpoint": or_null(STRING),
    "iceServers": listed(OPEN),
}


def step(summary: str, answer: Schema = LATER) -> Operation:
    """A step that takes no fields."""
    return Operation(summary=summary, answer=answer, keyed=True)


GIG_OPERATIONS: dict[Key, Operation] = {
    ("POST", "/gigs"): Operation(
        summary="Ask for an operator nearby",
        body=form(
            {"latitude": number(-90, 90, 48.857), "longitude": number(-180, 180, 2.352)},
            {"deviceId": text(1000), "claimId": text(1000), "metaData": OPEN},
        ),
        answer=OFFERED,
        keyed=True,
    ),
    ("POST", "/gigs/claim/<gig>"): Operation(
        summary="Accept or reject an offer",
        body=form({"response": choice("accept", "reject")}),
        answer=OFFERED,
        keyed=True,
    ),
    ("POST", "/gigs/confirm/<gig>"): Operation(
        summary="Confirm the operator",
        body=form({}, {"paymentMethodNonce": text(1000)}),
        answer=record(
            {
                "gig": reference("dropin.Gig"),
                "operator": record(
                    {
                        "account": ID,
                        "location": record({"latitude": NUMBER, "longitude": NUMBER}),
                        "rate": NUMBER,
                    }
                ),
                "chatChannel": STRING,
            }
        ),
        keyed=True,
    ),
    ("POST", "/gigs/reject/<gig>"): step("Reject the operator"),
    ("POST", "/gigs/cancel/<gig>"): step("Cancel the gig"),
    ("POST", "/gigs/handshake/<gig>"): step(
        "Fetch one's keys to the video room", record({**KEYS, "gig": reference("dropin.Gig")})
    ),
    ("POST", "/gigs/start/<gig>"): step(
        "Start the stream",
        record({"gig": record(GIG | BETWEEN | {"stream": reference("dropin.Stream")})}),
    ),
    ("POST", "/gigs/stop/<gig>"): step("Stop the stream"),
    ("POST", "/gigs/rate/<gig>"): Operation(
        summary="Rate the other",
        body=form({"rating": RATING}),
        answer=record({"gig": reference("dropin.Gig"), "ratingId": ID}),
        keyed=True,
    ),
    ("POST", "/gigs/advance/<gig>"): step("The back office's next step"),
    ("GET", "/gigs/<account>/getall"): Operation(
        summary="One's gigs, newest first",
        query={"status": STATUS, "skip": integer(), "limit": integer()},
        answer=listed(reference("dropin.ListedGig")),
    ),
    ("GET", "/gigs/<account>/<gig>"): Operation(
        summary="A gig with purchase and payment",
        answer=record(
            {
                "gig": reference("dropin.RatedGig"),
                "purchase": or_null(record({"status": STRING, "amount": NUMBER})),
                "payment": or_null(record({"status": STRING, "amount": NUMBER})),
            }
        ),
    ),
}
