"""What a gig answers while operators are sought: the request, accepts, rejects, withdrawn offers."""

from __future__ import annotations

from switchboard.engine.errors import Conflict, NoOperatorsNearby, NotAllowed, NotAllowedInPhase
from switchboard.engine.sessions.gig.checks import REPEAT, Events, repeated
from switchboard.engine.sessions.gig.commands import (
    ClaimGig,
    RejectOffer,
    RequestGig,
    WithdrawOffer,
)
from switchboard.engine.sessions.gig.endings import cancelled, since_request_or_start
from switchboard.engine.sessions.gig.events import (
    GigClaimed,
    GigRequested,
    OfferRejected,
    OffersExhausted,
    OfferWithdrawn,
)
from switchboard.engine.sessions.gig.holdings import waiting_operators
from switchboard.engine.sessions.gig.machine import LIVE
from switchboard.engine.sessions.gig.state import Gig, Offer
from switchboard.engine.sessions.kind import Context


def request(gig: Gig | None, command: RequestGig, context: Context) -> Events:
    """The gig begins, offered to all candidates but the customer. Raises: Conflict, NoOperatorsNearby."""
    if gig is not None:
        if gig.customer == command.customer:
            return REPEAT
        raise Conflict("another customer's gig has this id")
    # Never oneself, and nobody twice, whatever the search came up with.
    candidates = {
        one.operator: one for one in command.candidates if one.operator != command.customer
    }
    if not candidates:
        raise NoOperatorsNearby
    return (
        GigRequested(
            at=context.now,
            id=command.id,
            customer=command.customer,
            latitude=command.latitude,
            longitude=command.longitude,
            candidates=tuple(candidates.values()),
            terms=command.terms,
            device_id=command.device_id,
            claim_id=command.claim_id,
            meta_data=command.meta_data,
            customer_operates=command.customer_operates,
        ),
    )


def _offer(gig: Gig, operator: str) -> Offer:
    for offer in gig.offers:
        if offer.operator == operator:
            return offer
    raise NotAllowed("the gig was not offered to you")


def claim(gig: Gig, command: ClaimGig, context: Context) -> Events:
    """The first accept wins. Raises: NotAllowed, Conflict, NotAllowedInPhase."""
    offer = _offer(gig, command.operator)
    if offer.answer == "rejected":
        raise Conflict("you rejected the gig before")
    if gig.operator == command.operator and gig.phase in LIVE:
        return repeated(gig, command.operator, context)
    if gig.phase != "pendingOperator":
        raise NotAllowedInPhase(gig.phase)
    latitude, longitude = command.latitude, command.longitude
    if latitude is None or longitude is None:
        latitude, longitude = offer.latitude, offer.longitude
    return (
        GigClaimed(
            at=context.now,
            operator=command.operator,
            latitude=latitude,
            longitude=longitude,
        ),
    )


def reject_offer(gig: Gig, command: RejectOffer, context: Context) -> Events:
    """An offer is declined, or the operator that was found backs out. Raises: NotAllowed, NotAllowedInPhase."""
    offer = _offer(gig, command.operator)
    if offer.answer == "rejected":
        return REPEAT
    if gig.operator == command.operator:
        if gig.phase == "operatorFound":
            return (cancelled(gig, context, command.operator, "back_out"),)
        if gig.phase == "cancelled" and gig.ended_how == "back_out":
            return REPEAT
    if gig.phase != "pendingOperator":
        raise NotAllowedInPhase(gig.phase)
    rejected = OfferRejected(at=context.now, operator=command.operator)
    return (rejected, *_exhausted(gig, command.operator, context))


def withdraw_offer(gig: Gig, command: WithdrawOffer, context: Context) -> Events:
    """The gig waits for that operator no more; nothing if it does not anyway."""
    if command.operator not in waiting_operators(gig):
        return REPEAT
    withdrawn = OfferWithdrawn(at=context.now, operator=command.operator, because=command.because)
    return (withdrawn, *_exhausted(gig, command.operator, context))


def _exhausted(gig: Gig, answering: str, context: Context) -> Events:
    """The gig's end if nobody is waited for but the operator that is answering now."""
    if any(operator != answering for operator in waiting_operators(gig)):
        return ()
    return (
        OffersExhausted(at=context.now, duration_seconds=since_request_or_start(gig, context.now)),
    )
