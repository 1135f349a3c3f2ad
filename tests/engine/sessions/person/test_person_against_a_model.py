"""A person's machine against an independent model, under virtual time."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace
from stories import Story, no_person

from switchboard.engine.sessions import fold
from switchboard.engine.sessions.person import PERSON, GoOffline, GoOnline, Heartbeat, Person

ID = "570732086a5e9bd853b4f0a1"
PLACES = st.one_of(st.none(), st.tuples(st.floats(-90, 90), st.floats(-180, 180)))
SPANS = st.one_of(st.integers(0, 130_000), st.sampled_from([59_999, 60_000, 119_999, 120_000]))


class People(RuleBasedStateMachine):
    """The model: what was chosen, when something was last heard, where, and when that was last written down."""

    story: Story[Person]
    phase: str | None
    heard: int
    saved: int
    place: tuple[float, float] | None
    timeout: int

    @initialize()
    def nobody(self) -> None:
        self.story = no_person()
        self.phase, self.heard, self.saved, self.place, self.timeout = None, 0, 0, None, 120_000

    def hear(self, place: tuple[float, float] | None) -> None:
        self.heard, self.place = self.story.now, place or self.place

    @rule(span=SPANS)
    def wait(self, span: int) -> None:
        self.story.wait(span)
        self.story.fire_due()
        if self.phase == "online" and self.story.now >= self.heard + self.timeout:
            self.phase = "away"

    @precondition(lambda self: self.phase == "online")
    @rule(early=st.sampled_from([0, 1]))
    def wait_for_the_timeout(self, early: int) -> None:
        self.wait(max(0, self.heard + self.timeout - self.story.now - early))

    @rule(place=PLACES, timeout=st.sampled_from([60_000, 120_000]))
    def go_online(self, place: tuple[float, float] | None, timeout: int) -> None:
        latitude, longitude = place or (None, None)
        command = GoOnline(id=ID, latitude=latitude, longitude=longitude, timeout=timeout)
        self.story.do(command)
        if self.phase != "online" or timeout != self.timeout or self.save_is_old():
            self.saved = self.story.now
        self.phase, self.timeout = "online", timeout
        self.hear(place)

    def save_is_old(self) -> bool:
        return self.story.now - self.saved >= 60_000

    @rule()
    def go_offline(self) -> None:
        self.story.do(GoOffline(id=ID))
        if self.phase is None:
            self.saved = self.heard = self.story.now
        self.phase = "offline"

    @rule(place=PLACES)
    def sign(self, place: tuple[float, float] | None) -> None:
        latitude, longitude = place or (None, None)
        self.story.do(Heartbeat(id=ID, latitude=latitude, longitude=longitude))
        if self.phase in (None, "away") or (self.phase == "online" and self.save_is_old()):
            self.saved = self.story.now
        self.phase = {None: "offline", "away": "online"}.get(self.phase, self.phase)
        self.hear(place)

    @invariant()
    def the_person_is_what_the_model_says(self) -> None:
        person = self.story.state_or_none
        if person is None:
            assert self.phase is None
            return
        place = None if person.latitude is None else (person.latitude, person.longitude)
        assert (person.phase, person.seen_at, person.saved_at) == (
            self.phase,
            self.heard,
            self.saved,
        )
        assert place == self.place

    @invariant()
    def the_deadline_is_never_past(self) -> None:
        person = self.story.state_or_none
        due = None if person is None else PERSON.deadline(person)
        assert (due is not None) == (self.phase == "online")
        assert due is None or due.at > self.story.now

    @invariant()
    def the_journal_folds_to_the_state_but_for_what_is_volatile(self) -> None:
        person, folded = self.story.state_or_none, fold(PERSON, self.story.journal)
        if person is None or folded is None:
            assert person is folded is None
            return
        volatile = {"seen_at": 0, "latitude": None, "longitude": None}
        assert replace(folded, **volatile) == replace(person, **volatile)
        # In the phase that counts, a crash forgets at most a minute of signs.
        assert person.phase != "online" or person.seen_at - folded.seen_at <= 60_000


TestPeople = People.TestCase
# One example's time is not what is tested; 100 examples take under a second.
TestPeople.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
