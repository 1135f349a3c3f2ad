"""What may be asked of a gig."""

from __future__ import annotations

from typing import Literal

import msgspec

from switchboard.engine.instants import Instant, Milliseconds
from switchboard.engine.sessions.kind import Command
from switchboard.engine.sessions.video import VideoSession


class Tariff(msgspec.Struct, frozen=True, kw_only=True):
    """What a gig costs. Money is integer cents."""

    base_cents: int = 1000
    minute_cents: int = 100
    operator_share_percent: int = 50


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """Every setting that a gig's decisions use, recorded with the request. Times in milliseconds."""

    claim_timeout: Milliseconds = 30_000
    confirm_timeout: Milliseconds = 60_000
    enroute_timeout: Milliseconds = 60 * 60_000
    handshake_timeout: Milliseconds = 5 * 60_000
    no_video_window: Milliseconds = 90_000
    streaming_most: Milliseconds = 8 * 60 * 60_000
    watchdog: Milliseconds = 10 * 60_000
    rating_window: Milliseconds = 60_000
    advance_unrated_after: Milliseconds = 7 * 24 * 60 * 60_000
    tariff: Tariff = Tariff()


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """An operator to whom a gig is offered."""

    operator: str
    latitude: float
    longitude: float
    distance_metres: int


class RequestGig(Command, frozen=True, kw_only=True):
    """A customer asks; ``candidates`` are the available operators, nearest first, at least one."""

    id: str
    customer: str
    latitude: float
    longitude: float
    candidates: tuple[Candidate, ...]
    terms: Terms = Terms()
    device_id: str | None = None
    claim_id: str | None = None
    meta_data: str | None = None
    """A JSON object as text, <= 16 KiB."""
    customer_operates: bool = True
    """Whether the customer may itself hold offers, so that dispatch must hear that it is engaged now. A caller that
    knows better saves a reaction with False."""


class ClaimGig(Command, frozen=True, kw_only=True):
    """An offered operator accepts. ``place``: where the operator is now, if known."""

    operator: str
    latitude: float | None = None
    longitude: float | None = None


class RejectOffer(Command, frozen=True, kw_only=True):
    """An offered operator declines; from the operator that was found it means backing out."""

    operator: str


class OperatorUnavailable(Command, frozen=True, kw_only=True):
    """To the ``dispatch`` workflow: this account can accept nothing now; its waiting offers are to be withdrawn."""

    account: str
    because: Literal["engaged", "offline", "locked"]


class WithdrawOffer(Command, frozen=True, kw_only=True):
    """An offered operator became unavailable before answering (sent by dispatch). Harmless when late or repeated.

    The gig waits for it no more, but an accept that comes after all, while the gig is pending, still counts.
    """

    operator: str
    because: Literal["engaged", "offline", "locked"]


class ConfirmGig(Command, frozen=True, kw_only=True):
    """The customer takes the operator that was found."""

    account: str
    payment_nonce: str | None = None


class RejectOperator(Command, frozen=True, kw_only=True):
    """The customer declines the operator that was found."""

    account: str


class CancelGig(Command, frozen=True, kw_only=True):
    """Either party gives up."""

    account: str


class HandshakeGig(Command, frozen=True, kw_only=True):
    """Either party wants its video keys; ``video`` is recorded by the first."""

    account: str
    video: VideoSession


class FailVideo(Command, frozen=True, kw_only=True):
    """The video provider failed for good."""

    account: str


class StartGig(Command, frozen=True, kw_only=True):
    """The stream is seen."""

    account: str


class StopGig(Command, frozen=True, kw_only=True):
    """The stream is over."""

    account: str


class RateGig(Command, frozen=True, kw_only=True):
    """One party rates the other, 1 to 5, once. ``rating_id`` becomes the rating's id."""

    account: str
    rating: int
    rating_id: str


class SignOfLife(Command, frozen=True, kw_only=True):
    """A party was heard (a ping that carries the gig, the channel); volatile, feeds the watchdog."""

    account: str


class AdvanceGig(Command, frozen=True, kw_only=True):
    """The back office takes the next step: invoiceGenerated, invoiceSent, compensated.

    ``expected`` is the status that the caller saw, if it says so: a repeat is then no second step.
    """

    expected: str | None = None


class EndGig(Command, frozen=True, kw_only=True):
    """An administrator ends it: purchased while streaming, cancelled while live, nothing once over."""


class ReachDeadline(Command, frozen=True, kw_only=True):
    """The gig's own deadline: which phase it was meant for and when it was due; stale ones do nothing."""

    phase: str
    due: Instant
