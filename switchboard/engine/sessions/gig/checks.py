"""What every decision of a gig asks first: is the caller one of its people, is this a repeat."""

from __future__ import annotations

from switchboard.engine.errors import NotAllowed
from switchboard.engine.sessions.gig.events import PartyHeard
from switchboard.engine.sessions.gig.state import Gig
from switchboard.engine.sessions.kind import Context, Event

Events = tuple[Event, ...]

REPEAT: Events = ()


def only_party(gig: Gig, account: str) -> None:
    """Raises: NotAllowed, for everybody but the customer and the operator that was found."""
    if account != gig.customer and account != gig.operator:
        raise NotAllowed("you are no party of the gig")


def only_customer(gig: Gig, account: str) -> None:
    """Raises: NotAllowed, for everybody but the customer."""
    if account != gig.customer:
        raise NotAllowed("only the gig's customer may")


def repeated(gig: Gig, account: str, context: Context) -> Events:
    """A repeat by a party; while streaming it is also a sign of life."""
    if gig.phase == "streaming":
        return (PartyHeard(at=context.now, account=account),)
    return REPEAT
