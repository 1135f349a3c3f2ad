"""The stream: a visitor of a dealer's page, a car, and a dealer that shows it live. ``STREAM`` is its kind."""

from switchboard.engine.sessions.kind import Kind
from switchboard.engine.sessions.stream.commands import (
    AcceptStream,
    LinkLead,
    OfferStream,
    Party,
    PassOffer,
    ReachDeadline,
    RequestStream,
    SeekDealer,
    SignOfLife,
    StopStream,
    Terms,
    WriteNote,
)
from switchboard.engine.sessions.stream.decisions import decide, end, passed_by
from switchboard.engine.sessions.stream.events import EVENTS, DealerHeard
from switchboard.engine.sessions.stream.holdings import (
    OF_ORGANIZATION,
    OPEN,
    by_visitor,
    claims,
    engaged,
    guest_scope,
    in_status,
    lists,
    refusal,
    summary,
    visitor_scope,
)
from switchboard.engine.sessions.stream.machine import LIVE, TRANSITIONS, deadline, evolve, revive
from switchboard.engine.sessions.stream.notices import notices, reactions, viewer_topic
from switchboard.engine.sessions.stream.state import (
    Offer,
    Stream,
    StreamNotice,
    StreamStatus,
    StreamSummary,
)

STREAM: Kind[Stream] = Kind(
    name="stream",
    state=Stream,
    state_format=1,
    events=EVENTS,
    decide=decide,
    evolve=evolve,
    deadline=deadline,
    claims=claims,
    refusal=refusal,
    creates=frozenset({RequestStream}),
    lists=lists,
    summary=summary,
    notices=notices,
    reactions=reactions,
    volatile=frozenset({DealerHeard}),
    revive=revive,
    end=end,
)

__all__ = [
    "LIVE",
    "OF_ORGANIZATION",
    "OPEN",
    "STREAM",
    "TRANSITIONS",
    "AcceptStream",
    "LinkLead",
    "Offer",
    "OfferStream",
    "Party",
    "PassOffer",
    "ReachDeadline",
    "RequestStream",
    "SeekDealer",
    "SignOfLife",
    "StopStream",
    "Stream",
    "StreamNotice",
    "StreamStatus",
    "StreamSummary",
    "Terms",
    "WriteNote",
    "by_visitor",
    "engaged",
    "guest_scope",
    "in_status",
    "passed_by",
    "summary",
    "viewer_topic",
    "visitor_scope",
]
