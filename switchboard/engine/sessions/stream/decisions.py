"""What a stream answers to each command: the events of one step, none for a repeat, or a refusal.

Source: contracts/auto.md, 'Endpoints' and 'The stream's states'. What the contract leaves open is decided here:

- A dealer that let an offer pass unanswered is not offered that stream again, but may still accept it; one that went
  offline is offered it again once it is back.
- Whoever holds the stream's id may stop it; who that is matters only for whom it is told.
- A stream that was stopped before anybody took it has a duration of 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from switchboard.engine.errors import (
    Conflict,
    NotAllowedInPhase,
    NotFound,
    NotOnline,
    TakenByAnother,
)
from switchboard.engine.instants import whole_seconds
from switchboard.engine.sessions.kind import Command, Context, Event
from switchboard.engine.sessions.stream.commands import (
    AcceptStream,
    LinkLead,
    OfferStream,
    Party,
    PassOffer,
    ReachDeadline,
    RequestStream,
    SignOfLife,
    StopStream,
    WriteNote,
)
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
from switchboard.engine.sessions.stream.machine import (
    LIVE,
    deadline,
    longest_stream_until,
    missed_at,
)
from switchboard.engine.sessions.stream.state import Stream

Events = tuple[Event, ...]

REPEAT: Events = ()


def decide(stream: Stream | None, command: Any, context: Context) -> Events:
    """The events that answer the command; none if it repeats a step that was taken.

    Raises:
        NotFound: the stream does not exist. TakenByAnother, NotOnline, NotAllowedInPhase, Conflict: not now.
    """
    if isinstance(command, RequestStream):
        return _request(stream, command, context)
    if stream is None:
        raise NotFound("stream")
    return DECISIONS[type(command)](stream, command, context)


def _request(stream: Stream | None, command: RequestStream, context: Context) -> Events:
    if stream is not None:
        if (stream.organization, stream.visitor) == (command.organization, command.visitor):
            return REPEAT
        raise Conflict("another visitor's stream has this id")
    asked: dict[str, Any] = {
        "at": context.now,
        "id": command.id,
        "organization": command.organization,
        "vin": command.vin,
        "guest": command.guest,
        "visitor": command.visitor,
        "terms": command.terms,
    }
    if command.dealer is None or command.video is None:
        return (NobodyOnline(**asked),)
    return (StreamRequested(**asked, dealer=command.dealer, video=command.video),)


# -- until somebody takes it ------------------------------------------------------------------------------------


def _offer(stream: Stream, command: OfferStream, context: Context) -> Events:
    """The next dealer. Raises: NotAllowedInPhase, Conflict: another's answer is awaited, or this one let it pass."""
    if stream.phase != "requested":
        raise NotAllowedInPhase(stream.phase)
    if stream.offered_to == command.dealer:
        return REPEAT
    if stream.offered_to is not None:
        raise Conflict("the stream is offered to another dealer")
    if command.dealer in passed_by(stream):
        raise Conflict("the dealer let the stream pass")
    return (StreamOffered(at=context.now, dealer=command.dealer),)


def passed_by(stream: Stream) -> frozenset[str]:
    """The dealers that are not offered the stream again: those that let an offer pass unanswered."""
    return frozenset(one.dealer for one in stream.offers if one.answer == "unanswered")


def _pass(stream: Stream, command: PassOffer, context: Context) -> Events:
    if stream.phase != "requested" or stream.offered_to != command.dealer:
        return REPEAT
    return (OfferPassed(at=context.now, dealer=command.dealer, because="offline"),)


def _accept(stream: Stream, command: AcceptStream, context: Context) -> Events:
    if stream.phase == "streaming":
        if stream.dealer == command.dealer:
            return _heard(context)
        raise TakenByAnother
    if stream.phase != "requested":
        raise NotAllowedInPhase(stream.phase)
    if all(offer.dealer != command.dealer for offer in stream.offers):
        raise NotAllowedInPhase(stream.phase)
    if not command.online:
        raise NotOnline
    return (StreamAccepted(at=context.now, dealer=command.dealer, dealer_name=command.dealer_name),)


# -- while it streams and afterwards ----------------------------------------------------------------------------


def _heard(context: Context) -> Events:
    return (DealerHeard(at=context.now),)


def _sign_of_life(stream: Stream, command: SignOfLife, context: Context) -> Events:
    if stream.phase != "streaming" or stream.dealer != command.dealer:
        return REPEAT
    return _heard(context)


def _stop(stream: Stream, command: StopStream, context: Context) -> Events:
    if stream.phase in ("stopped", "completed"):
        return REPEAT
    if stream.phase not in LIVE:
        raise NotAllowedInPhase(stream.phase)
    return stopped(stream, context, command.party, "stop")


def stopped(
    stream: Stream,
    context: Context,
    party: Party | None,
    how: Literal["stop", "administrator", "limit"],
) -> Events:
    """The end of a live stream, which completes it if its lead is there already."""
    stopped_at, duration = context.now, 0
    if stream.started_at is not None:
        stopped_at = min(stopped_at, longest_stream_until(stream))
        duration = whole_seconds(stopped_at - stream.started_at)
    event = StreamStopped if stream.lead is None else StreamCompleted
    stop = event(
        at=context.now,
        party=party,
        how=how,
        stopped_at=stopped_at,
        duration_seconds=duration,
    )
    return (stop,)


def end(stream: Stream, context: Context) -> Events:
    """What an administrator's end does: stopped while live, nothing once over."""
    return stopped(stream, context, None, "administrator") if stream.phase in LIVE else ()


def _note(stream: Stream, command: WriteNote, context: Context) -> Events:
    if stream.phase not in ("stopped", "completed"):
        raise NotAllowedInPhase(stream.phase)
    if stream.note == command.note:
        return REPEAT
    return (NoteWritten(at=context.now, note=command.note),)


def _lead(stream: Stream, command: LinkLead, context: Context) -> Events:
    if stream.lead == command.lead:
        return REPEAT
    return (LeadLinked(at=context.now, lead=command.lead),)


# -- by itself --------------------------------------------------------------------------------------------------


def _at_deadline(stream: Stream, command: ReachDeadline, context: Context) -> Events:
    """What the stream does when its time has come; nothing if the command is stale or early."""
    current = deadline(stream)
    if current is None or current.command != command or current.at > context.now:
        return ()
    if stream.phase == "streaming":
        if current.at == longest_stream_until(stream):
            return stopped(stream, context, None, "limit")
        assert stream.started_at is not None, "only a stream that started streams"
        duration = whole_seconds(context.now - stream.started_at)
        return (StreamExpired(at=context.now, duration_seconds=duration),)
    if context.now >= missed_at(stream):
        return (StreamMissed(at=context.now),)
    if stream.offered_to is None:
        return (DealerSought(at=context.now),)
    return (OfferPassed(at=context.now, dealer=stream.offered_to, because="unanswered"),)


DECISIONS: Mapping[type[Command], Callable[[Stream, Any, Context], Events]] = {
    OfferStream: _offer,
    PassOffer: _pass,
    AcceptStream: _accept,
    StopStream: _stop,
    WriteNote: _note,
    LinkLead: _lead,
    SignOfLife: _sign_of_life,
    ReachDeadline: _at_deadline,
}
"""Every command that an existing stream knows, beside a repeated ``RequestStream``."""
