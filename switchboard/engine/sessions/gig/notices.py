"""Whom a gig's event concerns: pushes to its people, word to dispatch, observations of ratings.

Source: the last column of the table in contracts/dropin.md, 'The gig's states'.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from switchboard.engine.sessions.gig.commands import OperatorUnavailable
from switchboard.engine.sessions.gig.events import (
    GigCancelled,
    GigClaimed,
    GigConfirmed,
    GigExpired,
    GigPurchased,
    GigRated,
    GigRequested,
    GigTerminated,
    HandshakeBegun,
    OffersExhausted,
    OperatorRejected,
    RatingWindowClosed,
    VideoFailed,
)
from switchboard.engine.sessions.gig.holdings import waiting_operators
from switchboard.engine.sessions.gig.machine import LIVE
from switchboard.engine.sessions.gig.state import Gig, GigNotice
from switchboard.engine.sessions.kind import Address, Event, Notice, Reaction, Tally
from switchboard.engine.sessions.video import closing

# The push codes of the dropin contract.
HANDSHAKE = 2
PURCHASED = 3
REQUESTED = 4
FOUND = 5
NOBODY_FOUND = 7
CONFIRMED = 11
OPERATOR_REJECTED = 12
GONE = 13
OVER = 14

Told = tuple[tuple[str, int], ...]
"""(account, push code), in the order of telling."""


def notices(before: Gig | None, event: Any, after: Gig) -> tuple[Notice, ...]:
    """What each party is told of ``event``, on its own account's topic."""
    rule = _RULES.get(type(event))
    if rule is None:
        return ()
    # A request has no gig before it; every rule but its own reads the people from the gig that the event met.
    told = rule(after if before is None else before, event)
    return tuple(
        Notice(f"account/{account}", "gig", _notice(code, after)) for account, code in told
    )


def _notice(code: int, gig: Gig) -> GigNotice:
    return GigNotice(
        code=code,
        gig=gig.id,
        status=gig.phase,
        customer=gig.customer,
        operator=gig.operator,
        latitude=gig.latitude,
        longitude=gig.longitude,
        duration=gig.duration_seconds,
        price_cents=gig.price_cents,
        bypass_rating=gig.bypass_rating,
        video=gig.video if code == HANDSHAKE else None,
    )


def _each(accounts: tuple[str, ...], code: int) -> Told:
    return tuple((account, code) for account in accounts)


def _parties(gig: Gig) -> tuple[str, ...]:
    return (gig.customer,) if gig.operator is None else (gig.customer, gig.operator)


def _others(gig: Gig, account: str) -> tuple[str, ...]:
    return tuple(party for party in _parties(gig) if party != account)


def _claimed(gig: Gig, event: GigClaimed) -> Told:
    losers = tuple(other for other in waiting_operators(gig) if other != event.operator)
    return ((gig.customer, FOUND), *_each(losers, GONE))


def _cancelled(gig: Gig, event: GigCancelled) -> Told:
    told = _parties(gig) if event.how == "administrator" else _others(gig, event.by)
    return _each((*told, *waiting_operators(gig)), GONE)


def _expired(gig: Gig, _event: GigExpired) -> Told:
    if gig.operator is None:
        return ((gig.customer, NOBODY_FOUND), *_each(waiting_operators(gig), GONE))
    return _each(_parties(gig), OVER)


def _operator(gig: Gig, code: int) -> Told:
    return () if gig.operator is None else ((gig.operator, code),)


_RULES: Mapping[type[Event], Callable[[Gig, Any], Told]] = {
    GigRequested: lambda gig, _: _each(waiting_operators(gig), REQUESTED),
    GigClaimed: _claimed,
    OffersExhausted: lambda gig, _: ((gig.customer, NOBODY_FOUND),),
    GigExpired: _expired,
    GigCancelled: _cancelled,
    GigConfirmed: lambda gig, _: _operator(gig, CONFIRMED),
    OperatorRejected: lambda gig, _: _operator(gig, OPERATOR_REJECTED),
    HandshakeBegun: lambda gig, event: _each(_others(gig, event.account), HANDSHAKE),
    VideoFailed: lambda gig, _: _each(_parties(gig), OVER),
    GigPurchased: lambda gig, _: _each(_parties(gig), PURCHASED),
    GigTerminated: lambda gig, _: _each(_parties(gig), OVER),
}


def reactions(before: Gig | None, event: Any, after: Gig) -> tuple[Reaction, ...]:
    """Dispatch hears of everybody whom this event made unable to accept the offers that wait for them; the room of a
    gig that has ended is closed."""
    return (*_unable(event), *closing(before, after, LIVE))


def _unable(event: Any) -> tuple[Reaction, ...]:
    match event:
        case GigRequested(customer=account, customer_operates=True):
            return (_unavailable(account, "engaged"),)
        case GigClaimed(operator=account):
            return (_unavailable(account, "engaged"),)
        case RatingWindowClosed(locked=locked):
            return tuple(_unavailable(account, "locked") for account in locked)
        case _:
            return ()


def _unavailable(account: str, because: Literal["engaged", "locked"]) -> Reaction:
    return Reaction(
        Address("dispatch", account), OperatorUnavailable(account=account, because=because)
    )


def tallies(before: Gig | None, event: Any, _after: Gig) -> tuple[Tally, ...]:
    """Each rating counts for the one who got it: ``operator-rating`` or ``customer-rating``."""
    if before is None or not isinstance(event, GigRated):
        return ()
    if event.account == before.customer:
        assert before.operator is not None, "only a gig that had an operator is rated"
        return (Tally("operator-rating", before.operator, event.rating),)
    return (Tally("customer-rating", before.customer, event.rating),)
