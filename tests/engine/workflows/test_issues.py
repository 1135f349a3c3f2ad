"""The desk's issues: the queue, closing, answers from history."""

from __future__ import annotations

import pytest
import trio
from room_worlds import APP, RoomWorld, room_world

from switchboard.engine.errors import NotFound, RoomHeld
from switchboard.engine.queries.issues import DaysWanted, IssueFilter
from switchboard.engine.workflows.messages import Message


async def issue_of(world: RoomWorld, client: str, text: str, app: str = APP) -> Message:
    """A client asks; the message, which names its issue."""
    return await world.ask(await world.support(client, app), text)


async def answered(
    world: RoomWorld, client: str, question: str, answer: str, app: str = APP
) -> Message:
    """An issue that was answered and closed; the answer."""
    room = await world.support(client, app)
    asked = await world.ask(room, question)
    message = await world.answer(room, "bob", answer)
    assert asked.issue is not None
    await world.issues.close(asked.issue, "bob")
    return message


async def test_an_issue_waits_in_the_queue_until_it_is_closed(autojump_clock: object) -> None:
    async with room_world() as world:
        for client in ("ann", "eve", "joe"):
            await issue_of(world, client, f"question of {client}")
            await trio.sleep(1)
        queue = await world.issues.page(IssueFilter(app=APP, is_open=True), 0, 10)
        assert [(one.record.client, one.record.position) for one in queue] == [
            ("ann", 1),
            ("eve", 2),
            ("joe", 3),
        ]
        assert queue[1].first_message is not None
        assert queue[1].first_message.text == "question of eve"
        room, record = await world.issues.close(queue[0].record.id, "bob")
        assert (room.asking, record.closed_by) == ("closed", "bob")
        assert await world.issues.close(record.id, "somebody else") == (room, record)
        assert await world.issues.count(IssueFilter(app=APP, is_open=True)) == 2
        assert await world.issues.count(IssueFilter(app=APP)) == 3


async def test_an_issue_of_a_room_that_another_holds_is_closed_by_the_holder_or_an_admin(
    autojump_clock: object,
) -> None:
    async with room_world() as world:
        asked = await issue_of(world, "ann", "hello?")
        assert asked.issue is not None
        await world.desk.take(asked.room, "bob")
        with pytest.raises(RoomHeld):
            await world.issues.close(asked.issue, "eve")
        room, _ = await world.issues.close(asked.issue, "root", admin=True)
        assert (room.asking, room.holder) == ("closed", "bob")


async def test_an_earlier_issue_is_closed_again_and_the_open_one_stays_open(
    autojump_clock: object,
) -> None:
    async with room_world() as world:
        first = await issue_of(world, "ann", "first")
        assert first.issue is not None
        await world.issues.close(first.issue, "bob")
        second = await issue_of(world, "ann", "second")
        room, record = await world.issues.close(first.issue, "eve")
        assert (room.asking, record.closed_by) == ("open", "bob")
        assert second.issue != first.issue


async def test_an_issue_that_is_not_there_is_not_found(autojump_clock: object) -> None:
    async with room_world() as world:
        for id in ("0" * 24, "", "no id"):
            with pytest.raises(NotFound):
                await world.issues.get(id)
            with pytest.raises(NotFound):
                await world.issues.answers(id, 5)


async def test_what_was_answered_to_the_most_similar_questions_comes_first(
    autojump_clock: object,
) -> None:
    async with room_world() as world:
        exact = await answered(world, "a", "Как заблокировать карту?", "Позвоните нам")
        near = await answered(world, "b", "Как мне заблокировать мою карточку", "Через приложение")
        await answered(world, "c", "Какой курс доллара?", "Шестьдесят")
        await answered(world, "d", "Как заблокировать карту?", "чужой ответ", app="another")
        await issue_of(world, "e", "Как заблокировать карту?")  # Never answered.
        await trio.sleep(1)
        asked = await issue_of(world, "ann", "как заблокировать карту")
        assert asked.issue is not None
        found = await world.issues.answers(asked.issue, 2)
        assert [one.message for one in found] == [exact, near]
        assert found[0].question.text == "Как заблокировать карту?"
        assert 0.99 < found[0].score <= 1
        assert found[0].score > found[1].score
        assert await world.issues.answers(asked.issue, 1) == found[:1]
        assert await world.issues.answers(asked.issue, 0) == []


async def test_answers_come_from_earlier_issues_alone_and_a_file_asks_nothing(
    autojump_clock: object,
) -> None:
    async with room_world() as world:
        asked = await issue_of(world, "ann", "something unheard of")
        assert asked.issue is not None
        await trio.sleep(1)
        await answered(world, "later", "something unheard of", "indeed")
        assert await world.issues.answers(asked.issue, 5) == []


async def test_the_answer_is_the_desks_first_text_of_that_issue(autojump_clock: object) -> None:
    async with room_world() as world:
        room = await world.support("a")
        first = await world.ask(room, "where is my money")
        await world.ask(room, "hello?")
        right = await world.answer(room, "bob", "on its way")
        await world.answer(room, "bob", "anything else?")
        assert first.issue is not None
        await world.issues.close(first.issue, "bob")
        await trio.sleep(1)
        asked = await issue_of(world, "ann", "where is the money")
        assert asked.issue is not None
        (found,) = await world.issues.answers(asked.issue, 5)
        assert found.message == right


async def test_days_are_counted(autojump_clock: object) -> None:
    async with room_world() as world:
        now = world.world.clock.now()
        await answered(world, "a", "one", "two")
        await issue_of(world, "b", "three")
        wanted = DaysWanted(app=APP, since=now, until=now + 24 * 3600 * 1000)
        (day,) = await world.issues.days(wanted)
        assert (day.opened, day.closed) == (2, 1)
