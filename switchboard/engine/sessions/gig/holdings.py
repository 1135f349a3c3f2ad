"""What a gig holds of the world: claims on its parties, places in lists, the summary that lists show."""

from __future__ import annotations

from typing import Any

from switchboard.engine.errors import Engaged, RatingRequired, Rejected
from switchboard.engine.sessions.gig.commands import ClaimGig, ConfirmGig, RequestGig
from switchboard.engine.sessions.gig.machine import LIVE
from switchboard.engine.sessions.gig.state import Gig, GigSummary
from switchboard.engine.sessions.kind import Claim, ListEntry

ENGAGEMENT = "engagement"
"""Claim scope; the key is an account: it is in at most one live session, in either role."""


def rating_debt(account: str) -> str:
    """The claim scope of that account's debts; the keys are the gigs that it has to rate."""
    return f"rating-debt/{account}"


def claims(gig: Gig) -> frozenset[Claim]:
    """The parties' engagement while the gig is live, and a debt for each party that is locked."""
    if gig.phase in LIVE:
        parties = (gig.customer,) if gig.operator is None else (gig.customer, gig.operator)
        return frozenset(Claim(ENGAGEMENT, account) for account in parties)
    return frozenset(Claim(rating_debt(account), gig.id) for account in gig.locked)


def bars(command: Any) -> tuple[str, ...]:
    """Whoever owes a rating neither requests, accepts nor confirms."""
    match command:
        case RequestGig(customer=account) | ClaimGig(operator=account):
            return (rating_debt(account),)
        case ConfirmGig(account=account):
            return (rating_debt(account),)
        case _:
            return ()


def refusal(_command: Any, claim: Claim, holder: str) -> Rejected:
    """What the caller hears when ``holder`` has the claim: the session that engages it, or the gig to be rated."""
    return Engaged(holder) if claim.scope == ENGAGEMENT else RatingRequired(holder)


def lists(gig: Gig) -> frozenset[ListEntry]:
    """``gigs-of`` each party for ever, ``gigs-offered`` to an operator while its answer is awaited."""
    entries = {ListEntry("gigs-of", gig.customer)}
    if gig.operator is not None:
        entries.add(ListEntry("gigs-of", gig.operator))
    entries.update(ListEntry("gigs-offered", operator) for operator in waiting_operators(gig))
    return frozenset(entries)


def waiting_operators(gig: Gig) -> tuple[str, ...]:
    """The operators whose answer is awaited, nearest first; none once the gig is no longer pending."""
    if gig.phase != "pendingOperator":
        return ()
    return tuple(offer.operator for offer in gig.offers if offer.answer == "waiting")


def summary(gig: Gig) -> GigSummary:
    """What lists show of the gig."""
    return GigSummary(
        id=gig.id,
        status=gig.phase,
        customer=gig.customer,
        operator=gig.operator,
        customer_rating=None if gig.customer_rating is None else gig.customer_rating.value,
        operator_rating=None if gig.operator_rating is None else gig.operator_rating.value,
        latitude=gig.latitude,
        longitude=gig.longitude,
        duration=gig.duration_seconds,
        price_cents=gig.price_cents,
        bypass_rating=gig.bypass_rating,
        created_at=gig.created_at,
        updated_at=gig.updated_at,
        confirmed_at=gig.confirmed_at,
        started_at=gig.started_at,
        stopped_at=gig.stopped_at,
    )
