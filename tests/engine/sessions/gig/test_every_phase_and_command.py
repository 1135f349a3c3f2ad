"""Every (phase, command) pair of a gig, held against one table of what must come of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import get_args

import pytest
from stories import NOT_NOW, REPEAT, SIGN, gig_after, outcome

from switchboard.engine.sessions import Command
from switchboard.engine.sessions.gig import (
    GIG,
    AdvanceGig,
    CancelGig,
    ClaimGig,
    ConfirmGig,
    EndGig,
    FailVideo,
    Gig,
    GigStatus,
    HandshakeGig,
    RateGig,
    ReachDeadline,
    RejectOffer,
    RejectOperator,
    RequestGig,
    SignOfLife,
    StartGig,
    StopGig,
    WithdrawOffer,
)
from switchboard.engine.sessions.gig.decisions import DECISIONS
from switchboard.engine.sessions.gig.journeys import (
    CUSTOMER,
    JOURNEYS,
    OPERATOR,
    REQUEST,
    SECOND_OPERATOR,
    STRANGER,
    VIDEO,
)

NEVER = "NotAllowed"

PHASES: tuple[GigStatus, ...] = get_args(GigStatus)
BEFORE_CONFIRM = ("pendingOperator", "operatorFound")
STOPPED = ("purchased", "voted", "invoiceGenerated", "invoiceSent", "compensated")
WITH_OPERATOR = (
    "operatorFound",
    "operatorEnroute",
    "handshaking",
    "streaming",
    *STOPPED,
    "failed",
    "cancelled",
    "customerRejected",
    "terminated",
)
"""In the sample gig of each phase; its ``cancelled`` one was cancelled by the customer while en route."""
ALL_REJECTED = "allOperatorsRejected"


def everywhere(outcome: str) -> dict[str, str]:
    return dict.fromkeys(map(str, PHASES), outcome)


def by_operator(outcomes: Mapping[str, str]) -> dict[str, str]:
    """The outcomes for the first operator, who is no party in the phases whose sample gig never found it."""
    return {phase: NEVER for phase in PHASES if phase not in WITH_OPERATOR} | dict(outcomes)


CANCEL_ALIKE = {
    "operatorEnroute": "cancelled",
    "handshaking": "cancelled",
    "streaming": "cancelled",
    "operatorFound": "cancelled",
}
HANDSHAKE = {"operatorEnroute": "handshaking"}
FAIL = {"operatorEnroute": "failed", "handshaking": "failed", "failed": REPEAT}
START = {"handshaking": "streaming", "streaming": SIGN}
STOP = {"handshaking": "cancelled", "streaming": "purchased", **dict.fromkeys(STOPPED, REPEAT)}
RATED = dict.fromkeys(("voted", "invoiceGenerated", "invoiceSent", "compensated"), REPEAT)
ANOTHER = dict.fromkeys(RATED, "Conflict")
SIGNS = everywhere(REPEAT) | {"streaming": SIGN}

EXPECTED: Mapping[str, tuple[Callable[[Gig], Command], Mapping[str, str]]] = {
    "request again": (lambda _: _request(CUSTOMER), everywhere(REPEAT)),
    "request by another": (lambda _: _request(STRANGER), everywhere("Conflict")),
    "claim by the first operator": (
        lambda _: ClaimGig(operator=OPERATOR),
        {
            "pendingOperator": "operatorFound",
            "operatorFound": REPEAT,
            "operatorEnroute": REPEAT,
            "handshaking": REPEAT,
            "streaming": SIGN,
            ALL_REJECTED: "Conflict",
        },
    ),
    "claim by the second operator": (
        lambda _: ClaimGig(operator=SECOND_OPERATOR),
        {"pendingOperator": "operatorFound", ALL_REJECTED: "Conflict"},
    ),
    "claim by a stranger": (lambda _: ClaimGig(operator=STRANGER), everywhere(NEVER)),
    "offer rejected by the first operator": (
        lambda _: RejectOffer(operator=OPERATOR),
        {"pendingOperator": "pendingOperator", "operatorFound": "cancelled", ALL_REJECTED: REPEAT},
    ),
    "offer rejected by the second operator": (
        lambda _: RejectOffer(operator=SECOND_OPERATOR),
        {"pendingOperator": "pendingOperator", ALL_REJECTED: REPEAT},
    ),
    "offer rejected by a stranger": (lambda _: RejectOffer(operator=STRANGER), everywhere(NEVER)),
    "offer withdrawn": (
        lambda _: WithdrawOffer(operator=OPERATOR, because="offline"),
        everywhere(REPEAT) | {"pendingOperator": "pendingOperator"},
    ),
    "offer of a stranger withdrawn": (
        lambda _: WithdrawOffer(operator=STRANGER, because="locked"),
        everywhere(REPEAT),
    ),
    "confirm by the customer": (
        lambda _: ConfirmGig(account=CUSTOMER),
        {
            "operatorFound": "operatorEnroute",
            "operatorEnroute": REPEAT,
            "handshaking": REPEAT,
            "streaming": SIGN,
        },
    ),
    "confirm by the operator": (lambda _: ConfirmGig(account=OPERATOR), everywhere(NEVER)),
    "operator rejected by the customer": (
        lambda _: RejectOperator(account=CUSTOMER),
        {"operatorFound": "customerRejected", "customerRejected": REPEAT},
    ),
    "operator rejected by the operator": (
        lambda _: RejectOperator(account=OPERATOR),
        everywhere(NEVER),
    ),
    "cancel by the customer": (
        lambda _: CancelGig(account=CUSTOMER),
        CANCEL_ALIKE | {"pendingOperator": "cancelled", "cancelled": REPEAT},
    ),
    "cancel by the operator": (
        lambda _: CancelGig(account=OPERATOR),
        by_operator(CANCEL_ALIKE),
    ),
    "cancel by a stranger": (lambda _: CancelGig(account=STRANGER), everywhere(NEVER)),
    "cancel by an operator that was not found": (
        lambda _: CancelGig(account=SECOND_OPERATOR),
        everywhere(NEVER),
    ),
    "handshake by the customer": (
        lambda _: HandshakeGig(account=CUSTOMER, video=VIDEO),
        HANDSHAKE | {"handshaking": "handshaking", "streaming": "streaming"},
    ),
    "handshake by the operator": (
        lambda _: HandshakeGig(account=OPERATOR, video=VIDEO),
        by_operator(HANDSHAKE | {"handshaking": REPEAT, "streaming": SIGN}),
    ),
    "handshake by a stranger": (
        lambda _: HandshakeGig(account=STRANGER, video=VIDEO),
        everywhere(NEVER),
    ),
    "video failed for the customer": (lambda _: FailVideo(account=CUSTOMER), FAIL),
    "video failed for the operator": (
        lambda _: FailVideo(account=OPERATOR),
        by_operator(FAIL),
    ),
    "video failed for a stranger": (lambda _: FailVideo(account=STRANGER), everywhere(NEVER)),
    "start by the customer": (lambda _: StartGig(account=CUSTOMER), START),
    "start by the operator": (lambda _: StartGig(account=OPERATOR), by_operator(START)),
    "start by a stranger": (lambda _: StartGig(account=STRANGER), everywhere(NEVER)),
    "stop by the customer": (lambda _: StopGig(account=CUSTOMER), STOP),
    "stop by the operator": (lambda _: StopGig(account=OPERATOR), by_operator(STOP)),
    "stop by a stranger": (lambda _: StopGig(account=STRANGER), everywhere(NEVER)),
    "rating by the customer": (lambda _: _rate(CUSTOMER, 5), RATED | {"purchased": "purchased"}),
    "another rating by the customer": (
        lambda _: _rate(CUSTOMER, 1),
        ANOTHER | {"purchased": "purchased"},
    ),
    "rating by the operator": (
        lambda _: _rate(OPERATOR, 4),
        by_operator(RATED | {"purchased": "purchased"}),
    ),
    "another rating by the operator": (
        lambda _: _rate(OPERATOR, 1),
        by_operator(ANOTHER | {"purchased": "purchased"}),
    ),
    "rating by a stranger": (lambda _: _rate(STRANGER, 5), everywhere(NEVER)),
    "rating out of range": (
        lambda _: _rate(CUSTOMER, 6),
        everywhere("Invalid"),
    ),
    "sign of life of the customer": (lambda _: SignOfLife(account=CUSTOMER), SIGNS),
    "sign of life of the operator": (
        lambda _: SignOfLife(account=OPERATOR),
        SIGNS | by_operator({}),
    ),
    "sign of life of a stranger": (lambda _: SignOfLife(account=STRANGER), everywhere(NEVER)),
    "advance": (
        lambda _: AdvanceGig(),
        {
            "voted": "invoiceGenerated",
            "invoiceGenerated": "invoiceSent",
            "invoiceSent": "compensated",
        },
    ),
    "administrator's end": (
        lambda _: EndGig(),
        everywhere(REPEAT)
        | dict.fromkeys((*BEFORE_CONFIRM, "operatorEnroute", "handshaking"), "cancelled")
        | {"streaming": "purchased"},
    ),
    "deadline before its time": (lambda gig: _deadline(gig), everywhere(REPEAT)),
    "deadline of another phase": (
        lambda gig: ReachDeadline(phase="elsewhere", due=gig.created_at),
        everywhere(REPEAT),
    ),
}
"""Name -> (the command, phase -> what comes of it); where a phase is not named it is 409 with the status."""


def _request(customer: str) -> RequestGig:
    command = REQUEST.command
    assert isinstance(command, RequestGig)
    return RequestGig(
        id=command.id,
        customer=customer,
        latitude=command.latitude,
        longitude=command.longitude,
        candidates=command.candidates,
    )


def _rate(account: str, rating: int) -> RateGig:
    return RateGig(account=account, rating=rating, rating_id="5707647c674ea5da598a6b03")


def _deadline(gig: Gig) -> Command:
    deadline = GIG.deadline(gig)
    return ReachDeadline(phase=gig.phase, due=0) if deadline is None else deadline.command


PAIRS = [pytest.param(phase, name, id=f"{phase}-{name}") for phase in PHASES for name in EXPECTED]


@pytest.mark.parametrize(("phase", "name"), PAIRS)
def test_every_command_in_every_phase_does_what_the_table_says(phase: GigStatus, name: str) -> None:
    make, outcomes = EXPECTED[name]
    story = gig_after(JOURNEYS[phase])
    story.wait(1)
    assert outcome(story, make(story.state)) == outcomes.get(phase, NOT_NOW)


def test_the_table_has_every_command_that_an_existing_gig_knows() -> None:
    sample = gig_after(JOURNEYS["pendingOperator"]).state
    assert {type(make(sample)) for make, _ in EXPECTED.values()} == {RequestGig, *DECISIONS}


@pytest.mark.parametrize("phase", PHASES)
def test_the_sample_journey_of_each_phase_leads_there(phase: GigStatus) -> None:
    assert gig_after(JOURNEYS[phase]).state.phase == phase
