"""The stream's machine against an independent model, under virtual time, by whatever Hypothesis thinks of."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace
from stories import Story, no_stream
from stream_model import Model

from switchboard.engine.errors import Rejected
from switchboard.engine.sessions import Command, fold
from switchboard.engine.sessions.stream import (
    STREAM,
    AcceptStream,
    LinkLead,
    OfferStream,
    PassOffer,
    RequestStream,
    SignOfLife,
    StopStream,
    Stream,
    WriteNote,
)
from switchboard.engine.sessions.stream.journeys import DEALER, REQUEST, SECOND_DEALER, STRANGER

DEALERS = st.sampled_from([DEALER, SECOND_DEALER, STRANGER])
SPANS = st.one_of(
    st.integers(0, 5_000), st.sampled_from([29_999, 30_000, 120_000, 600_000, 4 * 3_600_000])
)
WORDS = st.sampled_from(["one", "two"])
LIVE = ("requested", "streaming")
OVER = ("stopped", "completed")


class Streams(RuleBasedStateMachine):
    """Each rule says, from the model alone, whether its command is taken, and moves the model if so."""

    story: Story[Stream]
    model: Model

    @initialize(streams=st.booleans())
    def request(self, streams: bool) -> None:
        self.story = no_stream()
        assert isinstance(REQUEST.command, RequestStream)
        self.story.do(REQUEST.command)
        self.model = Model(self.story.now, DEALER)
        if streams:
            self.accept(DEALER, True)

    @precondition(lambda self: self.model.status not in LIVE)
    @rule(streams=st.booleans())
    def request_another(self, streams: bool) -> None:
        """A stream that is over has little left to show: the example goes on with the next."""
        self.request(streams)

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

    @precondition(lambda self: self.model.due is not None)
    @rule(early=st.sampled_from([0, 1]))
    def wait_for_the_deadline(self, early: int) -> None:
        assert self.model.due is not None
        self.wait(max(0, self.model.due - self.story.now - early))

    @precondition(lambda self: self.model.status == "streaming")
    @rule(times=st.sampled_from([1, 8, 25]))
    def stream_on(self, times: int) -> None:
        """Up to four hours in which the dealer is heard."""
        for _ in range(times):
            self.wait(599_000)
            assert self.model.streamer is not None
            self.sign_of_life(self.model.streamer)

    @rule(dealer=DEALERS)
    def offer(self, dealer: str) -> None:
        model, now = self.model, self.story.now
        repeat = model.offered == dealer
        free = model.offered is None and dealer not in model.ignored
        allowed = model.status == "requested" and (repeat or free)

        def then() -> None:
            if not repeat:
                model.offer(dealer, now)

        self.try_(OfferStream(dealer=dealer), allowed, then)

    @rule(dealer=DEALERS)
    def leave(self, dealer: str) -> None:
        model, now = self.model, self.story.now

        def then() -> None:
            if model.status == "requested" and model.offered == dealer:
                model.leave(now)

        self.try_(PassOffer(dealer=dealer), True, then)

    @rule(dealer=DEALERS, online=st.booleans())
    def accept(self, dealer: str, online: bool) -> None:
        model, now = self.model, self.story.now
        again = model.status == "streaming" and model.streamer == dealer
        first = model.status == "requested" and dealer in model.had and online

        def then() -> None:
            if again:
                model.heard = now
            else:
                model.accept(dealer, now)

        command = AcceptStream(dealer=dealer, dealer_name="Hoa", online=online)
        self.try_(command, again or first, then)

    @rule(dealer=DEALERS)
    def sign_of_life(self, dealer: str) -> None:
        model, now = self.model, self.story.now

        def then() -> None:
            if model.status == "streaming" and model.streamer == dealer:
                model.heard = now

        self.try_(SignOfLife(dealer=dealer), True, then)

    @rule(party=st.sampled_from(["dealer", "viewer", None]))
    def stop(self, party: object) -> None:
        model, now = self.model, self.story.now

        def then() -> None:
            if model.status in LIVE:
                model.stop(now)

        self.try_(StopStream(party=party), model.status in (*LIVE, *OVER), then)  # type: ignore[arg-type]

    @rule(note=WORDS)
    def write(self, note: str) -> None:
        model = self.model

        def then() -> None:
            model.note, model.status = note, "completed"

        self.try_(WriteNote(note=note), model.status in OVER, then)

    @rule(lead=WORDS)
    def link(self, lead: str) -> None:
        model = self.model

        def then() -> None:
            model.lead = lead
            model.status = "completed" if model.status == "stopped" else model.status

        self.try_(LinkLead(lead=lead), True, then)

    @invariant()
    def the_stream_is_what_the_model_says(self) -> None:
        stream, model = self.story.state, self.model
        assert stream.phase == model.status
        assert (stream.dealer, stream.duration_seconds) == (model.streamer, model.seconds)
        assert (stream.note, stream.lead) == (model.note, model.lead)
        assert {offer.dealer for offer in stream.offers} == model.had

    @invariant()
    def the_next_deadline_is_the_models_and_not_past(self) -> None:
        due = STREAM.deadline(self.story.state)
        assert (None if due is None else due.at) == self.model.due
        assert due is None or due.at > self.story.now

    @invariant()
    def at_most_one_dealer_is_engaged_and_it_is_the_models(self) -> None:
        claims = STREAM.claims(self.story.state)
        assert {claim.key for claim in claims if claim.scope == "engagement"} == self.model.engaged
        waits = any(claim.scope != "engagement" for claim in claims)
        assert waits == (self.model.status == "requested")

    @invariant()
    def the_journal_folds_to_the_state_but_for_what_is_volatile(self) -> None:
        folded = fold(STREAM, self.story.journal)
        assert folded is not None
        assert replace(folded, seen_at=0) == replace(self.story.state, seen_at=0)


TestStreams = Streams.TestCase
# 150 examples of 30 steps take about 2 s.
TestStreams.settings = settings(
    max_examples=150,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
