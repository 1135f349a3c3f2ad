"""The gig's machine against an independent model, under virtual time, by whatever Hypothesis thinks of."""

from __future__ import annotations

from collections.abc import Callable

from gig_model import LIVE, OVER_AND_PAID, Model
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace
from stories import Story, no_gig

from switchboard.engine.errors import Rejected
from switchboard.engine.sessions import Claim, Command, fold
from switchboard.engine.sessions.gig import (
    GIG,
    TRANSITIONS,
    AdvanceGig,
    CancelGig,
    ClaimGig,
    ConfirmGig,
    EndGig,
    FailVideo,
    Gig,
    HandshakeGig,
    RateGig,
    RejectOffer,
    RejectOperator,
    RequestGig,
    SignOfLife,
    StartGig,
    StopGig,
    WithdrawOffer,
)
from switchboard.engine.sessions.gig.journeys import (
    CUSTOMER,
    OPERATOR,
    REQUEST,
    SECOND_OPERATOR,
    STRANGER,
    VIDEO,
)

OPERATORS = st.sampled_from([OPERATOR, SECOND_OPERATOR])
ANYBODY = st.sampled_from([CUSTOMER, OPERATOR, SECOND_OPERATOR, STRANGER])
SPANS = st.one_of(
    st.integers(0, 5_000),
    st.sampled_from([30_000, 60_000, 90_000, 90_001, 300_000, 600_000, 3_600_000]),
    st.just(7 * 24 * 3_600_000),
)
PARTIES = st.sampled_from([CUSTOMER, OPERATOR])
DEPTHS = st.sampled_from([0, 0, 0, 1, 2, 3, 4, 4, 5, 6])
"""How far a gig has come before chance takes over: a purchased one has come 5 steps. Chance alone seldom gets there."""


class Gigs(RuleBasedStateMachine):
    """Each rule says, from the model alone, whether its command is taken, and moves the model if so."""

    story: Story[Gig]
    model: Model

    @initialize(depth=DEPTHS, account=PARTIES)
    def request(self, depth: int, account: str) -> None:
        self.story = no_gig()
        assert isinstance(REQUEST.command, RequestGig)
        self.story.do(REQUEST.command)
        self.model = Model(self.story.now)
        for _ in range(depth):
            self.go_on(account)

    @precondition(lambda self: self.model.status not in LIVE)
    @rule(depth=DEPTHS, account=PARTIES)
    def request_another(self, depth: int, account: str) -> None:
        """A gig that is over has little left to show: the example goes on with the next."""
        self.request(depth, account)

    def try_(self, command: Command, allowed: bool, then: Callable[[], None]) -> None:
        """Sends the command as the runtime does, after what is due."""
        before = self.story.state
        try:
            self.story.do(command)
        except Rejected:
            assert not allowed, f"{command} was refused in {before.phase}"
            assert self.story.state == before
        else:
            assert allowed, f"{command} was taken in {before.phase}"
            then()

    @rule(span=SPANS)
    def wait(self, span: int) -> None:
        self.story.wait(span)
        self.story.fire_due()
        self.model.until(self.story.now)

    @precondition(lambda self: self.model.status == "streaming")
    @rule(hours=st.sampled_from([1, 4, 8]))
    def stream_on(self, hours: int) -> None:
        """Hours in which a party is heard every 7 minutes; then nothing may have ended but by the longest time."""
        for _ in range(hours * 9):
            self.wait(420_000)
            self.sign_of_life(CUSTOMER)

    @precondition(lambda self: self.model.status == "streaming")
    @rule(account=PARTIES, late=st.sampled_from([0, 1]))
    def cancel_at_the_end_of_the_no_video_window(self, account: str, late: int) -> None:
        self.wait(max(0, self.model.started + 90_000 + late - self.story.now))
        self.cancel(account)

    @precondition(lambda self: self.model.status == "pendingOperator")
    @rule(operator=OPERATORS)
    def change_ones_mind(self, operator: str) -> None:
        self.reject_offer(operator)
        self.claim(operator)

    @precondition(lambda self: self.model.due is not None)
    @rule(early=st.sampled_from([0, 1]))
    def wait_for_the_deadline(self, early: int) -> None:
        assert self.model.due is not None
        self.wait(max(0, self.model.due - self.story.now - early))

    @rule(operator=st.one_of(OPERATORS, st.just(STRANGER)))
    def claim(self, operator: str) -> None:
        model, now = self.model, self.story.now
        repeat = model.operator == operator and model.status in LIVE
        first = model.status == "pendingOperator" and operator != STRANGER
        allowed = (first and operator not in model.rejected) or repeat

        def then() -> None:
            if repeat:
                model.hear(now)
            else:
                model.operator = operator
                model.enter("operatorFound", now, 60_000)

        self.try_(ClaimGig(operator=operator), allowed, then)

    @rule(operator=OPERATORS)
    def reject_offer(self, operator: str) -> None:
        model = self.model
        backs_out = model.operator == operator and model.status == "operatorFound"
        again = operator in model.rejected or model.backed_out == operator
        allowed = model.status == "pendingOperator" or backs_out or again

        def then() -> None:
            if backs_out:
                model.backed_out = operator
                model.over("cancelled")
            elif model.status == "pendingOperator":
                model.rejected.add(operator)
                self.no_longer_waiting(operator)

        self.try_(RejectOffer(operator=operator), allowed, then)

    def no_longer_waiting(self, operator: str) -> None:
        self.model.waiting.discard(operator)
        if not self.model.waiting:
            self.model.over("allOperatorsRejected")

    @rule(operator=OPERATORS, because=st.sampled_from(["engaged", "offline", "locked"]))
    def withdraw(self, operator: str, because: str) -> None:
        def then() -> None:
            if self.model.status == "pendingOperator" and operator in self.model.waiting:
                self.no_longer_waiting(operator)

        command = WithdrawOffer(operator=operator, because=because)  # type: ignore[arg-type]
        self.try_(command, True, then)

    @rule(account=ANYBODY)
    def confirm(self, account: str) -> None:
        model, now = self.model, self.story.now
        first = model.status == "operatorFound"
        repeat = model.status in ("operatorEnroute", "handshaking", "streaming")

        def then() -> None:
            if first:
                model.enter("operatorEnroute", now, 3_600_000)
            else:
                model.hear(now)

        self.try_(ConfirmGig(account=account), account == CUSTOMER and (first or repeat), then)

    @rule(account=ANYBODY)
    def reject_operator(self, account: str) -> None:
        model = self.model
        allowed = account == CUSTOMER and model.status in ("operatorFound", "customerRejected")
        self.try_(RejectOperator(account=account), allowed, lambda: model.over("customerRejected"))

    @rule(account=ANYBODY)
    def cancel(self, account: str) -> None:
        model, now = self.model, self.story.now
        soon = model.status != "streaming" or now <= model.started + 90_000
        again = model.cancelled_by == account or (model.backed_out == account)
        allowed = (account in model.parties and model.status in LIVE and soon) or again

        def then() -> None:
            if again:
                return
            if model.status == "operatorFound" and account == model.operator:
                model.backed_out = account
            else:
                model.cancelled_by = account
            model.over("cancelled")

        self.try_(CancelGig(account=account), allowed, then)

    @rule(account=ANYBODY)
    def handshake(self, account: str) -> None:
        model, now = self.model, self.story.now
        taken = model.status in ("operatorEnroute", "handshaking", "streaming")

        def then() -> None:
            if model.status == "operatorEnroute":
                model.enter("handshaking", now, 300_000)
            model.hear(now)

        command = HandshakeGig(account=account, video=VIDEO)
        self.try_(command, taken and account in model.parties, then)

    @rule(account=ANYBODY)
    def start(self, account: str) -> None:
        model, now = self.model, self.story.now
        taken = model.status in ("handshaking", "streaming")

        def then() -> None:
            if model.status == "handshaking":
                model.status, model.started = "streaming", now
            model.hear(now)

        self.try_(StartGig(account=account), taken and account in model.parties, then)

    @rule(account=ANYBODY)
    def stop(self, account: str) -> None:
        model, now = self.model, self.story.now
        again = model.status in OVER_AND_PAID or model.stopped_early
        taken = again or model.status in ("handshaking", "streaming")

        def then() -> None:
            if model.status == "streaming":
                model.purchase(now)
            elif model.status == "handshaking":
                model.stopped_early = True
                model.over("cancelled")

        self.try_(StopGig(account=account), taken and account in model.parties, then)

    @rule(account=ANYBODY)
    def fail_video(self, account: str) -> None:
        model = self.model
        taken = model.status in ("operatorEnroute", "handshaking", "failed")
        self.try_(
            FailVideo(account=account),
            taken and account in model.parties,
            lambda: model.over("failed"),
        )

    @rule(account=ANYBODY, rating=st.integers(0, 6))
    def rate(self, account: str, rating: int) -> None:
        model = self.model
        fits = account in model.parties and 1 <= rating <= 5
        first = model.status == "purchased" and account not in model.rated
        again = model.rated.get(account) == rating

        def then() -> None:
            model.rated[account] = rating
            model.locked.discard(account)
            if model.status == "purchased" and len(model.rated) == 2:
                model.over("voted")

        command = RateGig(account=account, rating=rating, rating_id=f"{account}-{rating}")
        self.try_(command, fits and (first or again), then)

    @rule(account=ANYBODY)
    def sign_of_life(self, account: str) -> None:
        model, now = self.model, self.story.now
        self.try_(SignOfLife(account=account), account in model.parties, lambda: model.hear(now))

    @rule()
    def advance(self) -> None:
        model = self.model
        following = {
            "voted": "invoiceGenerated",
            "invoiceGenerated": "invoiceSent",
            "invoiceSent": "compensated",
        }
        if self.story.now >= model.invoice_from:
            following["purchased"] = "invoiceGenerated"

        def then() -> None:
            model.locked = set()
            model.over(following[model.status])

        self.try_(AdvanceGig(), model.status in following, then)

    @rule()
    def end(self) -> None:
        model, now = self.model, self.story.now

        def then() -> None:
            if model.status == "streaming":
                model.purchase(now)
            elif model.status in LIVE:
                model.over("cancelled")

        self.try_(EndGig(), True, then)

    @rule(account=PARTIES)
    def go_on(self, account: str) -> None:
        """The next step of a gig that goes well, so that the late phases are seen as often as the early ones."""
        match self.model.status:
            case "pendingOperator":
                self.claim(OPERATOR)
            case "operatorFound":
                self.confirm(CUSTOMER)
            case "operatorEnroute":
                self.handshake(account)
            case "handshaking":
                self.start(account)
            case "streaming":
                self.stop(account)
            case "purchased":
                self.rate(account, 5)
            case _:
                self.advance()

    @invariant()
    def the_gig_is_what_the_model_says(self) -> None:
        gig, model = self.story.state, self.model
        assert gig.phase == model.status
        assert gig.operator == model.operator
        assert set(gig.locked) == model.locked
        if model.seconds is not None:
            assert gig.duration_seconds == model.seconds
            assert gig.price_cents == 1000 + (model.seconds * 100 + 30) // 60

    @invariant()
    def the_next_deadline_is_the_models_and_not_past(self) -> None:
        due = GIG.deadline(self.story.state)
        assert (None if due is None else due.at) == self.model.due
        assert due is None or due.at > self.story.now

    @invariant()
    def the_parties_are_engaged_exactly_while_the_gig_is_live(self) -> None:
        gig = self.story.state
        engaged = {claim.key for claim in GIG.claims(gig) if claim.scope == "engagement"}
        assert engaged == (self.model.parties if gig.phase in LIVE else set())
        debts = {claim for claim in GIG.claims(gig) if claim.scope != "engagement"}
        assert debts == {Claim(f"rating-debt/{who}", gig.id) for who in self.model.locked}

    @invariant()
    def the_journal_folds_to_the_state_but_for_what_is_volatile(self) -> None:
        folded = fold(GIG, self.story.journal)
        assert folded is not None
        assert replace(folded, seen_at=0) == replace(self.story.state, seen_at=0)

    @invariant()
    def what_is_final_has_nothing_left_to_do(self) -> None:
        gig = self.story.state
        if not TRANSITIONS[gig.phase]:
            assert GIG.deadline(gig) is None
            assert GIG.claims(gig) == frozenset()
            assert gig.ended_at is not None


TestGigs = Gigs.TestCase
# 400 examples of 40 steps take 4 s and found 14 of 15 faults that were planted in the machine; the 15th, a handshake
# that does not feed the watchdog, is found by name in test_rows_from_the_stream_on.py.
TestGigs.settings = settings(
    max_examples=400,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
