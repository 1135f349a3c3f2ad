"""The shortest way to every status of a stream, as the commands that lead there.

docs/sessions.md shows them, the golden files are recorded from them, and tests take their streams from them: streams
that exist only because real decisions led to them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from switchboard.engine.sessions.journey import DEADLINE, Step, arrive_at, travel_of
from switchboard.engine.sessions.kind import Event
from switchboard.engine.sessions.stream import (
    STREAM,
    AcceptStream,
    LinkLead,
    OfferStream,
    RequestStream,
    StopStream,
    Stream,
    StreamStatus,
    WriteNote,
)
from switchboard.engine.sessions.video import VideoSession

ID = "57076378674ea5da598a6c01"
ORGANIZATION = "570732086a5e9bd853b4f001"
DEALER = "570732086a5e9bd853b4f0d1"
SECOND_DEALER = "570732086a5e9bd853b4f0d2"
STRANGER = "570732086a5e9bd853b4f0ff"
NAME = "Hoa Nguyen"
GUEST = "guest-1"
VISITOR = "visitor-1"
LEAD = "57076379674ea5da598a6d01"

VIDEO = VideoSession(provider="p2p", session_id=f"presence-stream-{ID}", api_key="p2p")

REQUEST = Step(
    RequestStream(
        id=ID,
        organization=ORGANIZATION,
        vin="1HGCM82633A004352",
        dealer=DEALER,
        video=VIDEO,
        guest=GUEST,
        visitor=VISITOR,
    ),
    wait=0,
)
REQUEST_OF_NOBODY = Step(
    RequestStream(id=ID, organization=ORGANIZATION, vin="xxx", guest=GUEST, visitor=VISITOR),
    wait=0,
)
ACCEPT = Step(AcceptStream(dealer=DEALER, dealer_name=NAME, online=True))
OFFER_TO_THE_SECOND = Step(OfferStream(dealer=SECOND_DEALER))
STOP = Step(StopStream(party="viewer"), wait=69_000)
NOTE = Step(WriteNote(note="wants the blue one"))
LINK_LEAD = Step(LinkLead(lead=LEAD))

TO_STREAMING = (REQUEST, ACCEPT)
TO_STOPPED = (*TO_STREAMING, STOP)

JOURNEYS: Mapping[StreamStatus, tuple[Step, ...]] = {
    "requested": (REQUEST,),
    "streaming": TO_STREAMING,
    "stopped": TO_STOPPED,
    "completed": (*TO_STOPPED, NOTE),
    "expired": (*TO_STREAMING, DEADLINE),
    "missed": (REQUEST, DEADLINE, DEADLINE, DEADLINE, DEADLINE),
    "missed-offline": (REQUEST_OF_NOBODY,),
}


def travel(steps: tuple[Step, ...]) -> Iterator[tuple[Event, Stream]]:
    """Every event of the journey with the stream after it."""
    return travel_of(STREAM, steps)


def arrive(steps: tuple[Step, ...]) -> Stream:
    """The stream at the end of a journey."""
    return arrive_at(STREAM, steps)
