"""Messages are their own journal entries, found by place and by id."""

from __future__ import annotations

import pytest
from room_stores import CODEC, Writer, message_of, texts
from session_stores import World, outcome_of

from switchboard.engine.ports import CommitFailed, Committed, Stale
from switchboard.engine.queries.messages import Place
from switchboard.engine.runtime.folding import restore
from switchboard.engine.sessions.kind import Address
from switchboard.engine.sessions.room import ROOM, AddTag, PostMessage, TakeRoom

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
async def talk(world: World) -> Writer:
    """A room with the messages 1 to 9, a tag between each two."""
    writer = Writer(world.store.sessions, "talk")
    await writer.open("ann")
    for number in range(1, 10):
        await writer.say("ann", f"text {number}")
        await writer.do(AddTag(tag=f"tag {number}"))
    return writer


async def test_a_room_is_loaded_from_its_journal_and_its_messages_together(
    world: World, talk: Writer
) -> None:
    stored = await world.store.sessions.load(Address("room", "talk"))
    assert stored is not None
    assert [entry.version for entry in stored.tail] == list(range(1, talk.version + 1))
    assert all(entry.message is None for entry in stored.tail)
    assert restore(ROOM, CODEC, stored) == (talk.room, talk.version)
    assert list(await world.store.sessions.journal(Address("room", "talk"))) == list(stored.tail)


async def test_only_what_came_after_the_snapshot_is_folded(world: World, talk: Writer) -> None:
    await talk.do(AddTag(tag="last"), snapshot_every=1)
    await talk.say("ann", "after the snapshot")
    stored = await world.store.sessions.load(Address("room", "talk"))
    assert stored is not None
    assert [entry.name for entry in stored.tail] == ["MessagePosted"]
    assert restore(ROOM, CODEC, stored) == (talk.room, talk.version)


async def test_a_page_counts_from_the_oldest(world: World, talk: Writer) -> None:
    messages = world.store.messages
    assert texts(await messages.page("talk", 0, 2)) == ["text 1", "text 2"]
    assert texts(await messages.page("talk", 7, 5)) == ["text 8", "text 9"]
    assert texts(await messages.page("talk", 99, 5)) == []
    assert texts(await messages.page("another", 0, 5)) == []
    assert texts(await messages.page("talk", 0, 0)) == []


async def test_before_and_after_a_message_are_ascending(world: World, talk: Writer) -> None:
    messages = world.store.messages
    assert texts(await messages.before("talk", None, 2)) == ["text 8", "text 9"]
    (fifth,) = await messages.page("talk", 4, 1)
    assert texts(await messages.before("talk", fifth.sequence, 2)) == ["text 3", "text 4"]
    assert texts(await messages.after("talk", fifth.sequence, 2)) == ["text 6", "text 7"]
    assert texts(await messages.after("talk", talk.version, 2)) == []
    assert texts(await messages.before("talk", 1, 2)) == []


async def test_messages_are_found_by_id_and_by_place_in_the_order_asked_for(
    world: World, talk: Writer
) -> None:
    messages = world.store.messages
    by_ids = await messages.by_ids(["talk-message-3", "nobody's", "talk-message-1"])
    assert texts(by_ids) == ["text 3", "text 1"]
    assert message_of(by_ids[0]).id == "talk-message-3"
    places = [Place(one.room, one.sequence) for one in by_ids]
    assert await messages.at([*places, Place("talk", 1), Place("another", 2)]) == by_ids
    following = await messages.following([*places, Place("another", 0)], 1)
    assert texts(following) == ["text 4", "text 2"]


async def test_a_turn_that_loses_leaves_no_message_and_no_row(world: World, talk: Writer) -> None:
    behind = Writer(world.store.sessions, "talk")
    behind.state, behind.version = talk.state, talk.version - 1
    turn = behind.turn(PostMessage(id="lost", sender="bob", role="staff", text="lost"))
    assert await outcome_of(world.store.sessions, turn) == Stale()
    assert await world.store.messages.by_ids(["lost"]) == []
    assert await world.store.rooms.markers(["talk"], ["bob"]) == []


async def test_a_message_id_is_taken_once(world: World, talk: Writer) -> None:
    other = Writer(world.store.sessions, "other")
    await other.open("ann")
    again = PostMessage(id="talk-message-1", sender="ann", role="client", text="x", issue_id="i")
    assert isinstance(await outcome_of(world.store.sessions, other.turn(again)), CommitFailed)


async def test_one_turn_may_hold_several_messages_and_other_events(world: World) -> None:
    writer = Writer(world.store.sessions, "busy")
    await writer.open("ann")
    first = PostMessage(id="1", sender="ann", role="client", text="one", issue_id="issue")
    second = PostMessage(id="2", sender="bob", role="staff", text="two")
    third = PostMessage(id="3", sender="ann", role="client", text="three", issue_id="issue")
    outcome = await writer.do(first, TakeRoom(operator="bob"), second, third)
    assert isinstance(outcome, Committed)
    found = await world.store.messages.page("busy", 0, 10)
    assert [message_of(one).number for one in found] == [1, 2, 3]
    stored = await world.store.sessions.load(Address("room", "busy"))
    assert restore(ROOM, CODEC, stored) == (writer.room, writer.version)
