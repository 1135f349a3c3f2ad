"""The table of contracts/dropin.md, 'The gig's states', until the stream starts."""

from __future__ import annotations

import pytest
from stories import Story, gig_after, no_gig

from switchboard.engine.errors import (
    Conflict,
    NoOperatorsNearby,
    NotAllowed,
    NotAllowedInPhase,
    NotFound,
)
from switchboard.engine.sessions import Command
from switchboard.engine.sessions.gig import (
    CancelGig,
    ClaimGig,
    ConfirmGig,
    EndGig,
    FailVideo,
    Gig,
    GigNotice,
    HandshakeGig,
    RejectOffer,
    RejectOperator,
    RequestGig,
    StartGig,
    StopGig,
    WithdrawOffer,
)
from switchboard.engine.sessions.gig.journeys import (
    CUSTOMER,
    OPERATOR,
    REQUEST,
    SECOND_OPERATOR,
    TO_ENROUTE,
    TO_FOUND,
    TO_HANDSHAKING,
    VIDEO,
)
from switchboard.engine.sessions.journey import Step

PENDING = (REQUEST,)
SECOND, MINUTE = 1000, 60_000
HOUR, DAY = 60 * MINUTE, 24 * 60 * MINUTE


def body(story: Story[Gig]) -> GigNotice:
    notice = story.told[0].body
    assert isinstance(notice, GigNotice)
    return notice


def request(story: Story[Gig]) -> None:
    assert REQUEST.command is not None
    story.do(REQUEST.command)


def test_a_request_is_offered_to_each_candidate_with_code_4() -> None:
    story = no_gig()
    request(story)
    assert story.state.phase == "pendingOperator"
    assert story.codes() == [(OPERATOR, 4), (SECOND_OPERATOR, 4)]
    assert {notice.name for notice in story.told} == {"gig"}


def test_a_request_is_never_offered_to_oneself_nor_twice_to_one() -> None:
    story, command = no_gig(), REQUEST.command
    assert isinstance(command, RequestGig)
    first = command.candidates[0]
    own = type(first)(operator=CUSTOMER, latitude=0.0, longitude=0.0, distance_metres=0)
    fields = {name: getattr(command, name) for name in command.__struct_fields__}
    story.do(RequestGig(**fields | {"candidates": (own, first, first)}))
    assert [offer.operator for offer in story.state.offers] == [OPERATOR]
    with pytest.raises(NoOperatorsNearby):
        no_gig().do(RequestGig(**fields | {"candidates": (own,)}))


def test_nothing_but_a_request_reaches_a_gig_that_does_not_exist() -> None:
    with pytest.raises(NotFound):
        no_gig().do(StartGig(account=CUSTOMER))


def test_the_first_accept_finds_the_operator_and_the_others_get_code_13() -> None:
    story = gig_after(PENDING)
    story.do(ClaimGig(operator=SECOND_OPERATOR, latitude=10.8, longitude=106.7))
    assert story.state.phase == "operatorFound"
    assert (story.state.operator_latitude, story.state.operator_longitude) == (10.8, 106.7)
    assert story.codes() == [(CUSTOMER, 5), (OPERATOR, 13)]
    with pytest.raises(NotAllowedInPhase) as refused:
        story.do(ClaimGig(operator=OPERATOR))
    assert refused.value.phase == "operatorFound"


def test_an_accept_without_a_place_counts_at_the_place_of_the_offer() -> None:
    story = gig_after(PENDING)
    story.do(ClaimGig(operator=OPERATOR, latitude=10.8))
    assert story.state.operator_latitude == story.state.offers[0].latitude
    assert story.state.operator_longitude == story.state.offers[0].longitude


def test_who_rejected_the_offer_cannot_accept_it_and_is_not_told_of_the_winner() -> None:
    story = gig_after(PENDING)
    story.do(RejectOffer(operator=OPERATOR))
    with pytest.raises(Conflict):
        story.do(ClaimGig(operator=OPERATOR))
    story.do(ClaimGig(operator=SECOND_OPERATOR))
    assert story.codes() == [(CUSTOMER, 5)]
    with pytest.raises(Conflict):
        story.do(ClaimGig(operator=OPERATOR))


@pytest.mark.parametrize(
    "last",
    [
        RejectOffer(operator=SECOND_OPERATOR),
        WithdrawOffer(operator=SECOND_OPERATOR, because="engaged"),
        WithdrawOffer(operator=SECOND_OPERATOR, because="offline"),
        WithdrawOffer(operator=SECOND_OPERATOR, because="locked"),
    ],
)
def test_when_nobody_is_left_to_accept_the_customer_gets_code_7(last: Command) -> None:
    story = gig_after(PENDING)
    story.do(RejectOffer(operator=OPERATOR))
    assert story.codes() == []
    story.do(last)
    assert story.state.phase == "allOperatorsRejected"
    assert story.codes() == [(CUSTOMER, 7)]


def test_a_withdrawn_offer_may_still_be_accepted_while_the_gig_is_pending() -> None:
    story = gig_after(PENDING)
    story.do(WithdrawOffer(operator=OPERATOR, because="offline"))
    story.do(ClaimGig(operator=OPERATOR))
    assert story.state.operator == OPERATOR


def test_a_withdrawn_offer_may_be_rejected_and_the_other_is_still_waited_for() -> None:
    story = gig_after(PENDING)
    story.do(WithdrawOffer(operator=OPERATOR, because="offline"))
    story.do(RejectOffer(operator=OPERATOR))
    assert story.state.phase == "pendingOperator"


def test_the_claim_timeout_of_30_s_expires_the_gig_with_codes_7_and_13() -> None:
    story = gig_after(PENDING)
    story.wait(30 * SECOND - 1)
    assert story.fire_due() == ()
    story.wait(1)
    story.fire_due()
    assert (story.state.phase, story.state.duration_seconds) == ("expired", 30)
    assert story.codes() == [(CUSTOMER, 7), (OPERATOR, 13), (SECOND_OPERATOR, 13)]


def test_a_claim_at_its_deadline_is_late_because_what_is_due_fires_first() -> None:
    story = gig_after(PENDING)
    story.wait(30 * SECOND)
    story.fire_due()
    with pytest.raises(NotAllowedInPhase) as refused:
        story.do(ClaimGig(operator=OPERATOR))
    assert refused.value.phase == "expired"


def test_a_cancel_while_pending_tells_13_to_the_operators_that_have_the_offer() -> None:
    story = gig_after(PENDING)
    story.do(RejectOffer(operator=OPERATOR))
    story.do(CancelGig(account=CUSTOMER))
    assert story.state.phase == "cancelled"
    assert story.codes() == [(SECOND_OPERATOR, 13)]


def test_a_cancel_by_the_customer_of_a_found_operator_tells_it_13() -> None:
    story = gig_after(TO_FOUND)
    story.do(CancelGig(account=CUSTOMER))
    assert (story.state.phase, story.codes()) == ("cancelled", [(OPERATOR, 13)])


def test_a_confirm_sends_the_operator_on_its_way_with_code_11() -> None:
    story = gig_after(TO_FOUND)
    story.do(ConfirmGig(account=CUSTOMER, payment_nonce="nonce"))
    assert (story.state.phase, story.codes()) == ("operatorEnroute", [(OPERATOR, 11)])
    assert (story.state.payment_nonce, story.state.confirmed_at) == ("nonce", story.now)


def test_a_reject_by_the_customer_tells_the_operator_12() -> None:
    story = gig_after(TO_FOUND)
    story.do(RejectOperator(account=CUSTOMER))
    assert (story.state.phase, story.codes()) == ("customerRejected", [(OPERATOR, 12)])
    assert story.do(RejectOperator(account=CUSTOMER)) == ()


@pytest.mark.parametrize("command", [CancelGig(account=OPERATOR), RejectOffer(operator=OPERATOR)])
def test_an_operator_that_backs_out_cancels_and_the_customer_gets_13(command: Command) -> None:
    story = gig_after(TO_FOUND)
    story.do(command)
    assert (story.state.phase, story.codes()) == ("cancelled", [(CUSTOMER, 13)])
    assert story.do(CancelGig(account=OPERATOR)) == ()
    assert story.do(RejectOffer(operator=OPERATOR)) == ()
    with pytest.raises(NotAllowedInPhase):
        story.do(CancelGig(account=CUSTOMER))


@pytest.mark.parametrize(
    ("steps", "span"),
    [(TO_FOUND, MINUTE), (TO_ENROUTE, HOUR), (TO_HANDSHAKING, 5 * MINUTE)],
    ids=["confirm timeout 60 s", "en-route timeout 60 min", "no start for 5 min"],
)
def test_a_timeout_after_the_claim_expires_the_gig_with_14_to_both(
    steps: tuple[Step, ...], span: int
) -> None:
    story = gig_after(steps)
    story.wait(span - 1)
    assert story.fire_due() == ()
    story.wait(1)
    story.fire_due()
    assert story.state.phase == "expired"
    assert story.codes() == [(CUSTOMER, 14), (OPERATOR, 14)]


@pytest.mark.parametrize(("first", "other"), [(OPERATOR, CUSTOMER), (CUSTOMER, OPERATOR)])
def test_the_first_handshake_tells_the_other_2_with_the_room(first: str, other: str) -> None:
    story = gig_after(TO_ENROUTE)
    story.do(HandshakeGig(account=first, video=VIDEO))
    assert (story.state.phase, story.codes()) == ("handshaking", [(other, 2)])
    assert body(story).video == VIDEO


def test_the_first_room_stands_whatever_a_later_handshake_brings() -> None:
    story = gig_after(TO_HANDSHAKING)
    second = type(VIDEO)(provider="p2p", session_id="a loser's", api_key="p2p")
    story.do(HandshakeGig(account=CUSTOMER, video=second))
    assert story.state.video == VIDEO
    assert story.state.handshaken == (OPERATOR, CUSTOMER)
    assert (story.state.phase, story.codes()) == ("handshaking", [])
    assert story.do(HandshakeGig(account=CUSTOMER, video=second)) == ()


@pytest.mark.parametrize("steps", [TO_ENROUTE, TO_HANDSHAKING], ids=["enroute", "handshaking"])
@pytest.mark.parametrize(("by", "other"), [(OPERATOR, CUSTOMER), (CUSTOMER, OPERATOR)])
def test_a_cancel_on_the_way_costs_nothing_and_tells_the_other_13(
    steps: tuple[Step, ...], by: str, other: str
) -> None:
    story = gig_after(steps)
    story.do(CancelGig(account=by))
    assert (story.state.phase, story.codes()) == ("cancelled", [(other, 13)])
    assert (story.state.price_cents, story.state.bypass_rating) == (0, True)
    assert (body(story).price_cents, body(story).bypass_rating) == (0, True)
    assert story.do(CancelGig(account=by)) == ()
    with pytest.raises(NotAllowedInPhase):
        story.do(CancelGig(account=other))


def test_a_stop_while_handshaking_cancels_and_both_may_repeat_it() -> None:
    story = gig_after(TO_HANDSHAKING)
    story.do(StopGig(account=OPERATOR))
    assert (story.state.phase, story.codes()) == ("cancelled", [(CUSTOMER, 13)])
    assert (story.state.price_cents, story.state.bypass_rating) == (0, True)
    assert story.do(StopGig(account=OPERATOR)) == ()
    assert story.do(StopGig(account=CUSTOMER)) == ()
    with pytest.raises(NotAllowedInPhase):
        story.do(CancelGig(account=OPERATOR))


@pytest.mark.parametrize("steps", [TO_ENROUTE, TO_HANDSHAKING], ids=["enroute", "handshaking"])
def test_a_video_provider_that_fails_for_good_fails_the_gig_with_14_to_both(
    steps: tuple[Step, ...],
) -> None:
    story = gig_after(steps)
    story.do(FailVideo(account=OPERATOR))
    assert story.state.phase == "failed"
    assert story.codes() == [(CUSTOMER, 14), (OPERATOR, 14)]


@pytest.mark.parametrize(
    "steps",
    [PENDING, TO_FOUND, TO_ENROUTE, TO_HANDSHAKING],
    ids=["pending", "found", "enroute", "handshaking"],
)
def test_an_administrators_end_of_a_live_gig_cancels_with_13_to_all_that_have_it(
    steps: tuple[Step, ...],
) -> None:
    story = gig_after(steps)
    story.do(EndGig(), by="system:admin")
    others = [OPERATOR, SECOND_OPERATOR] if steps == PENDING else [OPERATOR]
    assert story.state.phase == "cancelled"
    assert story.codes() == [(account, 13) for account in (CUSTOMER, *others)]


def test_only_the_parties_may_ask_once_an_operator_was_found() -> None:
    story = gig_after(TO_FOUND)
    with pytest.raises(NotAllowed):
        story.do(CancelGig(account=SECOND_OPERATOR))
