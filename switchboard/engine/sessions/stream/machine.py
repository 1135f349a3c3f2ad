"""The stream's state machine: every transition in one literal table, the fold of its events, its timers.

Source: contracts/auto.md, 'The stream's states'. Who may do what, and with which events it is answered, is in
``decisions.py``; the diagram in docs/sessions.md is generated from ``TRANSITIONS``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from switchboard.engine.instants import Instant
from switchboard.engine.sessions.kind import Deadline, Event
from switchboard.engine.sessions.stream.commands import ReachDeadline
from switchboard.engine.sessions.stream.events import (
    DealerHeard,
    DealerSought,
    LeadLinked,
    NobodyOnline,
    NoteWritten,
    OfferPassed,
    StreamAccepted,
    StreamCompleted,
    StreamExpired,
    StreamMissed,
    StreamOffered,
    StreamRequested,
    StreamStopped,
)
from switchboard.engine.sessions.stream.state import Offer, Stream, StreamStatus
from switchboard.engine.sessions.transitions import Transitions, next_phase

TRANSITIONS: Transitions[StreamStatus] = {
    None: {StreamRequested: "requested", NobodyOnline: "missed-offline"},
    "requested": {
        OfferPassed: "requested",
        StreamOffered: "requested",
        DealerSought: "requested",
        LeadLinked: "requested",
        StreamAccepted: "streaming",
        StreamMissed: "missed",
        StreamStopped: "stopped",
        StreamCompleted: "completed",
    },
    "streaming": {
        DealerHeard: "streaming",
        LeadLinked: "streaming",
        StreamStopped: "stopped",
        StreamCompleted: "completed",
        StreamExpired: "expired",
    },
    "stopped": {NoteWritten: "completed", LeadLinked: "completed"},
    "completed": {NoteWritten: "completed", LeadLinked: "completed"},
    "expired": {LeadLinked: "expired"},
    "missed": {LeadLinked: "missed"},
    "missed-offline": {LeadLinked: "missed-offline"},
}

LIVE: frozenset[StreamStatus] = frozenset({"requested", "streaming"})
"""The phases that end by themselves, and in which a stream may engage a dealer."""


def evolve(stream: Stream | None, event: Any) -> Stream:
    """The stream after ``event``; reads nothing else. Raises: ImpossibleTransition."""
    phase = next_phase(TRANSITIONS, None if stream is None else stream.phase, event)
    if stream is None:
        return _first(event, phase)
    changes = FOLDS[type(event)](stream, event)
    if type(event) is DealerHeard:
        return replace(stream, **changes)
    return replace(stream, phase=phase, updated_at=event.at, **changes)


def _first(event: StreamRequested | NobodyOnline, phase: StreamStatus) -> Stream:
    stream = Stream(
        id=event.id,
        phase=phase,
        organization=event.organization,
        vin=event.vin,
        terms=event.terms,
        guest=event.guest,
        visitor=event.visitor,
        tried_at=event.at,
        created_at=event.at,
        updated_at=event.at,
    )
    if isinstance(event, NobodyOnline):
        return stream
    offers = (Offer(dealer=event.dealer, at=event.at),)
    return replace(stream, video=event.video, offers=offers, offered_to=event.dealer)


Changes = dict[str, Any]
"""Field of ``Stream`` -> its new value."""


def _passed(stream: Stream, event: OfferPassed) -> Changes:
    offers = tuple(
        replace(offer, answer=event.because) if offer.dealer == event.dealer else offer
        for offer in stream.offers
    )
    return {"offers": offers, "offered_to": None, "tried_at": event.at}


def _offered(stream: Stream, event: StreamOffered) -> Changes:
    made = Offer(dealer=event.dealer, at=event.at)
    if any(offer.dealer == event.dealer for offer in stream.offers):
        offers = tuple(made if one.dealer == event.dealer else one for one in stream.offers)
    else:
        offers = (*stream.offers, made)
    return {"offers": offers, "offered_to": event.dealer, "tried_at": event.at}


def _accepted(_stream: Stream, event: StreamAccepted) -> Changes:
    return {
        "dealer": event.dealer,
        "dealer_name": event.dealer_name,
        "offered_to": None,
        "started_at": event.at,
        "seen_at": event.at,
    }


def _stopped(_stream: Stream, event: StreamStopped | StreamCompleted) -> Changes:
    return {
        "offered_to": None,
        "stopped_at": event.stopped_at,
        "duration_seconds": event.duration_seconds,
    }


FOLDS: Mapping[type[Event], Callable[[Stream, Any], Changes]] = {
    OfferPassed: _passed,
    StreamOffered: _offered,
    DealerSought: lambda _, event: {"tried_at": event.at},
    StreamAccepted: _accepted,
    DealerHeard: lambda stream, event: {"seen_at": max(stream.seen_at, event.at)},
    StreamMissed: lambda _stream, _event: {"offered_to": None},
    StreamStopped: _stopped,
    StreamExpired: lambda _, event: {
        "stopped_at": event.at,
        "duration_seconds": event.duration_seconds,
    },
    StreamCompleted: _stopped,
    NoteWritten: lambda _, event: {"note": event.note},
    LeadLinked: lambda _, event: {"lead": event.lead},
}
"""What each event changes beside phase and ``updated_at``; a test holds it against ``TRANSITIONS``."""


def deadline(stream: Stream) -> Deadline | None:
    """When the stream acts by itself, if it does; a function of the state, so timers survive restarts by themselves."""
    due = _due(stream)
    return None if due is None else Deadline(due, ReachDeadline(phase=stream.phase, due=due))


def _due(stream: Stream) -> Instant | None:
    match stream.phase:
        case "requested":
            # An offer's end and the next question for a dealer are equally far from the last try.
            return min(missed_at(stream), stream.tried_at + stream.terms.offer_timeout)
        case "streaming":
            return min(longest_stream_until(stream), stream.seen_at + stream.terms.watchdog)
        case _:
            return None


def missed_at(stream: Stream) -> Instant:
    """When the visitor has waited for as long as the terms allow."""
    return stream.created_at + stream.terms.missed_after


def longest_stream_until(stream: Stream) -> Instant:
    """When a stream that is or was streaming has streamed for as long as its terms allow."""
    assert stream.started_at is not None, "asked only of streams that started"
    return stream.started_at + stream.terms.streaming_most


def revive(stream: Stream, ready_at: Instant) -> Stream:
    """The watchdog counts from 'engine ready': nobody could be heard while it was down."""
    if stream.phase != "streaming" or stream.seen_at >= ready_at:
        return stream
    return replace(stream, seen_at=ready_at)
