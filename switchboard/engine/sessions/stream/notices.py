"""Whom a stream's event concerns: pushes to its dealers and its visitor, word to the workflows.

Source: the last column of the table in contracts/auto.md, 'The stream's states'.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from switchboard.engine.sessions.gig import OperatorUnavailable
from switchboard.engine.sessions.kind import Address, Event, Notice, Reaction
from switchboard.engine.sessions.stream.commands import SeekDealer
from switchboard.engine.sessions.stream.events import (
    DealerSought,
    OfferPassed,
    StreamAccepted,
    StreamCompleted,
    StreamExpired,
    StreamMissed,
    StreamOffered,
    StreamRequested,
    StreamStopped,
)
from switchboard.engine.sessions.stream.machine import LIVE
from switchboard.engine.sessions.stream.state import Stream, StreamNotice
from switchboard.engine.sessions.video import closing

# The push codes of the auto contract.
OFFERED = 0
ACCEPTED = 1
CANCELLED = 2
STOPPED = 3
STARTED = 4
EXPIRED = 5
TAKEN = 6
MISSED = 7
SKIPPED = 10

VIEWER = None
"""Stands for the visitor, who has no account."""

Told = tuple[tuple[str | None, int], ...]
"""(dealer, or ``VIEWER``; push code), in the order of telling."""


def viewer_topic(stream: str) -> str:
    """What the visitor of that stream listens to. (``stream/<id>`` is the session's own topic, of all its events.)"""
    return f"viewer/{stream}"


def notices(before: Stream | None, event: Any, after: Stream) -> tuple[Notice, ...]:
    """What each is told of ``event``: dealers on their own account's topic, the visitor on the stream's."""
    rule = _RULES.get(type(event))
    if rule is None:
        return ()
    told = rule(after if before is None else before, event)
    return tuple(
        Notice(
            viewer_topic(after.id) if who is VIEWER else f"account/{who}",
            "streaming",
            _notice(code, after),
        )
        for who, code in told
    )


def _notice(code: int, stream: Stream) -> StreamNotice:
    return StreamNotice(
        code=code,
        stream=stream.id,
        status=stream.phase,
        organization=stream.organization,
        vin=stream.vin,
        dealer=stream.dealer,
        dealer_name=stream.dealer_name,
    )


def _who_had_it(stream: Stream, code: int, without: str | None = None) -> Told:
    return tuple((offer.dealer, code) for offer in stream.offers if offer.dealer != without)


def _accepted(stream: Stream, event: StreamAccepted) -> Told:
    viewer = ((VIEWER, ACCEPTED), (VIEWER, STARTED))
    return (*viewer, *_who_had_it(stream, TAKEN, event.dealer))


def _stopped(stream: Stream, event: StreamStopped | StreamCompleted) -> Told:
    viewer: Told = () if event.party == "viewer" else ((VIEWER, STOPPED),)
    if stream.phase == "requested":
        viewer = tuple((who, CANCELLED) for who, _ in viewer)
        return (*viewer, *_who_had_it(stream, CANCELLED))
    return viewer if event.party == "dealer" else (*viewer, (stream.dealer, STOPPED))


_RULES: Mapping[type[Event], Callable[[Stream, Any], Told]] = {
    StreamRequested: lambda _, event: ((event.dealer, OFFERED),),
    StreamOffered: lambda _, event: ((event.dealer, OFFERED),),
    OfferPassed: lambda _, event: ((event.dealer, SKIPPED),),
    StreamAccepted: _accepted,
    StreamMissed: lambda stream, _: ((VIEWER, MISSED), *_who_had_it(stream, MISSED)),
    StreamStopped: _stopped,
    StreamCompleted: _stopped,
    StreamExpired: lambda stream, _: ((VIEWER, EXPIRED), (stream.dealer, EXPIRED)),
}


def reactions(before: Stream | None, event: Any, after: Stream) -> tuple[Reaction, ...]:
    """The showroom seeks a dealer for a stream that waits; dispatch hears of a dealer that can take no gig now; the
    room of a stream that has ended is closed."""
    return (*_asked(event, after), *closing(before, after, LIVE))


def _asked(event: Any, after: Stream) -> tuple[Reaction, ...]:
    match event:
        case OfferPassed() | DealerSought():
            return (Reaction(Address("showroom", after.id), SeekDealer()),)
        case StreamAccepted(dealer=dealer):
            command = OperatorUnavailable(account=dealer, because="engaged")
            return (Reaction(Address("dispatch", dealer), command),)
        case _:
            return ()
