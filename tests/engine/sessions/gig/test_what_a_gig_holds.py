"""Claims, bars, lists, the summary, word to dispatch, observations of ratings, the rating lock."""

from __future__ import annotations

from typing import get_args

import pytest
from msgspec.structs import replace
from stories import gig_after, no_gig

from switchboard.engine.errors import Engaged, Invalid, RatingRequired
from switchboard.engine.sessions import Address, Claim, Context, ListEntry, Reaction, Tally
from switchboard.engine.sessions.gig import (
    GIG,
    LIVE,
    ClaimGig,
    ConfirmGig,
    GigStatus,
    HandshakeGig,
    OperatorUnavailable,
    RateGig,
    ReachDeadline,
    RejectOffer,
    RequestGig,
    StopGig,
)
from switchboard.engine.sessions.gig.journeys import (
    CUSTOMER,
    ID,
    JOURNEYS,
    OPERATOR,
    REQUEST,
    SECOND_OPERATOR,
    TO_FOUND,
    TO_PURCHASED,
    TO_STREAMING,
    VIDEO,
)

PHASES: tuple[GigStatus, ...] = get_args(GigStatus)
ENGAGED_CUSTOMER = Claim("engagement", CUSTOMER)
ENGAGED_OPERATOR = Claim("engagement", OPERATOR)
CUSTOMERS_DEBT = Claim(f"rating-debt/{CUSTOMER}", ID)
OPERATORS_DEBT = Claim(f"rating-debt/{OPERATOR}", ID)


@pytest.mark.parametrize("phase", PHASES)
def test_a_gig_engages_its_parties_exactly_while_it_is_live(phase: GigStatus) -> None:
    claims = GIG.claims(gig_after(JOURNEYS[phase]).state)
    if phase == "pendingOperator":
        assert claims == {ENGAGED_CUSTOMER}
    elif phase in LIVE:
        assert claims == {ENGAGED_CUSTOMER, ENGAGED_OPERATOR}
    else:
        assert claims == frozenset()


def test_a_party_that_did_not_rate_in_the_window_is_locked_until_it_rates() -> None:
    story = gig_after(TO_PURCHASED)
    story.do(RateGig(account=CUSTOMER, rating=5, rating_id="a"))
    story.wait(60_000 - 1)
    assert story.fire_due() == ()
    assert GIG.claims(story.state) == frozenset()
    story.wait(1)
    story.fire_due()
    assert GIG.claims(story.state) == {OPERATORS_DEBT}
    assert GIG.deadline(story.state) is None
    story.do(RateGig(account=OPERATOR, rating=3, rating_id="b"))
    assert GIG.claims(story.state) == frozenset()


def test_one_partys_rating_lifts_its_own_lock_alone() -> None:
    story = gig_after(TO_PURCHASED)
    story.until_deadline()
    assert GIG.claims(story.state) == {CUSTOMERS_DEBT, OPERATORS_DEBT}
    story.do(RateGig(account=OPERATOR, rating=3, rating_id="b"))
    assert GIG.claims(story.state) == {CUSTOMERS_DEBT}


def test_a_window_in_which_both_rated_locks_nobody() -> None:
    story = gig_after(JOURNEYS["voted"])
    assert GIG.deadline(story.state) is None
    assert GIG.claims(story.state) == frozenset()


def test_debts_bar_requesting_accepting_and_confirming_only() -> None:
    assert REQUEST.command is not None
    assert GIG.bars(REQUEST.command) == (f"rating-debt/{CUSTOMER}",)
    assert GIG.bars(ClaimGig(operator=OPERATOR)) == (f"rating-debt/{OPERATOR}",)
    assert GIG.bars(ConfirmGig(account=CUSTOMER)) == (f"rating-debt/{CUSTOMER}",)
    for free in (
        RejectOffer(operator=OPERATOR),
        StopGig(account=OPERATOR),
        HandshakeGig(account=OPERATOR, video=VIDEO),
        RateGig(account=OPERATOR, rating=5, rating_id="a"),
    ):
        assert GIG.bars(free) == ()


def test_a_claim_in_the_way_is_refused_with_the_gig_that_holds_it() -> None:
    engaged = GIG.refusal(ClaimGig(operator=OPERATOR), ENGAGED_OPERATOR, "another gig")
    assert isinstance(engaged, Engaged)
    assert engaged.session == "another gig"
    locked = GIG.refusal(ConfirmGig(account=CUSTOMER), CUSTOMERS_DEBT, ID)
    assert isinstance(locked, RatingRequired)
    assert locked.gig == ID


def test_an_offered_operator_sees_the_gig_in_its_offers_until_it_answers() -> None:
    story = gig_after(JOURNEYS["pendingOperator"])
    mine = ListEntry("gigs-of", CUSTOMER)
    first, second = ListEntry("gigs-offered", OPERATOR), ListEntry("gigs-offered", SECOND_OPERATOR)
    assert GIG.lists(story.state) == {mine, first, second}
    story.do(RejectOffer(operator=SECOND_OPERATOR))
    assert GIG.lists(story.state) == {mine, first}
    story.do(ClaimGig(operator=OPERATOR))
    assert GIG.lists(story.state) == {mine, ListEntry("gigs-of", OPERATOR)}


def test_both_parties_keep_the_gig_in_their_lists_for_ever() -> None:
    expected = {ListEntry("gigs-of", CUSTOMER), ListEntry("gigs-of", OPERATOR)}
    assert GIG.lists(gig_after(JOURNEYS["compensated"]).state) == expected


def test_the_summary_says_what_lists_show() -> None:
    gig = gig_after(JOURNEYS["voted"]).state
    summary = GIG.summary(gig)
    assert summary is not None
    shown = {name: getattr(summary, name) for name in summary.__struct_fields__}
    assert shown.pop("status") == "voted"
    assert shown.pop("duration") == 69
    assert (shown.pop("customer_rating"), shown.pop("operator_rating")) == (4, 5)
    assert shown == {name: getattr(gig, name) for name in shown}


def test_dispatch_hears_who_can_accept_nothing_now() -> None:
    def unavailable(account: str, because: str) -> Reaction:
        command = OperatorUnavailable(account=account, because=because)  # type: ignore[arg-type]
        return Reaction(Address("dispatch", account), command)

    story = no_gig()
    assert REQUEST.command is not None
    story.do(REQUEST.command)
    assert story.reacted == [unavailable(CUSTOMER, "engaged")]
    story.do(ClaimGig(operator=OPERATOR))
    assert story.reacted == [unavailable(OPERATOR, "engaged")]
    story = gig_after(TO_PURCHASED)
    story.until_deadline()
    assert story.reacted == [unavailable(CUSTOMER, "locked"), unavailable(OPERATOR, "locked")]


def test_a_request_of_somebody_who_holds_no_offers_needs_no_word_to_dispatch() -> None:
    story, command = no_gig(), REQUEST.command
    assert isinstance(command, RequestGig)
    story.do(replace(command, customer_operates=False))
    assert story.reacted == []


def test_each_rating_counts_for_the_one_who_got_it() -> None:
    story = gig_after(TO_PURCHASED)
    story.do(RateGig(account=CUSTOMER, rating=5, rating_id="a"))
    assert story.tallied == [Tally("operator-rating", OPERATOR, 5)]
    assert story.do(RateGig(account=CUSTOMER, rating=5, rating_id="again")) == ()
    story.do(RateGig(account=OPERATOR, rating=2, rating_id="b"))
    assert story.tallied == [Tally("customer-rating", CUSTOMER, 2)]


@pytest.mark.parametrize("rating", [0, 6, -1])
def test_a_rating_out_of_range_names_its_field(rating: int) -> None:
    with pytest.raises(Invalid) as refused:
        gig_after(TO_PURCHASED).do(RateGig(account=CUSTOMER, rating=rating, rating_id="a"))
    assert "rating" in refused.value.fields


def test_a_deadline_that_is_stale_or_early_does_nothing() -> None:
    story = gig_after(TO_STREAMING)
    early = GIG.deadline(story.state)
    assert early is not None
    assert story.do(early.command) == ()
    story.wait(60_000)
    story.do(StopGig(account=CUSTOMER))
    story.now = early.at
    assert story.do(early.command) == ()
    assert story.do(ReachDeadline(phase="purchased", due=early.at)) == ()


@pytest.mark.parametrize("phase", PHASES)
def test_an_end_forced_by_an_administrator_leaves_nobody_engaged(phase: GigStatus) -> None:
    gig = gig_after(JOURNEYS[phase]).state
    events = GIG.end(gig, Context(now=gig.updated_at + 1, by="system:admin"))
    assert bool(events) == (phase in LIVE)
    for event in events:
        gig = GIG.evolve(gig, event)
    assert GIG.claims(gig) == frozenset()


def test_a_gig_that_its_operator_claimed_names_the_operator_in_its_pushes() -> None:
    story = gig_after(TO_FOUND)
    story.do(ConfirmGig(account=CUSTOMER))
    assert story.told[0].topic == f"account/{OPERATOR}"
    assert getattr(story.told[0].body, "operator", None) == OPERATOR
