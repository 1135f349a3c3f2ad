"""The gig's state machine: every transition in one literal table, the fold of its events, its timers.

Source: contracts/dropin.md, 'The gig's states'. Who may do what, and with which events it is answered, is in
``decisions.py``; the diagram in docs/sessions.md is generated from ``TRANSITIONS``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from switchboard.engine.instants import Instant
from switchboard.engine.sessions.gig.commands import ReachDeadline
from switchboard.engine.sessions.gig.events import (
    GigCancelled,
    GigClaimed,
    GigCompensated,
    GigConfirmed,
    GigExpired,
    GigPurchased,
    GigRated,
    GigRequested,
    GigStarted,
    GigTerminated,
    GigVoted,
    HandshakeBegun,
    HandshakeJoined,
    InvoiceGenerated,
    InvoiceSent,
    OfferRejected,
    OffersExhausted,
    OfferWithdrawn,
    OperatorRejected,
    PartyHeard,
    RatingWindowClosed,
    VideoFailed,
)
from switchboard.engine.sessions.gig.state import Gig, GigStatus, Offer, OfferAnswer, Rating
from switchboard.engine.sessions.kind import Deadline, Event
from switchboard.engine.sessions.transitions import Transitions, next_phase

TRANSITIONS: Transitions[GigStatus] = {
    None: {GigRequested: "pendingOperator"},
    "pendingOperator": {
        OfferRejected: "pendingOperator",
        OfferWithdrawn: "pendingOperator",
        GigClaimed: "operatorFound",
        OffersExhausted: "allOperatorsRejected",
        GigExpired: "expired",
        GigCancelled: "cancelled",
    },
    "operatorFound": {
        GigConfirmed: "operatorEnroute",
        OperatorRejected: "customerRejected",
        GigExpired: "expired",
        GigCancelled: "cancelled",
    },
    "operatorEnroute": {
        HandshakeBegun: "handshaking",
        VideoFailed: "failed",
        GigExpired: "expired",
        GigCancelled: "cancelled",
    },
    "handshaking": {
        HandshakeJoined: "handshaking",
        GigStarted: "streaming",
        VideoFailed: "failed",
        GigExpired: "expired",
        GigCancelled: "cancelled",
    },
    "streaming": {
        HandshakeJoined: "streaming",
        PartyHeard: "streaming",
        GigPurchased: "purchased",
        GigTerminated: "terminated",
        GigCancelled: "cancelled",
    },
    "purchased": {
        RatingWindowClosed: "purchased",
        GigRated: "purchased",
        GigVoted: "voted",
        InvoiceGenerated: "invoiceGenerated",
    },
    "voted": {InvoiceGenerated: "invoiceGenerated"},
    "invoiceGenerated": {InvoiceSent: "invoiceSent"},
    "invoiceSent": {GigCompensated: "compensated"},
    "compensated": {},
    "allOperatorsRejected": {},
    "expired": {},
    "failed": {},
    "cancelled": {},
    "customerRejected": {},
    "terminated": {},
}

LIVE: frozenset[GigStatus] = frozenset(
    {"pendingOperator", "operatorFound", "operatorEnroute", "handshaking", "streaming"}
)
"""The phases in which a gig engages its parties."""


def evolve(gig: Gig | None, event: Any) -> Gig:
    """The gig after ``event``; reads nothing else. Raises: ImpossibleTransition."""
    phase = next_phase(TRANSITIONS, None if gig is None else gig.phase, event)
    if gig is None:
        return _requested(event, phase)
    changes = FOLDS[type(event)](gig, event)
    if type(event) is PartyHeard:
        return replace(gig, **changes)
    since = gig.phase_since if phase == gig.phase else event.at
    return replace(gig, phase=phase, phase_since=since, updated_at=event.at, **changes)


def _requested(event: GigRequested, phase: GigStatus) -> Gig:
    return Gig(
        id=event.id,
        phase=phase,
        customer=event.customer,
        latitude=event.latitude,
        longitude=event.longitude,
        terms=event.terms,
        offers=tuple(
            Offer(
                operator=candidate.operator,
                latitude=candidate.latitude,
                longitude=candidate.longitude,
                distance_metres=candidate.distance_metres,
            )
            for candidate in event.candidates
        ),
        device_id=event.device_id,
        claim_id=event.claim_id,
        meta_data=event.meta_data,
        created_at=event.at,
        updated_at=event.at,
        phase_since=event.at,
    )


Changes = dict[str, Any]
"""Field of ``Gig`` -> its new value."""


def _answered(gig: Gig, operator: str, answer: OfferAnswer) -> tuple[Offer, ...]:
    return tuple(
        replace(offer, answer=answer) if offer.operator == operator else offer
        for offer in gig.offers
    )


def _claimed(gig: Gig, event: GigClaimed) -> Changes:
    return {
        "offers": _answered(gig, event.operator, "accepted"),
        "operator": event.operator,
        "operator_latitude": event.latitude,
        "operator_longitude": event.longitude,
        "claimed_at": event.at,
    }


def _ended(event: Event, duration: int, how: str, by: str | None) -> Changes:
    return {
        "ended_at": event.at,
        "ended_how": how,
        "ended_by": by,
        "duration_seconds": duration,
        "price_cents": 0,
        "bypass_rating": True,
    }


def _cancelled(gig: Gig, event: GigCancelled) -> Changes:
    changes = _ended(event, event.duration_seconds, event.how, event.by)
    return changes | ({} if gig.started_at is None else {"stopped_at": event.at})


def _terminated(_gig: Gig, event: GigTerminated) -> Changes:
    return _ended(event, event.duration_seconds, "silence", None) | {"stopped_at": event.at}


def _purchased(_gig: Gig, event: GigPurchased) -> Changes:
    return {
        "ended_at": event.at,
        "ended_how": event.how,
        "ended_by": event.by,
        "stopped_at": event.stopped_at,
        "duration_seconds": event.duration_seconds,
        "price_cents": event.price_cents,
        "share_cents": event.share_cents,
    }


def _rated(gig: Gig, event: GigRated) -> Changes:
    rating = Rating(id=event.rating_id, value=event.rating, at=event.at)
    given_by_customer = event.account == gig.customer
    return {
        "operator_rating" if given_by_customer else "customer_rating": rating,
        "locked": tuple(account for account in gig.locked if account != event.account),
    }


FOLDS: Mapping[type[Event], Callable[[Gig, Any], Changes]] = {
    OfferRejected: lambda gig, event: {"offers": _answered(gig, event.operator, "rejected")},
    OfferWithdrawn: lambda gig, event: {"offers": _answered(gig, event.operator, "withdrawn")},
    OffersExhausted: lambda _, event: _ended(event, event.duration_seconds, "exhausted", None),
    GigClaimed: _claimed,
    GigConfirmed: lambda _, event: {
        "confirmed_at": event.at,
        "payment_nonce": event.payment_nonce,
    },
    OperatorRejected: lambda gig, event: _ended(
        event, event.duration_seconds, "reject", gig.customer
    ),
    HandshakeBegun: lambda _, event: {"video": event.video, "handshaken": (event.account,)},
    HandshakeJoined: lambda gig, event: {
        "handshaken": (*gig.handshaken, event.account),
        "seen_at": event.at,
    },
    VideoFailed: lambda _, event: _ended(event, event.duration_seconds, "video", event.account),
    GigStarted: lambda _, event: {"started_at": event.at, "seen_at": event.at},
    PartyHeard: lambda gig, event: {"seen_at": max(gig.seen_at, event.at)},
    GigCancelled: _cancelled,
    GigExpired: lambda _, event: _ended(event, event.duration_seconds, "deadline", None),
    GigTerminated: _terminated,
    GigPurchased: _purchased,
    RatingWindowClosed: lambda _, event: {"locked": event.locked, "window_closed": True},
    GigRated: _rated,
    GigVoted: lambda _gig, _event: {"locked": ()},
    InvoiceGenerated: lambda _gig, _event: {"locked": ()},
    InvoiceSent: lambda _gig, _event: {},
    GigCompensated: lambda _gig, _event: {},
}
"""What each event changes beside phase, ``phase_since`` and ``updated_at``; a test holds it against ``TRANSITIONS``."""


def deadline(gig: Gig) -> Deadline | None:
    """When the gig acts by itself, if it does; a function of the state, so timers survive restarts by themselves."""
    due = _due(gig)
    return None if due is None else Deadline(due, ReachDeadline(phase=gig.phase, due=due))


def _due(gig: Gig) -> Instant | None:
    match gig.phase:
        case "pendingOperator":
            return gig.phase_since + gig.terms.claim_timeout
        case "operatorFound":
            return gig.phase_since + gig.terms.confirm_timeout
        case "operatorEnroute":
            return gig.phase_since + gig.terms.enroute_timeout
        case "handshaking":
            return gig.phase_since + gig.terms.handshake_timeout
        case "streaming":
            return min(longest_stream_until(gig), gig.seen_at + gig.terms.watchdog)
        case "purchased" if not gig.window_closed:
            # From the purchase, not from ``stopped_at``: a stop that was noticed late must not eat the window.
            return gig.phase_since + gig.terms.rating_window
        case _:
            return None


def longest_stream_until(gig: Gig) -> Instant:
    """When a gig that is or was streaming has streamed for as long as its terms allow."""
    assert gig.started_at is not None, "asked only of gigs that started"
    return gig.started_at + gig.terms.streaming_most


def revive(gig: Gig, ready_at: Instant) -> Gig:
    """The watchdog counts from 'engine ready': nobody could be heard while it was down."""
    if gig.phase != "streaming" or gig.seen_at >= ready_at:
        return gig
    return replace(gig, seen_at=ready_at)
