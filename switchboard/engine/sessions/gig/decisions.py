"""What a gig answers to each command: the events of one step, none for a repeat, or a refusal.

Source: contracts/dropin.md, 'The gig's states'. Every decision looks in this order: is the caller somebody who may ask
this at all (``NotAllowed``), has the same step been taken already (no events: the caller hears the same answer), does
the phase take it (``NotAllowedInPhase``). What the contract leaves open is decided here:

- A repeat is recognised as long as its effect stands: an accept, a confirm and a start while the gig is live, the step
  that ended a gig for ever.
- An offer that dispatch withdrew may still be accepted: the claims on its operator decide, and give the exact reason.
- A party may be rated until the back office moves the gig on; from then on nothing is owed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from switchboard.engine.errors import (
    Conflict,
    Invalid,
    NotAllowedInPhase,
    NotFound,
)
from switchboard.engine.sessions.gig.checks import (
    REPEAT,
    Events,
    only_customer,
    only_party,
    repeated,
)
from switchboard.engine.sessions.gig.commands import (
    AdvanceGig,
    CancelGig,
    ClaimGig,
    ConfirmGig,
    EndGig,
    FailVideo,
    HandshakeGig,
    RateGig,
    ReachDeadline,
    RejectOffer,
    RejectOperator,
    RequestGig,
    SignOfLife,
    StartGig,
    StopGig,
    WithdrawOffer,
)
from switchboard.engine.sessions.gig.endings import (
    advance,
    cancelled,
    end,
    expired_at_deadline,
    purchased,
    since_request_or_start,
)
from switchboard.engine.sessions.gig.events import (
    GigConfirmed,
    GigRated,
    GigStarted,
    GigVoted,
    HandshakeBegun,
    HandshakeJoined,
    OperatorRejected,
    VideoFailed,
)
from switchboard.engine.sessions.gig.machine import LIVE
from switchboard.engine.sessions.gig.offers import (
    claim,
    reject_offer,
    request,
    withdraw_offer,
)
from switchboard.engine.sessions.gig.state import Gig, GigStatus
from switchboard.engine.sessions.kind import Command, Context

STOPPED: frozenset[GigStatus] = frozenset(
    {"purchased", "voted", "invoiceGenerated", "invoiceSent", "compensated"}
)
"""The phases that only a gig reaches which streamed to a purchase."""


def decide(gig: Gig | None, command: Any, context: Context) -> Events:
    """The events that answer the command; none if it repeats a step that was taken.

    Raises:
        NotFound: the gig does not exist. NotAllowed: not this caller's to ask. NotAllowedInPhase, Conflict: not now.
        Invalid: a rating out of range. NoOperatorsNearby: a request that could be offered to nobody.
    """
    if isinstance(command, RequestGig):
        return request(gig, command, context)
    if gig is None:
        raise NotFound("gig")
    return DECISIONS[type(command)](gig, command, context)


def _confirm(gig: Gig, command: ConfirmGig, context: Context) -> Events:
    only_customer(gig, command.account)
    if gig.confirmed_at is not None and gig.phase in LIVE:
        return repeated(gig, command.account, context)
    if gig.phase != "operatorFound":
        raise NotAllowedInPhase(gig.phase)
    return (GigConfirmed(at=context.now, payment_nonce=command.payment_nonce),)


def _reject_operator(gig: Gig, command: RejectOperator, context: Context) -> Events:
    only_customer(gig, command.account)
    if gig.phase == "customerRejected":
        return REPEAT
    if gig.phase != "operatorFound":
        raise NotAllowedInPhase(gig.phase)
    duration = since_request_or_start(gig, context.now)
    return (OperatorRejected(at=context.now, duration_seconds=duration),)


def _cancel(gig: Gig, command: CancelGig, context: Context) -> Events:
    only_party(gig, command.account)
    by_cancel = gig.ended_how in ("cancel", "back_out")
    if gig.phase == "cancelled" and by_cancel and gig.ended_by == command.account:
        return REPEAT
    if gig.phase not in LIVE or (gig.phase == "streaming" and not _no_video(gig, context)):
        raise NotAllowedInPhase(gig.phase)
    backs_out = gig.phase == "operatorFound" and command.account == gig.operator
    return (cancelled(gig, context, command.account, "back_out" if backs_out else "cancel"),)


def _no_video(gig: Gig, context: Context) -> bool:
    """Whether a stream is still so young that 'there was no video' is believed."""
    return gig.started_at is not None and (
        context.now <= gig.started_at + gig.terms.no_video_window
    )


def _handshake(gig: Gig, command: HandshakeGig, context: Context) -> Events:
    account = command.account
    only_party(gig, account)
    if gig.phase == "operatorEnroute":
        return (HandshakeBegun(at=context.now, account=account, video=command.video),)
    if gig.phase not in ("handshaking", "streaming"):
        raise NotAllowedInPhase(gig.phase)
    if account in gig.handshaken:
        return repeated(gig, account, context)
    return (HandshakeJoined(at=context.now, account=account),)


def _fail_video(gig: Gig, command: FailVideo, context: Context) -> Events:
    only_party(gig, command.account)
    if gig.phase == "failed":
        return REPEAT
    if gig.phase not in ("operatorEnroute", "handshaking"):
        raise NotAllowedInPhase(gig.phase)
    duration = since_request_or_start(gig, context.now)
    return (VideoFailed(at=context.now, account=command.account, duration_seconds=duration),)


def _start(gig: Gig, command: StartGig, context: Context) -> Events:
    only_party(gig, command.account)
    if gig.phase == "streaming":
        return repeated(gig, command.account, context)
    if gig.phase != "handshaking":
        raise NotAllowedInPhase(gig.phase)
    return (GigStarted(at=context.now, account=command.account),)


def _stop(gig: Gig, command: StopGig, context: Context) -> Events:
    only_party(gig, command.account)
    stopped_early = gig.phase == "cancelled" and gig.ended_how == "stop"
    if gig.phase in STOPPED or stopped_early:
        return REPEAT
    if gig.phase == "streaming":
        return (purchased(gig, context, command.account, "stop"),)
    if gig.phase != "handshaking":
        raise NotAllowedInPhase(gig.phase)
    return (cancelled(gig, context, command.account, "stop"),)


def _rate(gig: Gig, command: RateGig, context: Context) -> Events:
    only_party(gig, command.account)
    if not 1 <= command.rating <= 5:
        raise Invalid({"rating": "must be 1 to 5"})
    by_customer = command.account == gig.customer
    given, other = gig.customer_rating, gig.operator_rating
    if by_customer:
        given, other = other, given
    if given is not None:
        if given.value == command.rating:
            return REPEAT
        raise Conflict("you rated the gig before")
    if gig.phase != "purchased":
        raise NotAllowedInPhase(gig.phase)
    rated = GigRated(
        at=context.now,
        account=command.account,
        rating=command.rating,
        rating_id=command.rating_id,
    )
    return (rated,) if other is None else (rated, GigVoted(at=context.now))


def _sign_of_life(gig: Gig, command: SignOfLife, context: Context) -> Events:
    only_party(gig, command.account)
    return repeated(gig, command.account, context)


def _end(gig: Gig, _command: EndGig, context: Context) -> Events:
    return end(gig, context)


DECISIONS: Mapping[type[Command], Callable[[Gig, Any, Context], Events]] = {
    ClaimGig: claim,
    RejectOffer: reject_offer,
    WithdrawOffer: withdraw_offer,
    ConfirmGig: _confirm,
    RejectOperator: _reject_operator,
    CancelGig: _cancel,
    HandshakeGig: _handshake,
    FailVideo: _fail_video,
    StartGig: _start,
    StopGig: _stop,
    RateGig: _rate,
    SignOfLife: _sign_of_life,
    AdvanceGig: advance,
    EndGig: _end,
    ReachDeadline: expired_at_deadline,
}
"""Every command that an existing gig knows, beside a repeated ``RequestGig``."""
