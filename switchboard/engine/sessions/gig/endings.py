"""How a gig's phases end: cancelled, purchased, by their own deadline, by an administrator, by the back office."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from switchboard.engine.errors import NotAllowedInPhase
from switchboard.engine.instants import Instant, whole_seconds
from switchboard.engine.sessions.gig.commands import AdvanceGig, ReachDeadline
from switchboard.engine.sessions.gig.events import (
    GigCancelled,
    GigCompensated,
    GigExpired,
    GigPurchased,
    GigTerminated,
    InvoiceGenerated,
    InvoiceSent,
    RatingWindowClosed,
)
from switchboard.engine.sessions.gig.machine import LIVE, deadline, longest_stream_until
from switchboard.engine.sessions.gig.pricing import price_cents, share_cents
from switchboard.engine.sessions.gig.state import Gig
from switchboard.engine.sessions.kind import Context, Event


def since_request_or_start(gig: Gig, now: Instant) -> int:
    """The duration in seconds of a gig that ends now: from the start once it streamed, else from the request."""
    return whole_seconds(now - (gig.created_at if gig.started_at is None else gig.started_at))


def cancelled(
    gig: Gig,
    context: Context,
    by: str,
    how: Literal["cancel", "back_out", "stop", "administrator"],
) -> GigCancelled:
    """The early end of a live gig."""
    duration = since_request_or_start(gig, context.now)
    return GigCancelled(at=context.now, by=by, how=how, duration_seconds=duration)


def purchased(
    gig: Gig,
    context: Context,
    by: str | None,
    how: Literal["stop", "administrator", "limit"],
) -> GigPurchased:
    """The end of a stream that is to be paid."""
    assert gig.started_at is not None, "only a gig that started is purchased"
    stopped_at = min(context.now, longest_stream_until(gig))
    duration = whole_seconds(stopped_at - gig.started_at)
    price = price_cents(gig.terms.tariff, duration)
    return GigPurchased(
        at=context.now,
        by=by,
        how=how,
        stopped_at=stopped_at,
        duration_seconds=duration,
        price_cents=price,
        share_cents=share_cents(gig.terms.tariff, price),
    )


def end(gig: Gig, context: Context) -> tuple[Event, ...]:
    """What an administrator's end does: purchased while streaming, cancelled while live, nothing once over."""
    if gig.phase not in LIVE:
        return ()
    if gig.phase == "streaming":
        return (purchased(gig, context, context.by, "administrator"),)
    return (cancelled(gig, context, context.by, "administrator"),)


def expired_at_deadline(gig: Gig, command: ReachDeadline, context: Context) -> tuple[Event, ...]:
    """What the gig does by itself when its time has come; nothing if the command is stale or early."""
    current = deadline(gig)
    if current is None or current.command != command or current.at > context.now:
        return ()
    if gig.phase == "purchased":
        return (RatingWindowClosed(at=context.now, locked=_unrated(gig)),)
    if gig.phase == "streaming":
        if current.at == longest_stream_until(gig):
            return (purchased(gig, context, None, "limit"),)
        duration = since_request_or_start(gig, context.now)
        return (GigTerminated(at=context.now, duration_seconds=duration),)
    return (GigExpired(at=context.now, duration_seconds=since_request_or_start(gig, context.now)),)


def _unrated(gig: Gig) -> tuple[str, ...]:
    """The parties that have not rated: the customer gives ``operator_rating``, the operator ``customer_rating``."""
    assert gig.operator is not None, "only a gig that had an operator is purchased"
    missing = []
    if gig.operator_rating is None:
        missing.append(gig.customer)
    if gig.customer_rating is None:
        missing.append(gig.operator)
    return tuple(missing)


BackOfficeEvent = InvoiceGenerated | InvoiceSent | GigCompensated

BACK_OFFICE: Mapping[str, tuple[int, type[BackOfficeEvent] | None]] = {
    "purchased": (0, InvoiceGenerated),
    "voted": (0, InvoiceGenerated),
    "invoiceGenerated": (1, InvoiceSent),
    "invoiceSent": (2, GigCompensated),
    "compensated": (3, None),
}
"""Phase -> how many steps of the back office are behind it, and the next."""


def advance(gig: Gig, command: AdvanceGig, context: Context) -> tuple[Event, ...]:
    """The back office's next step; none if the caller saw an earlier status, whose step has been taken.

    Raises: NotAllowedInPhase.
    """
    steps, following = BACK_OFFICE.get(gig.phase, (0, None))
    if command.expected is not None and command.expected != gig.phase:
        if BACK_OFFICE.get(command.expected, (steps, None))[0] < steps:
            return ()
        raise NotAllowedInPhase(gig.phase)
    waits = gig.phase == "purchased" and (
        context.now < gig.phase_since + gig.terms.advance_unrated_after
    )
    if following is None or waits:
        raise NotAllowedInPhase(gig.phase)
    return (following(at=context.now),)
