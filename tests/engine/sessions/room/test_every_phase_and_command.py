"""Every (state, command) pair of a support room, held against one table of what must come of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from room_stories import (
    ADMIN,
    APP,
    CLIENT,
    CLIENT_SAYS,
    COLLEAGUE,
    ISSUE,
    OPERATOR,
    OPERATOR_SAYS,
    TAKE,
    WAYS,
    opening,
    room_in,
    says,
    state_of,
)

from switchboard.engine.errors import (
    Conflict,
    Invalid,
    NotAllowed,
    NotAllowedInPhase,
    NotFound,
    Rejected,
    RoomHeld,
)
from switchboard.engine.sessions.kind import Command
from switchboard.engine.sessions.room import (
    ROOM,
    AddMember,
    AddTag,
    CloseIssue,
    CloseRoom,
    FreeRoom,
    HearHolder,
    Member,
    ReachDeadline,
    RemoveMember,
    RemoveTag,
    Room,
    TakeRoom,
)
from switchboard.engine.sessions.room.decisions import DECISIONS

STATES = tuple(WAYS)
ACTIVE = tuple(state for state in STATES if not state.startswith("inactive"))
FREE = tuple(state for state in ACTIVE if state.startswith("free"))
HELD = tuple(state for state in ACTIVE if state.startswith("held"))
INACTIVE = ("inactive, none", "inactive, closed")
REPEAT, NOT_NOW, HELD_BY_ANOTHER = "repeat", "NotAllowedInPhase", "RoomHeld"
CHANGED = "changed"
"""Something was decided, and every part is where it was."""

REFUSALS: Mapping[str, type[Rejected]] = {
    kind.__name__: kind for kind in (Conflict, Invalid, NotAllowedInPhase, NotFound, RoomHeld)
}

Outcomes = Mapping[str, str]


def outcomes(active: str, inactive: str) -> dict[str, str]:
    return dict.fromkeys(ACTIVE, active) | dict.fromkeys(INACTIVE, inactive)


def held(states: tuple[str, ...] = FREE) -> dict[str, str]:
    """Each free state -> the same one, held."""
    return {state: state.replace("free", "held") for state in states}


def freed() -> dict[str, str]:
    return {state: state.replace("held", "free") for state in HELD}


def closed(states: tuple[str, ...], becomes: Callable[[str], str] = str) -> dict[str, str]:
    """Each of those whose issue is open -> the same one with its issue closed."""
    open_ones = [state for state in states if state.endswith(("open", "answered"))]
    return {state: becomes(f"{state.partition(',')[0]}, closed") for state in open_ones}


CLIENT_ASKS = {
    "free, none": "free, open",
    "held, none": "held, open",
    "free, closed": "free, open",
    "held, closed": "held, open",
}
OPERATOR_WRITES = {
    **held(),
    "free, open": "held, answered",
    "held, open": "held, answered",
}
FREES_AND_CLOSES = freed() | closed(HELD, lambda state: state.replace("held", "free"))
CLOSES = {**closed(ACTIVE)}
NO_ISSUE = {state: "NotFound" for state in STATES if state.endswith("none")}
NOBODY_ELSE = dict.fromkeys(HELD, HELD_BY_ANOTHER)

EXPECTED: Mapping[str, tuple[Callable[[Room], Command], Outcomes]] = {
    "open again": (lambda _: opening(), outcomes(REPEAT, REPEAT)),
    "open another with this id": (
        lambda _: opening(key="somebody else"),
        outcomes("Conflict", "Conflict"),
    ),
    "client writes": (lambda _: CLIENT_SAYS, outcomes(CHANGED, NOT_NOW) | CLIENT_ASKS),
    "operator writes": (lambda _: OPERATOR_SAYS, outcomes(CHANGED, NOT_NOW) | OPERATOR_WRITES),
    "colleague writes": (
        lambda _: says(COLLEAGUE, "staff"),
        outcomes(CHANGED, NOT_NOW) | held() | {"free, open": "held, answered"},
    ),
    "nobody writes nothing": (lambda _: says(CLIENT, "client", ""), outcomes("Invalid", NOT_NOW)),
    "take": (lambda _: TAKE, outcomes(CHANGED, NOT_NOW) | held()),
    "take by a colleague": (
        lambda _: TakeRoom(operator=COLLEAGUE),
        outcomes(HELD_BY_ANOTHER, NOT_NOW) | held(),
    ),
    "free": (lambda _: FreeRoom(operator=OPERATOR), outcomes(REPEAT, REPEAT) | FREES_AND_CLOSES),
    "hand over": (
        lambda _: FreeRoom(operator=OPERATOR, closes=False),
        outcomes(REPEAT, REPEAT) | freed(),
    ),
    "free by a colleague": (
        lambda _: FreeRoom(operator=COLLEAGUE),
        outcomes(REPEAT, REPEAT) | NOBODY_ELSE,
    ),
    "free by an administrator": (
        lambda _: FreeRoom(operator=ADMIN, admin=True),
        outcomes(REPEAT, REPEAT) | FREES_AND_CLOSES,
    ),
    "holder is heard": (
        lambda _: HearHolder(operator=OPERATOR),
        outcomes(REPEAT, REPEAT) | dict.fromkeys(HELD, CHANGED),
    ),
    "colleague is heard": (lambda _: HearHolder(operator=COLLEAGUE), outcomes(REPEAT, REPEAT)),
    "issue closed by the operator": (
        lambda _: CloseIssue(issue=ISSUE, operator=OPERATOR),
        outcomes(REPEAT, REPEAT) | CLOSES | NO_ISSUE,
    ),
    "issue closed by a colleague": (
        lambda _: CloseIssue(issue=ISSUE, operator=COLLEAGUE),
        outcomes(REPEAT, REPEAT)
        | CLOSES
        | NO_ISSUE
        | {"held, open": HELD_BY_ANOTHER, "held, answered": HELD_BY_ANOTHER},
    ),
    "issue closed by an administrator": (
        lambda _: CloseIssue(issue=ISSUE, operator=ADMIN, admin=True),
        outcomes(REPEAT, REPEAT) | CLOSES | NO_ISSUE,
    ),
    "an earlier issue closed": (
        lambda _: CloseIssue(issue="an earlier one", operator=OPERATOR),
        outcomes(REPEAT, REPEAT) | NO_ISSUE,
    ),
    "tag": (lambda _: AddTag(tag="vip"), outcomes(CHANGED, NOT_NOW)),
    "empty tag": (lambda _: AddTag(tag=" "), outcomes("Invalid", NOT_NOW)),
    "tag that is not there removed": (lambda _: RemoveTag(tag="vip"), outcomes(REPEAT, NOT_NOW)),
    "member": (
        lambda _: AddMember(member=Member(account="new", id="m9")),
        outcomes(CHANGED, NOT_NOW),
    ),
    "member leaves": (lambda _: RemoveMember(account="new"), outcomes(CHANGED, NOT_NOW)),
    "client leaves": (lambda _: RemoveMember(account=CLIENT), outcomes("Conflict", NOT_NOW)),
    "close": (
        lambda _: CloseRoom(),
        {
            state: "inactive, none" if state.endswith("none") else "inactive, closed"
            for state in ACTIVE
        }
        | dict.fromkeys(INACTIVE, REPEAT),
    ),
    "deadline": (
        lambda room: ReachDeadline(due=room.holder_heard_at + room.holder_timeout),
        outcomes(REPEAT, REPEAT) | freed(),
    ),
    "stale deadline": (lambda _: ReachDeadline(due=1), outcomes(REPEAT, REPEAT)),
}

PAIRS = [
    pytest.param(make, state, outcome, id=f"{label} while {state}")
    for label, (make, row) in EXPECTED.items()
    for state, outcome in row.items()
]


def test_the_table_has_every_state_and_every_command() -> None:
    for _, row in EXPECTED.values():
        assert set(row) == set(STATES)
    sample = room_in("free, none").state
    used = {type(make(sample)) for make, _ in EXPECTED.values()}
    assert used == set(DECISIONS) | ROOM.creates


@pytest.mark.parametrize("state", STATES)
def test_each_way_leads_to_its_state(state: str) -> None:
    assert state_of(room_in(state).state) == state


@pytest.mark.parametrize(("make", "state", "outcome"), PAIRS)
def test_a_command_in_a_state_has_the_outcome_of_the_table(
    make: Callable[[Room], Command], state: str, outcome: str
) -> None:
    story = room_in(state)
    before, command = story.state, make(story.state)
    if isinstance(command, ReachDeadline) and command.due > 1:
        story.wait(before.holder_timeout)
    if outcome in REFUSALS:
        with pytest.raises(REFUSALS[outcome]) as refusal:
            story.do(command, by=OPERATOR)
        assert (refusal.type, story.state) == (REFUSALS[outcome], before)
        return
    events = story.do(command, by=OPERATOR)
    if outcome == REPEAT:
        assert (events, story.state) == ((), before)
    else:
        assert events
        assert state_of(story.state) == (state if outcome == CHANGED else outcome)


@pytest.mark.parametrize("purpose", ["pair", "widget", "gig", "stream"])
def test_only_a_support_room_has_a_holder_and_issues(purpose: str) -> None:
    story = room_in("free, none", purpose)  # type: ignore[arg-type]
    story.do(CLIENT_SAYS)
    story.do(OPERATOR_SAYS)
    assert state_of(story.state) == "free, none"
    for command in (TAKE, FreeRoom(operator=OPERATOR), CloseIssue(issue=ISSUE, operator=ADMIN)):
        with pytest.raises(NotAllowed):
            story.do(command)
    story.do(CloseRoom())
    with pytest.raises(NotAllowedInPhase):
        story.do(CLIENT_SAYS)


def test_the_room_of_these_tests_belongs_to_the_app() -> None:
    assert room_in("free, none").state.app == APP
