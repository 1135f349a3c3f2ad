"""A stream's state: the fold of its journal."""

from __future__ import annotations

from typing import Literal

import msgspec

from switchboard.engine.instants import Instant
from switchboard.engine.sessions.stream.commands import Terms
from switchboard.engine.sessions.video import VideoSession

StreamStatus = Literal[
    "requested",
    "streaming",
    "stopped",
    "completed",
    "expired",
    "missed",
    "missed-offline",
]

OfferAnswer = Literal["waiting", "unanswered", "offline"]
"""``waiting`` is the offer that stands; at most one does."""


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A dealer that the stream was offered to, and what came of it."""

    dealer: str
    at: Instant
    answer: OfferAnswer = "waiting"


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """One stream. ``phase`` is its status on the wire; instants are None until they happen."""

    id: str
    phase: StreamStatus
    organization: str
    vin: str
    terms: Terms
    video: VideoSession | None = None
    """None if nobody was there to stream."""
    guest: str | None = None
    visitor: str | None = None
    offers: tuple[Offer, ...] = ()
    """In the order in which they were first made, one a dealer."""
    offered_to: str | None = None
    """The dealer whose answer is awaited; None while ``requested``: the stream waits for a dealer."""
    tried_at: Instant = 0
    """When the stream was last offered, or last asked for a dealer."""
    dealer: str | None = None
    """Who took it."""
    dealer_name: str | None = None
    note: str | None = None
    lead: str | None = None
    duration_seconds: int | None = None
    created_at: Instant
    updated_at: Instant
    started_at: Instant | None = None
    stopped_at: Instant | None = None
    seen_at: Instant = 0
    """When the dealer was last heard; volatile (SignOfLife), feeds the watchdog."""


class StreamSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What lists show of a stream, and what the showroom rebuilds its memory from after a restart."""

    id: str
    status: StreamStatus
    organization: str
    vin: str
    guest: str | None
    offered_to: str | None
    dealer: str | None
    dealer_name: str | None
    note: str | None
    lead: str | None
    duration: int | None
    created_at: Instant
    updated_at: Instant
    started_at: Instant | None
    stopped_at: Instant | None

    @staticmethod
    def decode(body: bytes) -> StreamSummary:
        """The summary of a session's header (``Header.summary``)."""
        return msgspec.json.decode(body, type=StreamSummary)


class StreamNotice(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody is told, by the push codes of the auto contract; dialects add title and message."""

    code: int
    stream: str
    status: StreamStatus
    organization: str
    vin: str
    dealer: str | None
    dealer_name: str | None
