"""The shortest way to every status of a gig, as the commands that lead there.

docs/sessions.md shows them, the golden files are recorded from them, and tests take their gigs from them: gigs that
exist only because real decisions led to them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from switchboard.engine.sessions.gig import (
    GIG,
    AdvanceGig,
    CancelGig,
    Candidate,
    ClaimGig,
    ConfirmGig,
    FailVideo,
    Gig,
    GigStatus,
    HandshakeGig,
    RateGig,
    RejectOffer,
    RejectOperator,
    RequestGig,
    StartGig,
    StopGig,
)
from switchboard.engine.sessions.journey import (
    DEADLINE,
    Step,
    arrive_at,
    travel_of,
)
from switchboard.engine.sessions.kind import Event
from switchboard.engine.sessions.video import VideoSession

ID = "57076378674ea5da598a6a67"
CUSTOMER = "570732086a5e9bd853b4f00b"
OPERATOR = "570732086a5e9bd853b4f0a1"
SECOND_OPERATOR = "570732086a5e9bd853b4f0a2"
STRANGER = "570732086a5e9bd853b4f0ff"
LATITUDE, LONGITUDE = 10.787859, 106.70653

VIDEO = VideoSession(provider="p2p", session_id="room-57076378674ea5da598a6a67", api_key="p2p")


REQUEST = Step(
    RequestGig(
        id=ID,
        customer=CUSTOMER,
        latitude=LATITUDE,
        longitude=LONGITUDE,
        candidates=(
            Candidate(operator=OPERATOR, latitude=10.7900, longitude=106.6996, distance_metres=796),
            Candidate(
                operator=SECOND_OPERATOR, latitude=10.8150, longitude=106.6734, distance_metres=4700
            ),
        ),
        device_id="12321432432",
        meta_data='{"city":"Saigon"}',
    ),
    wait=0,
)
CLAIM = Step(ClaimGig(operator=OPERATOR))
CONFIRM = Step(ConfirmGig(account=CUSTOMER))
HANDSHAKE = Step(HandshakeGig(account=OPERATOR, video=VIDEO))
START = Step(StartGig(account=CUSTOMER))
STOP = Step(StopGig(account=CUSTOMER), wait=69_000)
"""The seed's sample streamed for 69 s."""
RATE = Step(RateGig(account=CUSTOMER, rating=5, rating_id="5707647a674ea5da598a6b01"))
RATE_BACK = Step(RateGig(account=OPERATOR, rating=4, rating_id="5707647b674ea5da598a6b02"))
ADVANCE = Step(AdvanceGig())

TO_FOUND = (REQUEST, CLAIM)
TO_ENROUTE = (*TO_FOUND, CONFIRM)
TO_HANDSHAKING = (*TO_ENROUTE, HANDSHAKE)
TO_STREAMING = (*TO_HANDSHAKING, START)
TO_PURCHASED = (*TO_STREAMING, STOP)
TO_VOTED = (*TO_PURCHASED, RATE, RATE_BACK)

JOURNEYS: Mapping[GigStatus, tuple[Step, ...]] = {
    "pendingOperator": (REQUEST,),
    "operatorFound": TO_FOUND,
    "operatorEnroute": TO_ENROUTE,
    "handshaking": TO_HANDSHAKING,
    "streaming": TO_STREAMING,
    "purchased": TO_PURCHASED,
    "voted": TO_VOTED,
    "invoiceGenerated": (*TO_VOTED, ADVANCE),
    "invoiceSent": (*TO_VOTED, ADVANCE, ADVANCE),
    "compensated": (*TO_VOTED, ADVANCE, ADVANCE, ADVANCE),
    "allOperatorsRejected": (
        REQUEST,
        Step(RejectOffer(operator=OPERATOR)),
        Step(RejectOffer(operator=SECOND_OPERATOR)),
    ),
    "expired": (REQUEST, DEADLINE),
    "failed": (*TO_ENROUTE, Step(FailVideo(account=OPERATOR))),
    "cancelled": (*TO_ENROUTE, Step(CancelGig(account=CUSTOMER))),
    "customerRejected": (*TO_FOUND, Step(RejectOperator(account=CUSTOMER))),
    "terminated": (*TO_STREAMING, DEADLINE),
}


def travel(steps: tuple[Step, ...]) -> Iterator[tuple[Event, Gig]]:
    """Every event of the journey with the gig after it, from ``BEGINNING`` on."""
    return travel_of(GIG, steps)


def arrive(steps: tuple[Step, ...]) -> Gig:
    """The gig at the end of a journey."""
    return arrive_at(GIG, steps)
