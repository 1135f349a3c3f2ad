"""The table of contracts/dropin.md, 'The gig's states', from the stream on."""

from __future__ import annotations

import pytest
from stories import Story, gig_after

from switchboard.engine.errors import (
    NotAllowedInPhase,
)
from switchboard.engine.sessions import Command
from switchboard.engine.sessions.gig import (
    AdvanceGig,
    CancelGig,
    ClaimGig,
    ConfirmGig,
    EndGig,
    Gig,
    GigNotice,
    HandshakeGig,
    RateGig,
    SignOfLife,
    StartGig,
    StopGig,
)
from switchboard.engine.sessions.gig.journeys import (
    CUSTOMER,
    OPERATOR,
    REQUEST,
    TO_HANDSHAKING,
    TO_PURCHASED,
    TO_STREAMING,
    TO_VOTED,
    VIDEO,
)

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


@pytest.mark.parametrize("by", [CUSTOMER, OPERATOR])
def test_either_party_starts_also_one_that_never_shook_hands(by: str) -> None:
    story = gig_after(TO_HANDSHAKING)
    story.do(StartGig(account=by))
    assert (story.state.phase, story.codes()) == ("streaming", [])
    assert story.state.started_at == story.now


@pytest.mark.parametrize(("by", "other"), [(OPERATOR, CUSTOMER), (CUSTOMER, OPERATOR)])
def test_a_cancel_within_90_s_of_the_start_means_no_video_and_no_purchase(
    by: str, other: str
) -> None:
    story = gig_after(TO_STREAMING)
    story.wait(90 * SECOND)
    story.do(CancelGig(account=by))
    assert (story.state.phase, story.codes()) == ("cancelled", [(other, 13)])
    assert (story.state.price_cents, story.state.share_cents) == (0, None)
    assert (story.state.duration_seconds, story.state.stopped_at) == (90, story.now)
    assert story.do(CancelGig(account=by)) == ()


def test_a_cancel_later_than_90_s_after_the_start_is_refused() -> None:
    story = gig_after(TO_STREAMING)
    story.wait(90 * SECOND + 1)
    with pytest.raises(NotAllowedInPhase) as refused:
        story.do(CancelGig(account=CUSTOMER))
    assert refused.value.phase == "streaming"


@pytest.mark.parametrize("by", [CUSTOMER, OPERATOR])
def test_a_stop_purchases_at_the_price_of_the_seeds_sample_with_3_to_both(by: str) -> None:
    story = gig_after(TO_STREAMING)
    story.wait(69 * SECOND)
    story.do(StopGig(account=by))
    gig = story.state
    assert gig.phase == "purchased"
    assert (gig.duration_seconds, gig.price_cents, gig.share_cents) == (69, 1115, 558)
    assert gig.bypass_rating is False
    assert story.codes() == [(CUSTOMER, 3), (OPERATOR, 3)]
    assert (body(story).duration, body(story).price_cents) == (69, 1115)
    assert story.do(StopGig(account=CUSTOMER)) == ()
    assert story.do(StopGig(account=OPERATOR)) == ()
    assert story.state == gig


def test_an_administrator_ends_a_stream_into_a_purchase() -> None:
    story = gig_after(TO_STREAMING)
    story.wait(MINUTE)
    story.do(EndGig(), by="system:admin")
    assert (story.state.phase, story.state.ended_by) == ("purchased", "system:admin")
    assert story.codes() == [(CUSTOMER, 3), (OPERATOR, 3)]


def test_a_stream_is_purchased_after_8_hours_and_charged_for_no_more() -> None:
    story = gig_after(TO_STREAMING)
    for _ in range(8 * 12 - 1):
        story.wait(5 * MINUTE)
        assert story.fire_due() == ()
        story.do(SignOfLife(account=OPERATOR))
    story.wait(8 * MINUTE)
    story.fire_due()
    gig = story.state
    assert (gig.phase, gig.duration_seconds) == ("purchased", 8 * 3600)
    assert gig.stopped_at == (gig.started_at or 0) + 8 * HOUR
    assert story.codes() == [(CUSTOMER, 3), (OPERATOR, 3)]
    due = story.kind.deadline(gig)
    assert due is not None
    assert due.at == story.now + MINUTE, "the rating window counts from the purchase"


def test_a_stream_whose_parties_fell_silent_is_terminated_with_14_to_both() -> None:
    story = gig_after(TO_STREAMING)
    story.wait(9 * MINUTE)
    story.do(SignOfLife(account=CUSTOMER))
    story.wait(10 * MINUTE - 1)
    assert story.fire_due() == ()
    story.wait(1)
    story.fire_due()
    assert (story.state.phase, story.state.price_cents) == ("terminated", 0)
    assert story.codes() == [(CUSTOMER, 14), (OPERATOR, 14)]


@pytest.mark.parametrize(
    "sign",
    [
        StartGig(account=CUSTOMER),
        ConfirmGig(account=CUSTOMER),
        ClaimGig(operator=OPERATOR),
        HandshakeGig(account=OPERATOR, video=VIDEO),
        HandshakeGig(account=CUSTOMER, video=VIDEO),
        SignOfLife(account=OPERATOR),
    ],
)
def test_every_command_of_a_party_while_streaming_feeds_the_watchdog(sign: Command) -> None:
    story = gig_after(TO_STREAMING)
    story.wait(9 * MINUTE)
    story.do(sign)
    due = story.kind.deadline(story.state)
    assert due is not None
    assert due.at == story.now + 10 * MINUTE


def test_the_watchdog_counts_from_engine_ready_after_downtime() -> None:
    story = gig_after(TO_STREAMING)
    ready = story.now + HOUR
    revived = story.kind.revive(story.state, ready)
    due = story.kind.deadline(revived)
    assert due is not None
    assert due.at == ready + 10 * MINUTE
    assert story.kind.revive(revived, ready - 1) is revived
    pending = gig_after(PENDING).state
    assert story.kind.revive(pending, ready) is pending


def test_both_ratings_make_it_voted() -> None:
    story = gig_after(TO_PURCHASED)
    story.do(RateGig(account=OPERATOR, rating=4, rating_id="a"))
    assert story.state.phase == "purchased"
    story.do(RateGig(account=CUSTOMER, rating=5, rating_id="b"))
    gig = story.state
    assert gig.phase == "voted"
    assert gig.customer_rating is not None
    assert gig.operator_rating is not None
    assert (gig.customer_rating.value, gig.operator_rating.value) == (4, 5)


def test_the_back_office_takes_a_voted_gig_in_three_steps_and_no_fourth() -> None:
    story = gig_after(TO_VOTED)
    for phase in ("invoiceGenerated", "invoiceSent", "compensated"):
        story.do(AdvanceGig())
        assert story.state.phase == phase
    with pytest.raises(NotAllowedInPhase):
        story.do(AdvanceGig())


def test_a_repeated_step_of_the_back_office_is_no_second_one() -> None:
    story = gig_after(TO_VOTED)
    story.do(AdvanceGig(expected="voted"))
    assert story.do(AdvanceGig(expected="voted")) == ()
    assert story.state.phase == "invoiceGenerated"
    for expected in ("invoiceSent", "pendingOperator", "no status"):
        with pytest.raises(NotAllowedInPhase):
            story.do(AdvanceGig(expected=expected))


def test_a_gig_that_stayed_purchased_for_7_days_moves_on_and_nobody_owes_a_rating() -> None:
    story = gig_after(TO_PURCHASED)
    story.wait(7 * DAY - 1)
    story.fire_due()
    assert story.state.locked == (CUSTOMER, OPERATOR)
    with pytest.raises(NotAllowedInPhase):
        story.do(AdvanceGig())
    story.wait(1)
    story.do(AdvanceGig())
    assert story.state.phase == "invoiceGenerated"
    assert not story.state.locked
    with pytest.raises(NotAllowedInPhase):
        story.do(RateGig(account=CUSTOMER, rating=5, rating_id="a"))
