"""Every (phase, command) pair of a stream, held against one table of what must come of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import get_args

import pytest
from stories import NOT_NOW, REPEAT, SIGN, outcome, stream_after

from switchboard.engine.sessions import Command
from switchboard.engine.sessions.stream import (
    STREAM,
    AcceptStream,
    LinkLead,
    OfferStream,
    PassOffer,
    ReachDeadline,
    RequestStream,
    SignOfLife,
    StopStream,
    Stream,
    StreamStatus,
    WriteNote,
)
from switchboard.engine.sessions.stream.decisions import DECISIONS
from switchboard.engine.sessions.stream.journeys import (
    DEALER,
    JOURNEYS,
    ORGANIZATION,
    SECOND_DEALER,
    STRANGER,
    VISITOR,
)

PHASES: tuple[StreamStatus, ...] = get_args(StreamStatus)


def everywhere(outcome: str) -> dict[str, str]:
    return dict.fromkeys(map(str, PHASES), outcome)


ITSELF = {str(phase): str(phase) for phase in PHASES}
OVER = {"stopped": REPEAT, "completed": REPEAT}
STOPS = {"requested": "stopped", "streaming": "stopped", **OVER}
NOTES = {"stopped": "completed", "completed": "completed"}

EXPECTED: Mapping[str, tuple[Callable[[Stream], Command], Mapping[str, str]]] = {
    "request again": (lambda stream: _request(stream, VISITOR), everywhere(REPEAT)),
    "request by another": (lambda stream: _request(stream, "another"), everywhere("Conflict")),
    "offer to the dealer that has it": (
        lambda _: OfferStream(dealer=DEALER),
        {"requested": REPEAT},
    ),
    "offer to the next while the first is awaited": (
        lambda _: OfferStream(dealer=SECOND_DEALER),
        {"requested": "Conflict"},
    ),
    "the dealer went offline": (
        lambda _: PassOffer(dealer=DEALER),
        everywhere(REPEAT) | {"requested": "requested"},
    ),
    "a dealer that has no offer went offline": (
        lambda _: PassOffer(dealer=STRANGER),
        everywhere(REPEAT),
    ),
    "accept by the dealer": (
        lambda _: AcceptStream(dealer=DEALER, dealer_name="Hoa", online=True),
        {"requested": "streaming", "streaming": SIGN},
    ),
    "accept by the dealer while offline": (
        lambda _: AcceptStream(dealer=DEALER, dealer_name="Hoa", online=False),
        {"requested": "NotOnline", "streaming": SIGN},
    ),
    "accept by a dealer that never had it": (
        lambda _: AcceptStream(dealer=SECOND_DEALER, dealer_name="Ed", online=True),
        {"streaming": "TakenByAnother"},
    ),
    "stop by the dealer": (lambda _: StopStream(party="dealer"), STOPS),
    "stop by the viewer": (lambda _: StopStream(party="viewer"), STOPS),
    "stop by who holds the id": (lambda _: StopStream(), STOPS),
    "note": (lambda _: WriteNote(note="another"), NOTES),
    "lead": (lambda _: LinkLead(lead="lead-2"), ITSELF | {"stopped": "completed"}),
    "sign of life of the dealer": (
        lambda _: SignOfLife(dealer=DEALER),
        everywhere(REPEAT) | {"streaming": SIGN},
    ),
    "sign of life of another": (lambda _: SignOfLife(dealer=STRANGER), everywhere(REPEAT)),
    "deadline before its time": (lambda stream: _deadline(stream), everywhere(REPEAT)),
    "deadline of another phase": (
        lambda stream: ReachDeadline(phase="elsewhere", due=stream.created_at),
        everywhere(REPEAT),
    ),
}
"""Name -> (the command, phase -> what comes of it); where a phase is not named the phase forbids it."""


def _request(stream: Stream, visitor: str) -> RequestStream:
    return RequestStream(id=stream.id, organization=ORGANIZATION, vin="xxx", visitor=visitor)


def _deadline(stream: Stream) -> Command:
    deadline = STREAM.deadline(stream)
    return ReachDeadline(phase=stream.phase, due=0) if deadline is None else deadline.command


PAIRS = [pytest.param(phase, name, id=f"{phase}-{name}") for phase in PHASES for name in EXPECTED]


@pytest.mark.parametrize(("phase", "name"), PAIRS)
def test_every_command_in_every_phase_does_what_the_table_says(
    phase: StreamStatus, name: str
) -> None:
    make, outcomes = EXPECTED[name]
    story = stream_after(JOURNEYS[phase])
    story.wait(1)
    assert outcome(story, make(story.state)) == outcomes.get(phase, NOT_NOW)


def test_the_table_has_every_command_that_an_existing_stream_knows() -> None:
    sample = stream_after(JOURNEYS["requested"]).state
    assert {type(make(sample)) for make, _ in EXPECTED.values()} == {RequestStream, *DECISIONS}


@pytest.mark.parametrize("phase", PHASES)
def test_the_sample_journey_of_each_phase_leads_there(phase: StreamStatus) -> None:
    assert stream_after(JOURNEYS[phase]).state.phase == phase
