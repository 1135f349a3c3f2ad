"""The queue of issues, their lists and counts, the statistics, and earlier ones that are alike."""

from __future__ import annotations

import pytest
from room_stores import APP, Writer, writers
from session_stores import DAY, World

from switchboard.engine.queries.issues import Day, DaysWanted, IssueFilter, IssueRecord
from switchboard.engine.queries.similarity import probes_of, terms_of
from switchboard.engine.sessions.room import AddTag, CloseIssue, FreeRoom, RemoveTag

pytestmark = pytest.mark.timeout(60)

MIDNIGHT = 1_700_006_400_000
"""The beginning of a day, UTC."""
ALL = IssueFilter(app=APP)
OPEN = IssueFilter(app=APP, is_open=True)
CLOSED = IssueFilter(app=APP, is_open=False)


def ids(found: object) -> list[str]:
    assert isinstance(found, list)
    assert all(isinstance(one, IssueRecord) for one in found)
    return [one.id for one in found]


@pytest.fixture
async def four(world: World) -> list[Writer]:
    """Four clients' issues, opened a minute after each other; the second is answered, the third closed, the fourth
    another app's."""
    made = writers(world.store, "a", "b", "c", "d")
    for number, writer in enumerate(made):
        at = MIDNIGHT + number * 60_000
        await writer.open(f"client {writer.id}", at=at, app="other" if writer.id == "d" else APP)
        await writer.say(f"client {writer.id}", f"question {writer.id}", at=at)
    second, third = made[1], made[2]
    await second.say("op", "answer", role="staff", at=MIDNIGHT + 70_000)
    third.now = MIDNIGHT + 200_000
    await third.do(CloseIssue(issue="c-issue-1", operator="op"))
    return made


async def test_an_issue_is_found_as_it_stands(world: World, four: list[Writer]) -> None:
    found = await world.store.issues.find("b-issue-1")
    assert found == IssueRecord(
        id="b-issue-1",
        app=APP,
        room="b",
        client="client b",
        opened_at=MIDNIGHT + 60_000,
        answered_at=MIDNIGHT + 70_000,
        closed_at=None,
        closed_by=None,
        tags=(),
        first_sequence=3,
        last_sequence=6,
    )
    third = await world.store.issues.find("c-issue-1")
    assert third is not None
    assert (third.closed_at, third.closed_by) == (MIDNIGHT + 200_000, "op")
    assert await world.store.issues.find("nothing") is None


async def test_the_longest_waiting_comes_first_and_knows_its_place_in_the_queue(
    world: World, four: list[Writer]
) -> None:
    issues = world.store.issues
    queue = await issues.page(OPEN, 0, 10)
    assert [(one.id, one.position) for one in queue] == [("a-issue-1", 1), ("b-issue-1", 2)]
    assert [one.position for one in await issues.page(OPEN, 1, 10)] == [2]
    everything = await issues.page(ALL, 0, 10)
    assert [(one.id, one.position) for one in everything] == [
        ("a-issue-1", 1),
        ("b-issue-1", 2),
        ("c-issue-1", None),
    ]
    assert ids(await issues.page(CLOSED, 0, 10)) == ["c-issue-1"]
    assert ids(await issues.page(ALL, 1, 1)) == ["b-issue-1"]


async def test_counts_are_those_of_the_lists(world: World, four: list[Writer]) -> None:
    issues, first = world.store.issues, four[0]
    await first.do(AddTag(tag="vip"))
    await first.do(FreeRoom(operator="op"))
    tagged = IssueFilter(app=APP, tag="vip")
    open_tagged = IssueFilter(app=APP, tag="vip", is_open=True)
    assert [await issues.count(one) for one in (ALL, OPEN, CLOSED, tagged)] == [3, 2, 1, 1]
    assert ids(await issues.page(tagged, 0, 10)) == ["a-issue-1"]
    await first.do(CloseIssue(issue="a-issue-1", operator="op"))
    assert [await issues.count(one) for one in (ALL, OPEN, CLOSED)] == [3, 1, 2]
    assert [await issues.count(one) for one in (tagged, open_tagged)] == [1, 0]
    assert ids(await issues.page(open_tagged, 0, 10)) == []
    # The closed issue keeps its tag when the room loses it, and the next takes the room's.
    await first.do(RemoveTag(tag="vip"))
    await first.say("client a", "again")
    assert await issues.count(tagged) == 1
    assert await issues.count(IssueFilter(app="nobody's")) == 0


async def test_a_tag_that_leaves_an_open_issue_leaves_the_list(
    world: World, four: list[Writer]
) -> None:
    issues, first = world.store.issues, four[0]
    tagged = IssueFilter(app=APP, tag="vip", is_open=True)
    await first.do(AddTag(tag="vip"))
    assert (await issues.page(tagged, 0, 10))[0].position == 1
    await first.do(RemoveTag(tag="vip"))
    assert (ids(await issues.page(tagged, 0, 10)), await issues.count(tagged)) == ([], 0)
    assert list(await issues.tags(APP)) == ["vip"]
    assert list(await issues.tags("other")) == []


async def test_statistics_have_every_day_of_the_range(world: World, four: list[Writer]) -> None:
    first = four[0]
    first.now = MIDNIGHT + DAY + 5
    await first.do(CloseIssue(issue="a-issue-1", operator="eve"))
    await first.say("client a", "again", at=MIDNIGHT + 2 * DAY)
    await first.say("op", "at last", role="staff", at=MIDNIGHT + 2 * DAY + 90_001)
    wanted = DaysWanted(app=APP, since=MIDNIGHT - DAY, until=MIDNIGHT + 3 * DAY)
    assert list(await world.store.issues.days(wanted)) == [
        Day(begins=MIDNIGHT - DAY, opened=0, closed=0, answered_median=None),
        Day(begins=MIDNIGHT, opened=3, closed=1, answered_median=10_000),
        Day(begins=MIDNIGHT + DAY, opened=0, closed=1, answered_median=None),
        Day(begins=MIDNIGHT + 2 * DAY, opened=1, closed=0, answered_median=90_001),
    ]


async def test_statistics_are_of_the_issues_asked_for(world: World, four: list[Writer]) -> None:
    await four[1].do(AddTag(tag="vip"))
    issues = world.store.issues

    async def opened_and_closed(**which: object) -> tuple[int, int]:
        wanted = DaysWanted(app=APP, since=MIDNIGHT, until=MIDNIGHT + DAY, **which)  # type: ignore[arg-type]
        (day,) = await issues.days(wanted)
        return day.opened, day.closed

    assert await opened_and_closed() == (3, 1)
    assert await opened_and_closed(tag="vip") == (1, 0)
    assert await opened_and_closed(closed_by="op") == (1, 1)
    assert await opened_and_closed(closed_by="nobody") == (0, 0)
    assert await opened_and_closed(is_open=True) == (2, 0)


async def test_questions_that_share_words_or_most_of_a_word_are_found(world: World) -> None:
    texts = {
        "a": "Где мой мобильный телефон?",
        "b": "Мобильные платежи не работают",
        "c": "кредит",
        "d": "It's a \\ strange & 'quoted' | query!",
    }
    for writer in writers(world.store, *texts):
        await writer.open("client")
        await writer.say("client", texts[writer.id])
    later = 2_000_000_000_000

    async def found(text: str, app: str = APP, before: int = later, most: int = 10) -> set[str]:
        alike = await world.store.issues.alike(app, probes_of(text), before, most)
        for one in alike:
            assert one.terms == terms_of(texts[one.room])
            assert one.issue == f"{one.room}-issue-1"
            assert one.first_sequence == 3
        return {one.room for one in alike}

    assert await found("МОБИЛЬНЫЙ банк") == {"a", "b"}
    assert await found("кредиты") == {"c"}
    assert await found("'quoted' & \\ | !") == {"d"}
    assert await found("мобильный", app="other") == set()
    assert await found("мобильный", before=1) == set()
    assert await found("?!") == set()
    assert len(await found("мобильный", most=1)) == 1
