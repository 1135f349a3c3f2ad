"""What may be asked of a stream."""

from __future__ import annotations

from typing import Literal

import msgspec

from switchboard.engine.instants import Instant, Milliseconds
from switchboard.engine.sessions.kind import Command
from switchboard.engine.sessions.video import VideoSession

Party = Literal["dealer", "viewer"]

PassedBecause = Literal["unanswered", "offline"]


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """Every setting that a stream's decisions use, recorded with the request. Times in milliseconds.

    Source: contracts/auto.md, 'The stream's states'.
    """

    offer_timeout: Milliseconds = 30_000
    missed_after: Milliseconds = 120_000
    watchdog: Milliseconds = 10 * 60_000
    streaming_most: Milliseconds = 4 * 60 * 60_000


class RequestStream(Command, frozen=True, kw_only=True):
    """A visitor of an organization's page asks.

    With a ``dealer``, who is free as far as the caller knows, the stream is requested and offered to it, and ``video``
    is its room; without one nobody was there, and the stream is kept as missed-offline.
    """

    id: str
    organization: str
    vin: str
    dealer: str | None = None
    video: VideoSession | None = None
    guest: str | None = None
    """What the page calls the visitor; anybody who holds the stream's id may see it."""
    visitor: str | None = None
    """The visitor's own session id; nobody is shown it."""
    terms: Terms = Terms()


class OfferStream(Command, frozen=True, kw_only=True):
    """The next free dealer, as the ``showroom`` workflow found it."""

    dealer: str


class PassOffer(Command, frozen=True, kw_only=True):
    """The dealer went offline before it answered. Harmless when late or repeated."""

    dealer: str


class AcceptStream(Command, frozen=True, kw_only=True):
    """A dealer to whom the stream was offered takes it."""

    dealer: str
    dealer_name: str
    """As the visitor is shown it."""
    online: bool
    """Whether the dealer is online, as its own session says."""


class StopStream(Command, frozen=True, kw_only=True):
    """Somebody who holds the stream's id ends it. ``party``: who that is, if it was proven."""

    party: Party | None = None


class WriteNote(Command, frozen=True, kw_only=True):
    """A note on a stream that is over; a later one replaces it."""

    note: str


class LinkLead(Command, frozen=True, kw_only=True):
    """The visitor left a lead, which is a record of its own; a later one replaces it here."""

    lead: str


class SignOfLife(Command, frozen=True, kw_only=True):
    """The dealer was heard; volatile, feeds the watchdog."""

    dealer: str


class ReachDeadline(Command, frozen=True, kw_only=True):
    """The stream's own deadline: which phase it was meant for and when it was due; stale ones do nothing."""

    phase: str
    due: Instant


class SeekDealer(Command, frozen=True, kw_only=True):
    """To the ``showroom`` workflow: the stream that is named by the target waits for a dealer."""
