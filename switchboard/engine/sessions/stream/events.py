"""What can have happened to a stream. Each is journaled under its class name in the format given in ``EVENTS``.

A shipped class is never changed (see ``kind.Event``): tests/golden has the bytes of each.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from switchboard.engine.instants import Instant
from switchboard.engine.sessions.kind import Event
from switchboard.engine.sessions.stream.commands import Party, PassedBecause, Terms
from switchboard.engine.sessions.video import VideoSession


class StreamRequested(Event, frozen=True, kw_only=True):
    """A visitor asked, and the stream is offered to ``dealer``."""

    id: str
    organization: str
    vin: str
    dealer: str
    video: VideoSession
    guest: str | None
    visitor: str | None
    terms: Terms


class NobodyOnline(Event, frozen=True, kw_only=True):
    """A visitor asked while no dealer was online and free; that is all that ever happens to the stream."""

    id: str
    organization: str
    vin: str
    guest: str | None
    visitor: str | None
    terms: Terms


class OfferPassed(Event, frozen=True, kw_only=True):
    """The dealer did not answer in time or went offline; the next one is sought."""

    dealer: str
    because: PassedBecause


class StreamOffered(Event, frozen=True, kw_only=True):
    """The next dealer was found, and the stream is offered to it."""

    dealer: str


class DealerSought(Event, frozen=True, kw_only=True):
    """Nobody was found so far, and the stream asks again."""


class StreamAccepted(Event, frozen=True, kw_only=True):
    """A dealer to whom it was offered took it, and streams."""

    dealer: str
    dealer_name: str


class DealerHeard(Event, frozen=True, kw_only=True):
    """The dealer gave a sign of life while streaming. Volatile: never journaled."""


class StreamMissed(Event, frozen=True, kw_only=True):
    """Nobody took it in time."""


class StreamStopped(Event, frozen=True, kw_only=True):
    """It was stopped, or had streamed for as long as its terms allow."""

    party: Party | None
    """Who stopped it, if that was proven."""
    how: Literal["stop", "administrator", "limit"]
    stopped_at: Instant
    """Not later than the longest time allows, however late that was noticed."""
    duration_seconds: int
    """0 if it never streamed."""


class StreamCompleted(Event, frozen=True, kw_only=True):
    """The same when its lead was there already."""

    party: Party | None
    """Who stopped it, if that was proven."""
    how: Literal["stop", "administrator", "limit"]
    stopped_at: Instant
    """Not later than the longest time allows, however late that was noticed."""
    duration_seconds: int
    """0 if it never streamed."""


class StreamExpired(Event, frozen=True, kw_only=True):
    """The dealer was not heard for the watchdog's time."""

    duration_seconds: int


class NoteWritten(Event, frozen=True, kw_only=True):
    """Somebody wrote its note, or another in place of the one before."""

    note: str


class LeadLinked(Event, frozen=True, kw_only=True):
    """The visitor left a lead."""

    lead: str


EVENTS: Mapping[str, tuple[int, type[Event]]] = {
    "StreamRequested": (1, StreamRequested),
    "NobodyOnline": (1, NobodyOnline),
    "OfferPassed": (1, OfferPassed),
    "StreamOffered": (1, StreamOffered),
    "DealerSought": (1, DealerSought),
    "StreamAccepted": (1, StreamAccepted),
    "StreamMissed": (1, StreamMissed),
    "StreamStopped": (1, StreamStopped),
    "StreamExpired": (1, StreamExpired),
    "StreamCompleted": (1, StreamCompleted),
    "NoteWritten": (1, NoteWritten),
    "LeadLinked": (1, LeadLinked),
}
"""Journaled name -> (format, class) of everything that is durable."""
