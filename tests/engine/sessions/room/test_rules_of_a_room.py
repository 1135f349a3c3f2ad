"""The rules of a room as sentences. Source: contracts/ally.md, contracts/auto.md (echo), contracts/dowell.md."""

from __future__ import annotations

from typing import Any

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
    opening,
    room_in,
    says,
)
from stories import Story

from switchboard.engine.errors import Invalid
from switchboard.engine.sessions.kind import Claim, ListEntry, Projection
from switchboard.engine.sessions.room import (
    HOLDER_TIMEOUT,
    LISTED_EVERY,
    ROOM,
    AddMember,
    AddTag,
    CloseIssue,
    CloseRoom,
    FreeRoom,
    HearHolder,
    IssueRow,
    Member,
    MemberRow,
    MessagePosted,
    QuestionRow,
    RemoveMember,
    RemoveTag,
    Room,
    RoomNotice,
    RoomPurpose,
    RoomRow,
    TagRow,
    echo_of,
    same_room,
)
from switchboard.engine.sessions.room.state import RECENT_MOST, TAGS_MOST


def message_of(story: Story[Room]) -> MessagePosted:
    """The last entry of the journal, which is a message."""
    last = story.journal[-1]
    assert isinstance(last, MessagePosted)
    return last


def rows_of(story: Story[Room]) -> list[Projection]:
    """The rows of the whole story, in order."""
    rows: list[Projection] = []
    state: Any = None
    for event in story.journal:
        after = ROOM.evolve(state, event)
        rows += ROOM.projections(state, event, after)
        state = after
    return rows


# -- messages


def test_a_message_has_the_version_of_its_entry_and_counts_from_one() -> None:
    story = room_in("free, none")
    for expected in (1, 2, 3):
        story.do(CLIENT_SAYS)
        assert message_of(story).number == expected
        assert message_of(story).sequence == len(story.journal)
    assert story.state.messages == 3
    assert story.state.last_message is not None
    assert story.state.last_message.sequence == len(story.journal)


def test_a_message_is_a_row_of_the_messages_and_nothing_else_is() -> None:
    story = room_in("held, answered")
    columns = [ROOM.message(event) for event in story.journal]
    numbers = [one.number for one in columns if one is not None]
    assert numbers == [1, 2]
    assert len(columns) == len(story.journal) > 2


def test_the_state_does_not_grow_with_messages_and_members() -> None:
    story = room_in("held, answered", "support")
    size = len(repr(story.state))
    for number in range(300):
        member = Member(account=f"member {number}", id=f"m{number}")
        story.do(AddMember(member=member))
        story.do(says(CLIENT, "client", "x" * 1000, echo_window=0))
    assert len(repr(story.state)) < size + 100


# -- issues


def test_messages_belong_to_the_issue_while_it_is_open_and_to_none_afterwards() -> None:
    story = room_in("free, none")
    story.do(OPERATOR_SAYS)
    assert message_of(story).issue is None
    story.do(CLIENT_SAYS)
    assert (message_of(story).issue, message_of(story).opens) == (ISSUE, True)
    story.do(OPERATOR_SAYS)
    assert (message_of(story).issue, message_of(story).opens) == (ISSUE, False)
    story.do(CloseIssue(issue=ISSUE, operator=OPERATOR))
    story.do(OPERATOR_SAYS)
    assert message_of(story).issue is None
    story.do(says(CLIENT, "client", issue_id="second"))
    assert message_of(story).issue == "second"
    assert story.state.issues == 2


def test_a_colleagues_message_in_a_held_room_is_stored_and_answers_nothing() -> None:
    story = room_in("held, open")
    before = story.state
    story.do(says(COLLEAGUE, "staff"))
    assert message_of(story).issue == ISSUE
    assert story.state.holder == before.holder
    assert story.state.asking == "open"
    assert story.state.issue is not None
    assert story.state.issue.answered_at is None


def test_the_first_message_of_the_desk_answers_the_issue_and_later_ones_change_nothing() -> None:
    story = room_in("held, open")
    story.wait(5_000)
    story.do(OPERATOR_SAYS)
    answered = story.now
    story.wait(5_000)
    story.do(OPERATOR_SAYS)
    assert story.state.issue is not None
    assert story.state.issue.answered_at == answered


def test_a_closed_issue_says_who_closed_it_and_the_room_stays_held() -> None:
    story = room_in("held, answered")
    story.wait(7)
    story.do(CloseIssue(issue=ISSUE, operator=ADMIN, admin=True))
    issue = story.state.issue
    assert issue is not None
    assert (issue.closed_by, issue.closed_at) == (ADMIN, story.now)
    assert story.state.holder == OPERATOR


def test_the_issues_row_knows_its_first_message_and_its_question() -> None:
    story = room_in("held, answered")
    rows = [row for row in rows_of(story) if isinstance(row, IssueRow)]
    messages = [event for event in story.journal if isinstance(event, MessagePosted)]
    assert (rows[-1].app, rows[-1].client) == (APP, CLIENT)
    assert rows[-1].first_sequence == messages[0].sequence
    questions = [row for row in rows_of(story) if isinstance(row, QuestionRow)]
    assert [(row.issue, row.text) for row in questions] == [(ISSUE, "hello")]


def test_a_message_that_changes_nothing_else_of_its_issue_writes_no_row_of_it() -> None:
    story = room_in("held, answered")
    before = len(rows_of(story))
    story.do(CLIENT_SAYS)
    story.do(OPERATOR_SAYS)
    assert not [row for row in rows_of(story)[before:] if isinstance(row, IssueRow)]
    messages = [event for event in story.journal if isinstance(event, MessagePosted)]
    story.do(CloseIssue(issue=ISSUE, operator=OPERATOR))
    closed = rows_of(story)[-1]
    assert isinstance(closed, IssueRow)
    assert closed.last_sequence == messages[-1].sequence


# -- tags


def test_a_tag_joins_and_leaves_the_room_and_its_open_issue() -> None:
    story = room_in("held, open")
    story.do(AddTag(tag=" vip "))
    assert story.state.issue is not None
    assert story.state.tags == story.state.issue.tags == ("vip",)
    story.do(CloseIssue(issue=ISSUE, operator=OPERATOR))
    story.do(RemoveTag(tag="vip"))
    assert not story.state.tags
    assert story.state.issue is not None
    assert story.state.issue.tags == ("vip",)
    assert [row.tag for row in rows_of(story) if isinstance(row, TagRow)] == ["vip"]


def test_a_new_issue_takes_the_rooms_tags() -> None:
    story = room_in("free, none")
    story.do(AddTag(tag="concierge"))
    story.do(CLIENT_SAYS)
    assert story.state.issue is not None
    assert story.state.issue.tags == ("concierge",)


def test_a_room_has_so_many_tags_and_no_more() -> None:
    story = room_in("free, none")
    for number in range(TAGS_MOST):
        story.do(AddTag(tag=f"tag {number}"))
    assert story.do(AddTag(tag="tag 0")) == ()
    with pytest.raises(Invalid):
        story.do(AddTag(tag="one more"))


# -- holding


def test_a_holder_who_is_not_heard_loses_the_room_and_the_issue_stays_open() -> None:
    story = room_in("held, answered")
    story.wait(HOLDER_TIMEOUT - 1)
    assert story.fire_due() == ()
    story.wait(1)
    assert [type(event).__name__ for event in story.fire_due()] == ["HolderTimedOut"]
    assert (story.state.holder, story.state.asking) == (None, "answered")
    topics = {notice.topic for notice in story.told}
    assert topics == {f"desk/{APP}", f"account/{CLIENT}"}


def test_a_holder_who_writes_or_is_connected_keeps_the_room() -> None:
    story = room_in("held, answered")
    for command in (OPERATOR_SAYS, HearHolder(operator=OPERATOR), TAKE):
        story.wait(HOLDER_TIMEOUT - 1)
        assert story.fire_due() == ()
        story.do(command)
    assert story.state.holder == OPERATOR


def test_a_clients_message_does_not_keep_the_room_held() -> None:
    story = room_in("held, answered")
    story.wait(HOLDER_TIMEOUT)
    story.do(CLIENT_SAYS)
    assert story.fire_due() != ()
    assert story.state.holder is None


def test_the_holders_time_counts_from_ready_when_nobody_could_be_heard() -> None:
    held = room_in("held, answered").state
    ready = held.holder_heard_at + HOLDER_TIMEOUT * 3
    assert ROOM.revive(held, ready).holder_heard_at == ready
    assert ROOM.revive(held, 1) == held
    free = room_in("free, answered").state
    assert ROOM.revive(free, ready) == free


def test_the_rooms_that_an_operator_holds_are_listed() -> None:
    story = room_in("held, none")
    assert ListEntry("rooms-held", OPERATOR) in ROOM.lists(story.state)
    story.do(FreeRoom(operator=OPERATOR))
    assert ROOM.lists(story.state) == {ListEntry("rooms-of", CLIENT)}


# -- the same room again, members, notices


def test_an_active_room_claims_its_key_and_an_inactive_one_does_not() -> None:
    story = room_in("free, none")
    assert ROOM.claims(story.state) == {same_room("ally", "support", CLIENT)}
    assert same_room("ally", "support", CLIENT) == Claim("room/ally/support", CLIENT)
    story.do(CloseRoom())
    assert ROOM.claims(story.state) == frozenset()


def test_members_are_rows() -> None:
    story = room_in("free, none")
    story.do(AddMember(member=Member(account="new", id="m2")))
    story.do(RemoveMember(account="new"))
    rows = [row for row in rows_of(story) if isinstance(row, MemberRow)]
    assert [(row.account, row.id, row.present) for row in rows] == [
        (CLIENT, "m1", True),
        ("new", "m2", True),
        ("new", "", False),
    ]
    assert [row.place for row in rows[1:]] == ["member/new"] * 2


def test_a_rooms_row_moves_with_the_first_message_of_each_span() -> None:
    story = room_in("free, none")
    opened = story.now
    story.wait(LISTED_EVERY - story.now % LISTED_EVERY)
    first = story.now
    for wait in (LISTED_EVERY - 1, 1, 1, 5 * LISTED_EVERY):
        story.do(CLIENT_SAYS)
        story.wait(wait)
    rows = [row for row in rows_of(story) if isinstance(row, RoomRow)]
    assert [(row.messages, row.active_at) for row in rows] == [
        (0, opened),
        (1, first),
        (3, first + LISTED_EVERY),
    ]


def test_the_desk_and_the_client_hear_of_messages_by_name_and_not_by_text() -> None:
    story = room_in("free, none")
    story.do(says(CLIENT, "client", "my secret"))
    assert "my secret" not in repr(story.told)
    assert {(notice.topic, notice.body.what) for notice in told(story)} == {
        (f"desk/{APP}", "issue"),
        (f"desk/{APP}", "message"),
        (f"account/{CLIENT}", "issue"),
        (f"account/{CLIENT}", "message"),
    }


def test_who_hears_of_a_message_depends_on_what_the_room_is_for() -> None:
    two = (Member(account="a", id="1"), Member(account="b", id="2"))
    topics_of: dict[RoomPurpose, set[str]] = {
        "pair": {"account/a", "account/b"},
        "widget": set(),
        "gig": {f"chat/{CLIENT}"},
        "stream": {f"chat/{CLIENT}"},
    }
    for purpose, topics in topics_of.items():
        story: Story[Room] = Story(ROOM, None, 0)
        story.do(opening(purpose, people=two))
        story.do(says("a", "party"))
        assert {notice.topic for notice in story.told} == topics


def told(story: Story[Room]) -> list[Any]:
    """The last command's notices, of which each is a room's."""
    assert all(isinstance(notice.body, RoomNotice) for notice in story.told)
    return list(story.told)


# -- echoes


def from_both_sides(via: str, text: str = "hi") -> Any:
    return says("guest", "client", text, id=f"by {via}", via=via, echo_window=10_000)


def test_the_same_text_from_the_other_side_within_the_window_is_one_message() -> None:
    story = room_in("free, none", "stream")
    story.do(from_both_sides("guest"))
    story.wait(10_000)
    echo = from_both_sides("dealer")
    assert story.do(echo) == ()
    head = echo_of(story.state, echo, story.now)
    assert head is not None
    assert head.id == "by guest"


def test_the_same_text_from_the_same_side_or_later_or_another_text_is_another_message() -> None:
    story = room_in("free, none", "stream")
    story.do(from_both_sides("guest"))
    assert story.do(from_both_sides("guest")) != ()
    assert story.do(from_both_sides("dealer", "ho")) != ()
    story.wait(10_001)
    assert story.do(from_both_sides("dealer")) != ()
    assert story.state.messages == 4


def test_few_messages_are_remembered_for_their_echoes() -> None:
    story = room_in("free, none", "stream")
    for number in range(RECENT_MOST + 5):
        story.do(from_both_sides("guest", f"text {number}"))
    assert len(story.state.recent) == RECENT_MOST
    story.do(CloseRoom())
    assert story.state.recent == ()
