"""The gig: a customer at a place, an operator nearby, a stream, a price and two ratings. ``GIG`` is its kind."""

from switchboard.engine.sessions.gig.commands import (
    AdvanceGig,
    CancelGig,
    Candidate,
    ClaimGig,
    ConfirmGig,
    EndGig,
    FailVideo,
    HandshakeGig,
    OperatorUnavailable,
    RateGig,
    ReachDeadline,
    RejectOffer,
    RejectOperator,
    RequestGig,
    SignOfLife,
    StartGig,
    StopGig,
    Tariff,
    Terms,
    WithdrawOffer,
)
from switchboard.engine.sessions.gig.decisions import decide
from switchboard.engine.sessions.gig.endings import end
from switchboard.engine.sessions.gig.events import EVENTS, PartyHeard
from switchboard.engine.sessions.gig.holdings import bars, claims, lists, refusal, summary
from switchboard.engine.sessions.gig.machine import LIVE, TRANSITIONS, deadline, evolve, revive
from switchboard.engine.sessions.gig.notices import notices, reactions, tallies
from switchboard.engine.sessions.gig.state import (
    Gig,
    GigEnding,
    GigNotice,
    GigStatus,
    GigSummary,
    Offer,
    OfferAnswer,
    Rating,
)
from switchboard.engine.sessions.kind import Kind

GIG: Kind[Gig] = Kind(
    name="gig",
    state=Gig,
    state_format=1,
    events=EVENTS,
    decide=decide,
    evolve=evolve,
    deadline=deadline,
    claims=claims,
    refusal=refusal,
    creates=frozenset({RequestGig}),
    bars=bars,
    lists=lists,
    summary=summary,
    notices=notices,
    reactions=reactions,
    tallies=tallies,
    volatile=frozenset({PartyHeard}),
    revive=revive,
    end=end,
)

__all__ = [
    "GIG",
    "LIVE",
    "TRANSITIONS",
    "AdvanceGig",
    "CancelGig",
    "Candidate",
    "ClaimGig",
    "ConfirmGig",
    "EndGig",
    "FailVideo",
    "Gig",
    "GigEnding",
    "GigNotice",
    "GigStatus",
    "GigSummary",
    "HandshakeGig",
    "Offer",
    "OfferAnswer",
    "OperatorUnavailable",
    "RateGig",
    "Rating",
    "ReachDeadline",
    "RejectOffer",
    "RejectOperator",
    "RequestGig",
    "SignOfLife",
    "StartGig",
    "StopGig",
    "Tariff",
    "Terms",
    "WithdrawOffer",
]
