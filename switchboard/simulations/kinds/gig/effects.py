"""What must be true of a gig that a command was answered with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from switchboard.engine.sessions import Command
from switchboard.engine.sessions.gig import (
    CancelGig,
    ClaimGig,
    ConfirmGig,
    Gig,
    HandshakeGig,
    RateGig,
    RejectOffer,
    RejectOperator,
    RequestGig,
    StartGig,
    StopGig,
)


def _rated(gig: Gig, command: RateGig) -> bool:
    rating = gig.operator_rating if command.account == gig.customer else gig.customer_rating
    return rating is not None and rating.value == command.rating


def _rejected(gig: Gig, command: RejectOffer) -> bool:
    answers = {offer.operator: offer.answer for offer in gig.offers}
    return answers.get(command.operator) == "rejected" or gig.ended_how == "back_out"


EFFECTS: Mapping[type[Command], Callable[[Any, Any], bool]] = {
    RequestGig: lambda gig, command: gig.customer == command.customer,
    ClaimGig: lambda gig, command: gig.operator == command.operator,
    RejectOffer: _rejected,
    ConfirmGig: lambda gig, _: gig.confirmed_at is not None,
    RejectOperator: lambda gig, _: gig.phase == "customerRejected",
    CancelGig: lambda gig, _: gig.phase == "cancelled",
    HandshakeGig: lambda gig, command: command.account in gig.handshaken,
    StartGig: lambda gig, _: gig.started_at is not None,
    StopGig: lambda gig, _: gig.stopped_at is not None or gig.ended_how == "stop",
    RateGig: _rated,
}
