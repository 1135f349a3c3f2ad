"""A person's presence: every (phase, command) pair, what is durable, who is told, the time-out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

import msgspec
import pytest
from stories import Story, no_person

from switchboard.engine.errors import Conflict, NotFound
from switchboard.engine.sessions import Address, Claim, Command, Context, Notice, Reaction
from switchboard.engine.sessions.gig import OperatorUnavailable
from switchboard.engine.sessions.person import (
    PERSON,
    SAVE_EVERY,
    GoOffline,
    GoOnline,
    Heartbeat,
    Person,
    PersonNotice,
    PersonPhase,
    PersonSummary,
    ReachDeadline,
)
from switchboard.engine.sessions.person.machine import decide

ID = "570732086a5e9bd853b4f0a1"
ONLINE = GoOnline(id=ID, latitude=10.79, longitude=106.69)
OFFLINE = GoOffline(id=ID)
SIGN = Heartbeat(id=ID, latitude=10.8, longitude=106.7)
PHASES: tuple[PersonPhase, ...] = get_args(PersonPhase)


def person(phase: PersonPhase) -> Story[Person]:
    """The story of a person in that phase."""
    story = no_person()
    story.do(ONLINE)
    if phase == "away":
        story.until_deadline()
    elif phase == "offline":
        story.do(OFFLINE)
    assert story.state.phase == phase
    return story


DURABLE, VOLATILE, NOTHING = "durable", "volatile", "nothing"

EXPECTED: Mapping[PersonPhase | None, Mapping[str, tuple[str, str]]] = {
    None: {
        "go online": ("online", DURABLE),
        "go offline": ("offline", DURABLE),
        "sign": ("offline", DURABLE),
    },
    "offline": {
        "go online": ("online", DURABLE),
        "go offline": ("offline", NOTHING),
        "sign": ("offline", VOLATILE),
        "early deadline": ("offline", NOTHING),
    },
    "online": {
        "go online": ("online", VOLATILE),
        "go offline": ("offline", DURABLE),
        "sign": ("online", VOLATILE),
        "early deadline": ("online", NOTHING),
    },
    "away": {
        "go online": ("online", DURABLE),
        "go offline": ("offline", DURABLE),
        "sign": ("online", DURABLE),
        "early deadline": ("away", NOTHING),
    },
}
COMMANDS: Mapping[str, Command] = {
    "go online": ONLINE,
    "go offline": OFFLINE,
    "sign": SIGN,
    "early deadline": ReachDeadline(due=0),
}
PAIRS = [
    pytest.param(phase, name, id=f"{phase}-{name}")
    for phase in EXPECTED
    for name in EXPECTED[phase]
]


@pytest.mark.parametrize(("phase", "name"), PAIRS)
def test_every_command_in_every_phase_does_what_the_table_says(
    phase: PersonPhase | None, name: str
) -> None:
    story = no_person() if phase is None else person(phase)
    before, journaled = story.state_or_none, len(story.journal)
    story.wait(1)
    story.do(COMMANDS[name])
    after, expected = EXPECTED[phase][name]
    assert story.state.phase == after
    assert (len(story.journal) > journaled) == (expected == DURABLE)
    assert (story.state != before) == (expected != NOTHING)


def test_a_deadline_of_somebody_never_heard_of_finds_nobody() -> None:
    with pytest.raises(NotFound):
        decide(None, ReachDeadline(due=0), Context(now=0, by="system:deadline"))


def test_a_command_of_another_kind_is_a_bug() -> None:
    with pytest.raises(TypeError):
        decide(None, Command(), Context(now=0, by=ID))


def test_a_person_not_heard_for_the_timeout_is_away_and_the_next_sign_brings_it_back() -> None:
    story = person("online")
    story.wait(120_000 - 1)
    assert story.fire_due() == ()
    story.wait(1)
    story.fire_due()
    assert story.state.phase == "away"
    assert PERSON.deadline(story.state) is None
    story.do(SIGN)
    assert (story.state.phase, story.state.latitude) == ("online", 10.8)
    due = PERSON.deadline(story.state)
    assert due is not None
    assert due.at == story.now + 120_000


def test_a_sign_moves_the_deadline_and_its_old_one_is_stale() -> None:
    story = person("online")
    old = PERSON.deadline(story.state)
    assert old is not None
    story.wait(30_000)
    story.do(SIGN)
    story.wait(90_000)
    assert story.do(old.command) == ()
    assert story.state.phase == "online"


def test_signs_are_saved_once_a_minute() -> None:
    story = person("online")
    for _ in range(24):
        story.wait(5_000)
        story.do(SIGN)
    assert [type(event).__name__ for event in story.journal] == [
        "WentOnline",
        "LastSeenSaved",
        "LastSeenSaved",
    ]
    assert story.state.saved_at == story.now
    assert SAVE_EVERY == 60_000


def test_a_sign_without_a_place_keeps_the_last_one() -> None:
    story = person("online")
    story.do(Heartbeat(id=ID))
    assert (story.state.latitude, story.state.longitude) == (10.79, 106.69)
    story.do(Heartbeat(id=ID, latitude=1.0))
    assert (story.state.latitude, story.state.longitude) == (10.79, 106.69)


def test_going_online_with_another_timeout_is_journaled() -> None:
    story = person("online")
    story.do(GoOnline(id=ID, timeout=60_000))
    assert story.state.timeout == 60_000
    assert len(story.journal) == 2
    assert story.told == []


@pytest.mark.parametrize(
    ("phase", "command", "told", "withdrawn"),
    [
        ("offline", ONLINE, "online", False),
        ("online", OFFLINE, "offline", True),
        ("away", SIGN, "online", False),
        ("away", OFFLINE, "offline", False),
    ],
)
def test_a_change_of_phase_is_told_and_dispatch_hears_of_who_left(
    phase: PersonPhase, command: Command, told: PersonPhase, withdrawn: bool
) -> None:
    story = person(phase)
    story.do(command)
    notice = Notice(f"account/{ID}", "presence", PersonNotice(account=ID, phase=told))
    assert story.told == [notice]
    word = Reaction(Address("dispatch", ID), OperatorUnavailable(account=ID, because="offline"))
    assert story.reacted == ([word] if withdrawn else [])


def test_who_falls_silent_is_withdrawn_too() -> None:
    story = person("online")
    story.until_deadline()
    assert [type(reaction.command) for reaction in story.reacted] == [OperatorUnavailable]


def test_after_downtime_the_timeout_counts_from_engine_ready() -> None:
    online, ready = person("online").state, person("online").now + 3_600_000
    revived = PERSON.revive(online, ready)
    due = PERSON.deadline(revived)
    assert due is not None
    assert due.at == ready + 120_000
    assert PERSON.revive(revived, ready - 1) is revived
    away = person("away").state
    assert PERSON.revive(away, ready) is away


def test_the_index_of_places_is_rebuilt_from_the_summary() -> None:
    summary = PERSON.summary(person("online").state)
    assert isinstance(summary, PersonSummary)
    assert PersonSummary.decode(msgspec.json.encode(summary)) == summary
    assert (summary.account, summary.phase, summary.latitude) == (ID, "online", 10.79)


@pytest.mark.parametrize("phase", PHASES)
def test_a_person_ended_by_an_administrator_is_offline(phase: PersonPhase) -> None:
    story = person(phase)
    state = story.state
    for event in PERSON.end(state, Context(now=story.now, by="system:admin")):
        state = PERSON.evolve(state, event)
    assert state.phase == "offline"


def test_presence_takes_nothing_from_anybody() -> None:
    assert PERSON.claims(person("online").state) == frozenset()
    assert isinstance(PERSON.refusal(SIGN, Claim("engagement", ID), "a gig"), Conflict)
