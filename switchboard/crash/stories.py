"""How gigs end: each story as the steps that lead there after the request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

Who = Literal["customer", "operator", "offered", "admin"]
"""``operator``: the one that takes this gig. ``offered``: each operator that it was offered to, in turn."""


class Step(NamedTuple):
    """A call about a gig, and the events of which it leaves one."""

    call: str
    who: Who
    effects: tuple[str, ...]
    body: Any = None


REQUESTED = ("GigRequested",)
"""What a request leaves."""

COMPANIONS = frozenset({"OffersExhausted", "GigVoted"})
"""Events that a step can leave beside its own, in the same turn and by the same request."""

ACCEPT = Step("claim", "operator", ("GigClaimed",), {"response": "accept"})
DECLINE = Step("claim", "offered", ("OfferRejected",), {"response": "reject"})
BACK_OUT = Step("claim", "operator", ("GigCancelled",), {"response": "reject"})
CONFIRM = Step("confirm", "customer", ("GigConfirmed",))
REJECT = Step("reject", "customer", ("OperatorRejected",))
SHAKE = Step("handshake", "operator", ("HandshakeBegun", "HandshakeJoined"))
SHAKE_BACK = Step("handshake", "customer", ("HandshakeBegun", "HandshakeJoined"))
START = Step("start", "customer", ("GigStarted",))
STOP = Step("stop", "customer", ("GigPurchased", "GigCancelled"))
STOP_BY_OPERATOR = Step("stop", "operator", ("GigPurchased", "GigCancelled"))
CANCEL = Step("cancel", "customer", ("GigCancelled",))
CANCEL_BY_OPERATOR = Step("cancel", "operator", ("GigCancelled",))
RATE = Step("rate", "customer", ("GigRated",), {"rating": 5})
RATE_BACK = Step("rate", "operator", ("GigRated",), {"rating": 4})
BILL = Step("advance", "admin", ("InvoiceGenerated",), {"status": "voted"})
SEND = Step("advance", "admin", ("InvoiceSent",), {"status": "invoiceGenerated"})
PAY = Step("advance", "admin", ("GigCompensated",), {"status": "invoiceSent"})

TO_FOUND = (ACCEPT,)
TO_ENROUTE = (*TO_FOUND, CONFIRM)
TO_HANDSHAKING = (*TO_ENROUTE, SHAKE)
TO_STREAMING = (*TO_HANDSHAKING, SHAKE_BACK, START)
TO_PURCHASED = (*TO_STREAMING, STOP)
TO_VOTED = (*TO_PURCHASED, RATE, RATE_BACK)


class Story(NamedTuple):
    """One way for a gig to end."""

    weight: int
    """How often, of the sum of all."""
    steps: tuple[Step, ...]
    waits: bool = False
    """The gig's own deadline comes last."""


STORIES: Mapping[str, Story] = {
    "voted": Story(6, TO_VOTED),
    "voted, the operator stops and rates first": Story(
        2, (*TO_STREAMING, STOP_BY_OPERATOR, RATE_BACK, RATE)
    ),
    "compensated": Story(3, (*TO_VOTED, BILL, SEND, PAY)),
    "unrated": Story(2, TO_PURCHASED),
    "half rated": Story(1, (*TO_PURCHASED, RATE)),
    "declined by all": Story(1, (DECLINE,)),
    "declined by the customer": Story(1, (*TO_FOUND, REJECT)),
    "cancelled while pending": Story(1, (CANCEL,)),
    "cancelled when found": Story(1, (*TO_FOUND, CANCEL)),
    "backed out": Story(1, (*TO_FOUND, BACK_OUT)),
    "cancelled on the way": Story(1, (*TO_ENROUTE, CANCEL_BY_OPERATOR)),
    "cancelled at the handshake": Story(1, (*TO_HANDSHAKING, CANCEL)),
    "stopped at the handshake": Story(1, (*TO_HANDSHAKING, STOP)),
    "cancelled for want of video": Story(1, (*TO_STREAMING, CANCEL)),
    "expired": Story(1, (), waits=True),
    "silent": Story(1, TO_STREAMING, waits=True),
}
"""Whole gigs are most of it; each other end is there."""

LIVE = frozenset(
    {"pendingOperator", "operatorFound", "operatorEnroute", "handshaking", "streaming"}
)
"""The statuses in which a gig engages its people (contracts/dropin.md, 'The gig's states')."""
