"""What a stream holds of the world: claims on its dealer and visitor, places in lists, the summary that lists show."""

from __future__ import annotations

from typing import Any

from switchboard.engine.errors import AlreadyRequested, Engaged, Rejected
from switchboard.engine.sessions.gig.holdings import ENGAGEMENT
from switchboard.engine.sessions.kind import Claim, ListEntry
from switchboard.engine.sessions.stream.machine import LIVE
from switchboard.engine.sessions.stream.state import Stream, StreamStatus, StreamSummary

OPEN = ListEntry("streams-open", "all")
"""Every stream that is requested or streaming: what the showroom must know after a restart."""

OF_ORGANIZATION = "streams-of"
"""List name; the key is an organization: all its streams."""


def in_status(status: StreamStatus) -> str:
    """The list of an organization's streams that are in that status; the key is the organization."""
    return f"{OF_ORGANIZATION}/{status}"


def by_visitor(organization: str) -> str:
    """The list of an organization's streams of one visitor; the key is the visitor's session id."""
    return f"streams-by-visitor/{organization}"


def guest_scope(organization: str) -> str:
    """The claim scope of the names by which an organization's pages call the visitors that wait."""
    return f"stream-guest/{organization}"


def visitor_scope(organization: str) -> str:
    """The claim scope of the session ids of the visitors that wait."""
    return f"stream-visitor/{organization}"


def engaged(stream: Stream) -> str | None:
    """The dealer that the stream engages: by the offer that stands, or by streaming."""
    if stream.phase == "streaming":
        return stream.dealer
    return stream.offered_to if stream.phase == "requested" else None


def claims(stream: Stream) -> frozenset[Claim]:
    """Its dealer's engagement; while requested also its visitor, who gets the same stream when it asks again."""
    held: set[Claim] = set()
    dealer = engaged(stream)
    if dealer is not None:
        held.add(Claim(ENGAGEMENT, dealer))
    if stream.phase == "requested":
        if stream.guest is not None:
            held.add(Claim(guest_scope(stream.organization), stream.guest))
        if stream.visitor is not None:
            held.add(Claim(visitor_scope(stream.organization), stream.visitor))
    return frozenset(held)


def refusal(_command: Any, claim: Claim, holder: str) -> Rejected:
    """What the caller hears when ``holder`` has the claim: the dealer's session, or the visitor's first stream."""
    return Engaged(holder) if claim.scope == ENGAGEMENT else AlreadyRequested(holder)


def lists(stream: Stream) -> frozenset[ListEntry]:
    """Its organization's list, that of its status, its visitor's; ``streams-open`` while it is live."""
    entries = {
        ListEntry(OF_ORGANIZATION, stream.organization),
        ListEntry(in_status(stream.phase), stream.organization),
    }
    if stream.visitor is not None:
        entries.add(ListEntry(by_visitor(stream.organization), stream.visitor))
    if stream.phase in LIVE:
        entries.add(OPEN)
    return frozenset(entries)


def summary(stream: Stream) -> StreamSummary:
    """What lists show of the stream."""
    return StreamSummary(
        id=stream.id,
        status=stream.phase,
        organization=stream.organization,
        vin=stream.vin,
        guest=stream.guest,
        offered_to=stream.offered_to,
        dealer=stream.dealer,
        dealer_name=stream.dealer_name,
        note=stream.note,
        lead=stream.lead,
        duration=stream.duration_seconds,
        created_at=stream.created_at,
        updated_at=stream.updated_at,
        started_at=stream.started_at,
        stopped_at=stream.stopped_at,
    )
