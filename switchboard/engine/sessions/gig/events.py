"""What can have happened to a gig. Each is journaled under its class name in the format given in ``EVENTS``.

A shipped class is never changed (see ``kind.Event``): tests/golden has the bytes of each.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from switchboard.engine.instants import Instant
from switchboard.engine.sessions.gig.commands import Candidate, Terms
from switchboard.engine.sessions.kind import Event
from switchboard.engine.sessions.video import VideoSession


class GigRequested(Event, frozen=True, kw_only=True):
    """A customer asked, and the gig is offered to each of ``candidates``."""

    id: str
    customer: str
    latitude: float
    longitude: float
    candidates: tuple[Candidate, ...]
    terms: Terms
    device_id: str | None
    claim_id: str | None
    meta_data: str | None
    customer_operates: bool


class OfferRejected(Event, frozen=True, kw_only=True):
    """An offered operator declined."""

    operator: str


class OfferWithdrawn(Event, frozen=True, kw_only=True):
    """An offered operator became unavailable before it answered."""

    operator: str
    because: Literal["engaged", "offline", "locked"]


class OffersExhausted(Event, frozen=True, kw_only=True):
    """Nobody is left who could accept."""

    duration_seconds: int


class GigClaimed(Event, frozen=True, kw_only=True):
    """An offered operator accepted, first; its place is never unknown."""

    operator: str
    latitude: float
    longitude: float


class GigConfirmed(Event, frozen=True, kw_only=True):
    """The customer took the operator that was found."""

    payment_nonce: str | None


class OperatorRejected(Event, frozen=True, kw_only=True):
    """The customer declined the operator that was found."""

    duration_seconds: int


class HandshakeBegun(Event, frozen=True, kw_only=True):
    """The first party fetched its keys to the room, which is this one from now on."""

    account: str
    video: VideoSession


class HandshakeJoined(Event, frozen=True, kw_only=True):
    """The other party fetched its keys too."""

    account: str


class VideoFailed(Event, frozen=True, kw_only=True):
    """The video provider failed for good, as ``account`` found."""

    account: str
    duration_seconds: int


class GigStarted(Event, frozen=True, kw_only=True):
    """The stream is seen, says ``account``."""

    account: str


class PartyHeard(Event, frozen=True, kw_only=True):
    """A party gave a sign of life while streaming. Volatile: never journaled."""

    account: str


class GigCancelled(Event, frozen=True, kw_only=True):
    """It ended early and nothing is to be paid."""

    by: str
    """A party, or who asked for the administrator's end."""
    how: Literal["cancel", "back_out", "stop", "administrator"]
    """``back_out``: by the operator that was found, before the confirm."""
    duration_seconds: int


class GigExpired(Event, frozen=True, kw_only=True):
    """The phase's own time ran out."""

    duration_seconds: int


class GigTerminated(Event, frozen=True, kw_only=True):
    """Neither party was heard for the watchdog's time."""

    duration_seconds: int


class GigPurchased(Event, frozen=True, kw_only=True):
    """The stream is over and is to be paid; purchase and payment follow from these numbers."""

    by: str | None
    """None: the longest time that may be streamed had passed."""
    how: Literal["stop", "administrator", "limit"]
    stopped_at: Instant
    """Not later than the longest time allows, however late it was noticed: nobody pays for downtime of ours."""
    duration_seconds: int
    price_cents: int
    share_cents: int


class RatingWindowClosed(Event, frozen=True, kw_only=True):
    """The rating window passed; ``locked`` are the parties that had not rated."""

    locked: tuple[str, ...]


class GigRated(Event, frozen=True, kw_only=True):
    """One party rated the other."""

    account: str
    rating: int
    rating_id: str


class GigVoted(Event, frozen=True, kw_only=True):
    """Both have rated."""


class InvoiceGenerated(Event, frozen=True, kw_only=True):
    """The back office wrote the invoice; ratings that are missing are owed no more."""


class InvoiceSent(Event, frozen=True, kw_only=True):
    """The back office sent it."""


class GigCompensated(Event, frozen=True, kw_only=True):
    """The operator got its share."""


EVENTS: Mapping[str, tuple[int, type[Event]]] = {
    "GigRequested": (1, GigRequested),
    "OfferRejected": (1, OfferRejected),
    "OfferWithdrawn": (1, OfferWithdrawn),
    "OffersExhausted": (1, OffersExhausted),
    "GigClaimed": (1, GigClaimed),
    "GigConfirmed": (1, GigConfirmed),
    "OperatorRejected": (1, OperatorRejected),
    "HandshakeBegun": (1, HandshakeBegun),
    "HandshakeJoined": (1, HandshakeJoined),
    "VideoFailed": (1, VideoFailed),
    "GigStarted": (1, GigStarted),
    "GigCancelled": (1, GigCancelled),
    "GigExpired": (1, GigExpired),
    "GigTerminated": (1, GigTerminated),
    "GigPurchased": (1, GigPurchased),
    "RatingWindowClosed": (1, RatingWindowClosed),
    "GigRated": (1, GigRated),
    "GigVoted": (1, GigVoted),
    "InvoiceGenerated": (1, InvoiceGenerated),
    "InvoiceSent": (1, InvoiceSent),
    "GigCompensated": (1, GigCompensated),
}
"""Journaled name -> (format, class) of everything that is durable."""
