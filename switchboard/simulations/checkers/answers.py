"""What people are told: committed states only, nothing older than what they could know, and no false refusal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from switchboard.engine.errors import (
    Engaged,
    NotAllowed,
    NotAllowedInPhase,
    NotFound,
    RatingRequired,
    Rejected,
)
from switchboard.engine.sessions import Address, Command
from switchboard.engine.sessions.gig import (
    LIVE,
    CancelGig,
    ClaimGig,
    ConfirmGig,
    Gig,
    HandshakeGig,
    RateGig,
    RejectOffer,
    RejectOperator,
    RequestGig,
    SignOfLife,
    StartGig,
    StopGig,
)
from switchboard.engine.sessions.person import GoOffline, GoOnline
from switchboard.simulations.checkers.shadows import Shadows, plain
from switchboard.simulations.trace import Violation

COMMITTED = "only what is committed is answered"
EFFECT = "what was acknowledged has happened"
FALSE = "no false refusal after one's own effects were answered"

PARTYS = (CancelGig, HandshakeGig, StartGig, StopGig, RateGig, SignOfLife)
"""Commands that are either party's to give."""


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
    GoOnline: lambda person, _: person.phase == "online",
    GoOffline: lambda person, _: person.phase == "offline",
}
"""What must be true of the state that a command was answered with."""


class Answers:
    """Judges answers and refusals by the states that were committed while the call was under way, and the last one
    before it."""

    def __init__(self, shadows: Shadows) -> None:
        self._shadows = shadows

    def answered(self, began: int, address: Address, command: Command | None, state: Any) -> None:
        """Judges the state that was answered; ``command`` None: a read. Raises: Violation."""
        shadow = self._shadows[address]
        # A request may be answered with the first answer to its key, however old.
        met = shadow.since(-1 if isinstance(command, RequestGig) else began)
        if plain(state) not in met:
            seen = f"{address} answered {state!r}, committed are {met!r}"
            raise Violation(COMMITTED, seen, [address])
        effect = EFFECTS.get(type(command)) if command is not None else None
        if effect is not None and not effect(state, command):
            raise Violation(EFFECT, f"{command!r} was answered with {state!r}", [address])

    def refused(
        self, began: int, address: Address, command: Command | None, account: str, error: Rejected
    ) -> None:
        """Judges a refusal. Raises: Violation."""
        excuse = True
        match error:
            case Engaged(session=gig):
                address = Address("gig", gig)
                if isinstance(command, RequestGig):
                    self._itself(address, command)
                excuse = self._was(began, gig, lambda one: _engages(one, account))
            case RatingRequired(gig=gig):
                address = Address("gig", gig)
                excuse = self._was(began, gig, lambda one: account in one.locked)
            case NotAllowedInPhase(phase=phase):
                excuse = any(
                    one is not None and one.phase == phase
                    for one in self._shadows[address].since(began)
                )
            case NotFound(what="gig"):
                excuse = None in self._shadows[address].since(began)
            case NotAllowed() if isinstance(command, PARTYS):
                excuse = not all(
                    one is not None and account in (one.customer, one.operator)
                    for one in self._shadows[address].since(began)
                )
            case _:
                return
        if not excuse:
            seen = f"{account} heard {error!r} to {command!r}"
            raise Violation(FALSE, seen, [address])

    def _itself(self, address: Address, command: RequestGig) -> None:
        """A request that is sent again with its key is not in its own way."""
        gig = self._shadows[address].state
        if isinstance(gig, Gig) and gig.claim_id == command.claim_id:
            seen = f"{command.customer} heard that its request itself engages it, in {gig.id}"
            raise Violation(FALSE, seen, [address])

    def _was(self, began: int, gig: str, holds: Callable[[Gig], bool]) -> bool:
        """Whether it held for the gig at any moment of the call."""
        met = self._shadows[Address("gig", gig)].since(began)
        return any(one is not None and holds(one) for one in met)


def _engages(gig: Gig, account: str) -> bool:
    return gig.phase in LIVE and account in (gig.customer, gig.operator)
