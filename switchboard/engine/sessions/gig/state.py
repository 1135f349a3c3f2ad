"""A gig's state: the fold of its journal."""

from __future__ import annotations

from typing import Literal

import msgspec

from switchboard.engine.instants import Instant
from switchboard.engine.sessions.gig.commands import Terms
from switchboard.engine.sessions.video import VideoSession

GigStatus = Literal[
    "pendingOperator",
    "operatorFound",
    "allOperatorsRejected",
    "operatorEnroute",
    "handshaking",
    "streaming",
    "purchased",
    "voted",
    "invoiceGenerated",
    "invoiceSent",
    "compensated",
    "expired",
    "failed",
    "cancelled",
    "customerRejected",
    "terminated",
]

OfferAnswer = Literal["waiting", "accepted", "rejected", "withdrawn"]


GigEnding = Literal[
    "cancel",
    "back_out",
    "reject",
    "exhausted",
    "stop",
    "deadline",
    "limit",
    "silence",
    "video",
    "administrator",
]
"""Which step ended the live part, so that a repeat of that step is recognised."""


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """An operator that the gig was offered to, and what came of it."""

    operator: str
    latitude: float
    longitude: float
    distance_metres: int
    answer: OfferAnswer = "waiting"


class Rating(msgspec.Struct, frozen=True, kw_only=True):
    """What one party gave the other."""

    id: str
    value: int
    at: Instant


class Gig(msgspec.Struct, frozen=True, kw_only=True):
    """One gig. ``phase`` is its status on the wire; instants are None until they happen."""

    id: str
    phase: GigStatus
    customer: str
    latitude: float
    longitude: float
    terms: Terms
    offers: tuple[Offer, ...]
    """Nearest first."""
    device_id: str | None = None
    claim_id: str | None = None
    meta_data: str | None = None
    operator: str | None = None
    operator_latitude: float | None = None
    operator_longitude: float | None = None
    payment_nonce: str | None = None
    video: VideoSession | None = None
    handshaken: tuple[str, ...] = ()
    """Accounts that have fetched their keys."""
    created_at: Instant
    updated_at: Instant
    phase_since: Instant
    claimed_at: Instant | None = None
    confirmed_at: Instant | None = None
    started_at: Instant | None = None
    stopped_at: Instant | None = None
    ended_at: Instant | None = None
    ended_how: GigEnding | None = None
    ended_by: str | None = None
    """Who took that step; None if it was nobody."""
    duration_seconds: int | None = None
    price_cents: int | None = None
    share_cents: int | None = None
    bypass_rating: bool = False
    """It ended without a purchase: there is nothing to rate."""
    customer_rating: Rating | None = None
    """Given by the operator."""
    operator_rating: Rating | None = None
    """Given by the customer."""
    locked: tuple[str, ...] = ()
    """Parties whose rating window has passed without their rating: each holds a rating debt."""
    window_closed: bool = False
    seen_at: Instant = 0
    """When a party was last heard; volatile (SignOfLife), feeds the streaming watchdog."""


class GigSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What lists show of a gig."""

    id: str
    status: GigStatus
    customer: str
    operator: str | None
    customer_rating: int | None
    operator_rating: int | None
    latitude: float
    longitude: float
    duration: int | None
    price_cents: int | None
    bypass_rating: bool
    created_at: Instant
    updated_at: Instant
    confirmed_at: Instant | None
    started_at: Instant | None
    stopped_at: Instant | None


class GigNotice(msgspec.Struct, frozen=True, kw_only=True):
    """What a party is told, by the push codes of the dropin contract; dialects add title, message and own keys."""

    code: int
    gig: str
    status: GigStatus
    customer: str
    operator: str | None
    latitude: float
    longitude: float
    duration: int | None = None
    price_cents: int | None = None
    bypass_rating: bool = False
    video: VideoSession | None = None
    """With code 2: the room; each party's own token is made when the notice is rendered."""
