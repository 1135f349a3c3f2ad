"""contracts/auto.md, 'The stream's states', row by row; and what a stream holds while it lasts."""

from __future__ import annotations

import pytest
from stories import Story, no_stream, stream_after

from switchboard.engine.errors import (
    AlreadyRequested,
    Conflict,
    Engaged,
    NotAllowedInPhase,
    NotFound,
    NotOnline,
    TakenByAnother,
)
from switchboard.engine.sessions import Address, Claim, Command, Context, ListEntry, Reaction
from switchboard.engine.sessions.gig import OperatorUnavailable
from switchboard.engine.sessions.stream import (
    STREAM,
    AcceptStream,
    LinkLead,
    OfferStream,
    PassOffer,
    SeekDealer,
    SignOfLife,
    StopStream,
    Stream,
    WriteNote,
)
from switchboard.engine.sessions.stream.journeys import (
    ACCEPT,
    DEALER,
    GUEST,
    ID,
    JOURNEYS,
    LEAD,
    LINK_LEAD,
    NAME,
    OFFER_TO_THE_SECOND,
    ORGANIZATION,
    REQUEST,
    REQUEST_OF_NOBODY,
    SECOND_DEALER,
    STRANGER,
    TO_STOPPED,
    TO_STREAMING,
    VISITOR,
)

VIEWER = f"viewer/{ID}"
SECOND = 1000
HOUR = 3_600 * SECOND
SEEK = Reaction(Address("showroom", ID), SeekDealer())


def requested() -> Story[Stream]:
    return stream_after((REQUEST,))


def accept(dealer: str = DEALER, *, online: bool = True) -> AcceptStream:
    return AcceptStream(dealer=dealer, dealer_name=NAME, online=online)


def do(story: Story[Stream], command: Command) -> list[tuple[str, int]]:
    """Whom the command tells which code."""
    story.do(command)
    return story.codes()


def held(stream: Stream) -> set[tuple[str, str]]:
    return {(claim.scope, claim.key) for claim in STREAM.claims(stream)}


WAITING = {(f"stream-guest/{ORGANIZATION}", GUEST), (f"stream-visitor/{ORGANIZATION}", VISITOR)}


# -- requested


def test_a_request_is_offered_to_the_dealer_that_was_found_who_is_told_0() -> None:
    story = no_stream()
    assert REQUEST.command is not None
    assert do(story, REQUEST.command) == [(DEALER, 0)]
    assert (story.state.phase, story.state.offered_to) == ("requested", DEALER)
    assert held(story.state) == WAITING | {("engagement", DEALER)}
    assert story.reacted == []


def test_a_request_that_finds_nobody_is_kept_as_missed_offline_and_engages_nobody() -> None:
    story = no_stream()
    assert REQUEST_OF_NOBODY.command is not None
    assert do(story, REQUEST_OF_NOBODY.command) == []
    assert story.state.phase == "missed-offline"
    assert (held(story.state), STREAM.deadline(story.state)) == (set(), None)


def test_an_offer_unanswered_for_30_s_passes_on_and_its_dealer_is_told_10() -> None:
    story = requested()
    due = STREAM.deadline(story.state)
    assert due is not None
    assert due.at == story.now + 30 * SECOND
    story.until_deadline()
    assert story.codes() == [(DEALER, 10)]
    assert story.reacted == [SEEK]
    assert story.state.offered_to is None
    assert held(story.state) == WAITING
    assert do(story, OfferStream(dealer=SECOND_DEALER)) == [(SECOND_DEALER, 0)]
    assert held(story.state) == WAITING | {("engagement", SECOND_DEALER)}


def test_an_offer_passes_on_at_once_when_its_dealer_goes_offline() -> None:
    story = requested()
    story.wait(SECOND)
    assert do(story, PassOffer(dealer=DEALER)) == [(DEALER, 10)]
    assert story.reacted == [SEEK]


def test_a_stream_that_waits_for_a_dealer_asks_again_every_30_s() -> None:
    story = requested()
    story.until_deadline()
    began = story.now
    story.until_deadline()
    assert (story.now - began, story.reacted) == (30 * SECOND, [SEEK])
    assert (story.state.phase, story.codes()) == ("requested", [])


def test_a_dealer_that_let_it_pass_is_not_offered_it_again_and_one_that_was_offline_is() -> None:
    story = requested()
    story.until_deadline()
    with pytest.raises(Conflict):
        story.do(OfferStream(dealer=DEALER))
    story.do(OfferStream(dealer=SECOND_DEALER))
    story.do(PassOffer(dealer=SECOND_DEALER))
    assert do(story, OfferStream(dealer=SECOND_DEALER)) == [(SECOND_DEALER, 0)]
    assert [offer.dealer for offer in story.state.offers] == [DEALER, SECOND_DEALER]


def test_an_accept_starts_the_stream_and_tells_1_and_4_to_the_viewer_6_to_the_others() -> None:
    story = requested()
    story.until_deadline()
    story.do(OfferStream(dealer=SECOND_DEALER))
    story.wait(SECOND)
    told = do(story, accept(SECOND_DEALER))
    assert told == [(VIEWER, 1), (VIEWER, 4), (DEALER, 6)]
    stream = story.state
    assert (stream.phase, stream.dealer, stream.dealer_name) == ("streaming", SECOND_DEALER, NAME)
    assert stream.started_at == story.now
    assert held(stream) == {("engagement", SECOND_DEALER)}
    command = OperatorUnavailable(account=SECOND_DEALER, because="engaged")
    assert story.reacted == [Reaction(Address("dispatch", SECOND_DEALER), command)]


def test_a_dealer_that_let_it_pass_may_accept_as_long_as_nobody_else_has() -> None:
    story = requested()
    story.until_deadline()
    story.do(OfferStream(dealer=SECOND_DEALER))
    told = do(story, accept(DEALER))
    assert told == [(VIEWER, 1), (VIEWER, 4), (SECOND_DEALER, 6)]
    assert held(story.state) == {("engagement", DEALER)}


def test_accepts_are_refused_for_their_exact_reason() -> None:
    story = requested()
    with pytest.raises(NotAllowedInPhase):
        story.do(accept(STRANGER))
    with pytest.raises(NotOnline):
        story.do(accept(DEALER, online=False))
    story.do(accept(DEALER))
    with pytest.raises(TakenByAnother):
        story.do(accept(SECOND_DEALER))
    story.do(StopStream())
    with pytest.raises(NotAllowedInPhase):
        story.do(accept(DEALER))


def test_nobody_in_120_s_makes_it_missed_and_tells_7_to_the_viewer_and_who_had_it() -> None:
    story = requested()
    began = story.now
    story.until_deadline()
    story.do(OfferStream(dealer=SECOND_DEALER))
    while story.state.phase == "requested":
        story.until_deadline()
    assert story.now == began + 120 * SECOND
    assert story.codes() == [(VIEWER, 7), (DEALER, 7), (SECOND_DEALER, 7)]
    assert (story.state.phase, held(story.state)) == ("missed", set())


def test_after_a_downtime_a_request_is_missed_at_once_and_offered_to_nobody_before() -> None:
    story = requested()
    story.wait(HOUR)
    story.fire_due()
    assert (story.state.phase, len(story.journal)) == ("missed", 1)


def test_a_stop_before_anybody_took_it_tells_2_and_lasted_0_s() -> None:
    story = requested()
    story.wait(SECOND)
    assert do(story, StopStream(party="viewer")) == [(DEALER, 2)]
    assert (story.state.phase, story.state.duration_seconds) == ("stopped", 0)
    assert held(story.state) == set()
    assert do(requested(), StopStream()) == [(VIEWER, 2), (DEALER, 2)]


# -- streaming


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (StopStream(party="viewer"), [(DEALER, 3)]),
        (StopStream(party="dealer"), [(VIEWER, 3)]),
        (StopStream(), [(VIEWER, 3), (DEALER, 3)]),
    ],
    ids=["viewer", "dealer", "unknown"],
)
def test_a_stop_tells_3_to_the_other(command: Command, told: list[tuple[str, int]]) -> None:
    story = stream_after(TO_STREAMING)
    story.wait(69_400)
    assert do(story, command) == told
    stream = story.state
    assert (stream.phase, stream.duration_seconds) == ("stopped", 69)
    assert (stream.stopped_at, held(stream)) == (story.now, set())


def test_a_stream_is_stopped_after_4_h_however_late_that_is_noticed() -> None:
    story = stream_after(TO_STREAMING)
    started = story.now
    while story.state.phase == "streaming":
        story.wait(500 * SECOND)
        story.fire_due()
        if story.state.phase == "streaming":
            story.do(SignOfLife(dealer=DEALER))
    stream = story.state
    assert (stream.phase, stream.duration_seconds) == ("stopped", 4 * 3600)
    assert stream.stopped_at == started + 4 * HOUR
    assert story.codes() == [(VIEWER, 3), (DEALER, 3)]


def test_no_sign_of_the_dealer_for_600_s_expires_it_and_tells_5_to_both() -> None:
    story = stream_after(TO_STREAMING)
    story.wait(599 * SECOND)
    story.do(SignOfLife(dealer=DEALER))
    story.wait(599 * SECOND)
    assert story.fire_due() == ()
    story.until_deadline()
    assert story.codes() == [(VIEWER, 5), (DEALER, 5)]
    stream = story.state
    assert (stream.phase, stream.duration_seconds) == ("expired", 1199)
    assert held(stream) == set()


def test_the_watchdog_counts_from_ready_after_a_downtime_and_only_while_streaming() -> None:
    story = stream_after(TO_STREAMING)
    ready = story.now + HOUR
    revived = STREAM.revive(story.state, ready)
    due = STREAM.deadline(revived)
    assert due is not None
    assert due.at == ready + 600 * SECOND
    assert STREAM.revive(revived, ready - 1) is revived
    waiting = requested().state
    assert STREAM.revive(waiting, ready) is waiting


# -- afterwards


def test_a_note_completes_a_stopped_stream_and_a_later_one_replaces_it() -> None:
    story = stream_after(TO_STOPPED)
    story.do(WriteNote(note="one"))
    assert (story.state.phase, story.state.note) == ("completed", "one")
    story.do(WriteNote(note="two"))
    assert (story.state.phase, story.state.note) == ("completed", "two")
    assert story.do(WriteNote(note="two")) == ()


def test_a_lead_completes_a_stopped_stream() -> None:
    story = stream_after(TO_STOPPED)
    story.do(LinkLead(lead=LEAD))
    assert (story.state.phase, story.state.lead) == ("completed", LEAD)
    assert story.do(LinkLead(lead=LEAD)) == ()


@pytest.mark.parametrize("steps", [(REQUEST,), TO_STREAMING], ids=["requested", "streaming"])
def test_a_lead_before_the_stop_changes_nothing_and_the_stop_then_completes(
    steps: tuple[object, ...],
) -> None:
    story = stream_after((*steps, LINK_LEAD))  # type: ignore[arg-type]
    phase = story.state.phase
    assert phase == ("requested" if len(steps) == 1 else "streaming")
    [event] = story.do(StopStream())
    assert type(event).__name__ == "StreamCompleted"
    assert {who for who, _ in story.codes()} == {VIEWER, DEALER}
    assert (story.state.phase, story.state.lead) == ("completed", LEAD)
    assert story.do(StopStream()) == ()


def test_an_administrators_end_stops_what_is_live_and_nothing_else() -> None:
    for status, steps in JOURNEYS.items():
        story = stream_after(steps)
        events = STREAM.end(story.state, Context(now=story.now, by="system:admin"))
        names = [type(event).__name__ for event in events]
        assert names == (["StreamStopped"] if status in ("requested", "streaming") else [])


# -- what it holds, and what lists show


def test_a_taken_claim_names_who_holds_it() -> None:
    engaged = STREAM.refusal(accept(), Claim("engagement", DEALER), "other")
    again = STREAM.refusal(None, Claim(f"stream-guest/{ORGANIZATION}", GUEST), "first")
    assert isinstance(engaged, Engaged)
    assert isinstance(again, AlreadyRequested)
    assert (engaged.session, again.session) == ("other", "first")


def test_a_stream_stands_in_its_organizations_lists_and_among_the_open_ones_while_live() -> None:
    for status, steps in JOURNEYS.items():
        entries = {
            ListEntry("streams-of", ORGANIZATION),
            ListEntry(f"streams-of/{status}", ORGANIZATION),
            ListEntry(f"streams-by-visitor/{ORGANIZATION}", VISITOR),
        }
        if status in ("requested", "streaming"):
            entries.add(ListEntry("streams-open", "all"))
        assert STREAM.lists(stream_after(steps).state) == entries


def test_the_summary_says_what_lists_show() -> None:
    story = stream_after((REQUEST, ACCEPT))
    summary = STREAM.summary(story.state)
    assert summary is not None
    shown = {name: getattr(summary, name) for name in ("status", "dealer", "dealer_name", "guest")}
    assert shown == {
        "status": "streaming",
        "dealer": DEALER,
        "dealer_name": NAME,
        "guest": GUEST,
    }


def test_a_stream_that_is_not_there_is_not_found() -> None:
    with pytest.raises(NotFound):
        no_stream().do(StopStream())
    assert OFFER_TO_THE_SECOND.command is not None
    with pytest.raises(NotAllowedInPhase):
        stream_after(TO_STREAMING).do(OFFER_TO_THE_SECOND.command)
