"""Rooms as dialects use them, over a real engine and the memory store."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from engines import World
from room_worlds import APP, RoomWorld, room_world

from switchboard.engine.errors import (
    CommitUnknown,
    Conflict,
    Invalid,
    KeyReused,
    NotAllowed,
    NotAllowedInPhase,
    NotFound,
    Quarantined,
    RoomHeld,
    StoreDown,
)
from switchboard.engine.runtime.letter import Key
from switchboard.engine.sessions.kind import Address
from switchboard.engine.sessions.room import HOLDER_TIMEOUT, ROOM, Room
from switchboard.engine.workflows.room_requests import (
    NewMessage,
    NewRoom,
    chat,
    key_of,
    pair,
    support,
)

NOBODYS = "0" * 24


def says(sender: str, text: str | None = "hello", **more: Any) -> NewMessage:
    return NewMessage(sender=sender, role="party", text=text, **more)


# -- opening


async def test_the_same_two_people_have_one_room_whoever_opens_it(autojump_clock: object) -> None:
    async with room_world() as world:
        first, made = await world.desk.open(pair("company", "ann", "bob", numbered=True), by="ann")
        again, made_again = await world.desk.open(pair("company", "bob", "ann"), by="bob")
        assert (made, made_again) == (True, False)
        assert first == again
        assert [one.account for one in first.people] == ["ann", "bob"]
        other, _ = await world.desk.open(pair("company", "ann", "eve", numbered=True), by="ann")
        assert (first.serial, other.serial) == (1, 2)
        assert await world.desk.by_serial("company", 2) == other


async def test_rooms_that_are_opened_at_once_are_one(autojump_clock: object) -> None:
    async with room_world() as world:
        opened: list[tuple[Room, bool]] = []

        async def one() -> None:
            opened.append(await world.desk.open(support("ally", APP, "ann"), by="ann"))

        async with trio.open_nursery() as nursery:
            for _ in range(20):
                nursery.start_soon(one)
        assert len({room.id for room, _ in opened}) == 1
        assert [made for _, made in opened].count(True) == 1


async def test_a_closed_room_is_not_the_same_room_any_more(autojump_clock: object) -> None:
    async with room_world() as world:
        new = NewRoom(realm="dowell", purpose="widget", key=key_of("a", "b"))
        first, _ = await world.desk.open(new, by="visitor")
        closed = await world.desk.close(first.id, by="visitor")
        assert closed.phase == "inactive"
        assert await world.desk.close(first.id, by="visitor") == closed
        assert await world.desk.find("dowell", "widget", key_of("a", "b")) is None
        second, made = await world.desk.open(new, by="visitor")
        assert made
        assert second.id != first.id
        with pytest.raises(NotAllowedInPhase):
            await world.desk.post(first, says("visitor"))


def test_keys_of_different_parts_differ_however_they_are_cut() -> None:
    assert key_of("ab", "c") != key_of("a", "bc")
    assert key_of("a", "b") == key_of("a", "b")


async def test_a_room_that_is_not_there_is_not_found_whatever_its_id(
    autojump_clock: object,
) -> None:
    async with room_world() as world:
        room = await world.support("ann")
        for id in (NOBODYS, "", "no id", "\ud800", room.id.upper()):
            with pytest.raises(NotFound):
                await world.desk.get(id)
            with pytest.raises(NotFound):
                await world.desk.take(id, "op")
        with pytest.raises(NotFound):
            await world.desk.by_serial("company", 7)


# -- writing


async def test_a_message_is_stored_once_for_its_client_id_also_after_a_restart(
    autojump_clock: object,
) -> None:
    store = World((ROOM,))
    async with room_world(store) as world:
        room, _ = await world.desk.open(pair("ally", "ann", "bob"), by="ann")
        first = await world.desk.post(room, says("ann", client_id="c1"))
        await world.desk.post(room, says("bob"))
        again = await world.desk.post(room, says("ann", client_id="c1"))
        assert again.message == first.message
        # Another sender, or another room, may use the same client id.
        other = await world.desk.post(room, says("bob", client_id="c1"))
        assert other.message.id != first.message.id
    async with room_world(store) as world:
        again = await world.desk.post(room, says("ann", client_id="c1"))
        assert again.message == first.message
        with pytest.raises(KeyReused):
            await world.desk.post(room, says("ann", "something else", client_id="c1"))
        assert len(await world.messages.page(room.id, None, 100)) == 3


async def test_what_a_post_answers_is_what_is_read_later(autojump_clock: object) -> None:
    async with room_world() as world:
        room = await world.support("ann")
        new = NewMessage(
            sender="ann",
            role="client",
            text="all of it",
            file="https://files.example.test/1.jpg",
            attributes='{"a":1}',
            client_id="c1",
            numbered=True,
            verified=False,
            via="somebody",
        )
        posted = (await world.desk.post(room, new)).message
        assert posted.issue is not None
        assert await world.messages.get(posted.id) == posted
        assert (await world.desk.post(room, new)).message == posted


async def test_a_request_key_serves_instead_of_a_client_id(autojump_clock: object) -> None:
    async with room_world() as world:
        room, _ = await world.desk.open(pair("company", "ann", "bob"), by="ann")
        key = Key("company/ann/message/k", b"digest")
        first = await world.desk.post(room, says("ann", numbered=True), key=key)
        again = await world.desk.post(room, says("ann", numbered=True), key=key)
        assert (again, first.repeated) == (first._replace(repeated=True), False)
        assert first.message.serial == 1
        later = await world.desk.post(room, says("ann", numbered=True))
        assert later.message.serial == 3


async def test_what_is_posted_at_once_has_one_order_without_a_gap(autojump_clock: object) -> None:
    async with room_world() as world:
        room, _ = await world.desk.open(chat("gig", NOBODYS), by="ann")
        posted: list[int] = []

        async def one(number: int) -> None:
            new = says("ann", f"text {number}", numbered=True)
            posted.append((await world.desk.post(room, new)).message.number)

        async with trio.open_nursery() as nursery:
            for number in range(100):
                nursery.start_soon(one, number)
        assert sorted(posted) == list(range(1, 101))
        kept = await world.messages.page(room.id, 0, 200)
        assert [one.number for one in kept] == list(range(1, 101))
        assert len({one.serial for one in kept}) == 100
        assert [one.sequence for one in kept] == sorted({one.sequence for one in kept})


async def test_an_echo_from_the_other_side_answers_the_message_itself(
    autojump_clock: object,
) -> None:
    async with room_world() as world:
        room, _ = await world.desk.open(chat("stream", NOBODYS), by="guest")

        def by(via: str, text: str = "hi") -> NewMessage:
            return says("guest", text, via=via, echo_window=10_000)

        first = await world.desk.post(room, by("guest"))
        await world.desk.post(room, by("guest", "something between"))
        echo = await world.desk.post(room, by("dealer"))
        assert echo.message == first.message
        await trio.sleep(10.1)
        later = await world.desk.post(room, by("dealer"))
        assert later.message.number == 3


async def test_an_empty_message_is_refused_and_nothing_is_stored(autojump_clock: object) -> None:
    async with room_world() as world:
        room, _ = await world.desk.open(pair("ally", "ann", "bob"), by="ann")
        with pytest.raises(Invalid):
            await world.desk.post(room, says("ann", ""))
        assert (await world.now(room)).messages == 0


# -- reading


async def test_unread_counts_what_came_after_the_marker_and_ones_own_messages_are_read(
    autojump_clock: object,
) -> None:
    async with room_world() as world:
        room, _ = await world.desk.open(pair("ally", "ann", "bob"), by="ann")
        messages = [(await world.desk.post(room, says("ann"))).message for _ in range(3)]

        async def unread(reader: str) -> int:
            (view,) = await world.lists.of_member(reader, 0, 10)
            return view.unread

        assert (await unread("ann"), await unread("bob")) == (0, 3)
        await world.desk.mark_read("bob", messages[1])
        standing = await world.desk.mark_read("bob", messages[0])
        assert (standing.message, await unread("bob")) == (messages[1].id, 1)
        await world.desk.mark_all_read("bob", await world.now(room))
        assert await unread("bob") == 0
        await world.desk.post(room, says("bob"))
        assert (await unread("ann"), await unread("bob")) == (1, 0)


async def test_a_list_shows_first_and_last_messages_and_members(autojump_clock: object) -> None:
    async with room_world() as world:
        room = await world.support("ann")
        (empty,) = await world.lists.of_member("ann", 0, 10)
        assert (empty.first_message, empty.last_message, empty.unread) == (None, None, 0)
        first = await world.ask(room, "first")
        last = await world.answer(room, "op", "last")
        (view,) = await world.lists.of_member("ann", 0, 10)
        assert (view.first_message, view.last_message) == (first, last)
        assert (view.issue_first_message, view.issue_last_message) == (first, last)
        assert view == await world.lists.view(await world.now(room), "ann")
        assert await world.lists.held_by("op", 0, 10) == [await world.lists.view(view.room, "op")]
        assert await world.lists.opened_for("ann", 0, 10) == [view]
        members = await world.lists.members([room.id])
        assert [one.account for one in members[room.id]] == ["ann"]
        ((membership, marker),) = await world.lists.memberships("ann", 0, 10)
        assert (membership.room, marker and marker.message) == (room.id, first.id)


async def test_members_join_and_leave_and_the_first_ones_stay(autojump_clock: object) -> None:
    async with room_world() as world:
        room = await world.support("ann")
        await world.desk.add_member(room.id, "eve", by="admin")
        await world.desk.add_member(room.id, "eve", by="admin")
        assert await world.desk.admits(room, "eve")
        await world.desk.only_member(room, "ann")
        await world.desk.remove_member(room.id, "eve", by="admin")
        await world.desk.remove_member(room.id, "eve", by="admin")
        with pytest.raises(NotAllowed):
            await world.desk.only_member(room, "eve")
        with pytest.raises(Conflict):
            await world.desk.remove_member(room.id, "ann", by="admin")
        journal = await world.engine.store.sessions.journal(Address("room", room.id))
        assert [entry.name for entry in journal] == ["RoomOpened", "MemberAdded", "MemberRemoved"]


# -- the desk


async def test_two_operators_take_a_room_at_once_and_one_holds_it(autojump_clock: object) -> None:
    async with room_world() as world:
        room = await world.support("ann")
        outcomes: dict[str, str] = {}

        async def take(operator: str) -> None:
            try:
                outcomes[operator] = (await world.desk.take(room.id, operator)).holder or ""
            except RoomHeld as refusal:
                outcomes[operator] = refusal.holder

        async with trio.open_nursery() as nursery:
            nursery.start_soon(take, "bob")
            nursery.start_soon(take, "eve")
        holder = (await world.now(room)).holder
        assert set(outcomes.values()) == {holder}


async def test_a_holder_that_is_neither_heard_nor_connected_loses_the_room_by_itself(
    autojump_clock: object,
) -> None:
    async with room_world() as world:
        room = await world.support("ann")
        await world.ask(room, "hello?")
        await world.desk.take(room.id, "bob")
        for _ in range(3):
            await trio.sleep(HOLDER_TIMEOUT / 1000 - 1)
            await world.desk.hear("bob")
        assert (await world.now(room)).holder == "bob"
        await trio.sleep(HOLDER_TIMEOUT / 1000 + 1)
        free = await world.now(room)
        assert (free.holder, free.asking) == (None, "open")
        await world.desk.hear("bob")
        assert (await world.now(room)).holder is None


async def test_an_operator_who_is_no_more_holds_nothing_and_closes_nothing(
    autojump_clock: object,
) -> None:
    async with room_world() as world:
        rooms = [await world.support(client) for client in ("ann", "eve")]
        for room in rooms:
            await world.ask(room, "hello?")
            await world.answer(room, "bob", "yes")
        await world.desk.free_all("bob")
        for room in rooms:
            now = await world.now(room)
            assert (now.holder, now.asking) == (None, "answered")
        assert await world.lists.held_by("bob", 0, 10) == []


async def test_while_the_database_is_away_nothing_is_promised(autojump_clock: object) -> None:
    store = World((ROOM,))
    async with room_world(store) as world:
        room = await world.support("ann")
        store.gate.down = True
        for attempt in (world.ask(room, "hello"), world.desk.take(room.id, "bob")):
            with pytest.raises(StoreDown):
                await attempt
        store.gate.down = False
        assert (await world.now(room)).messages == 0
        assert (await world.ask(room, "hello")).number == 1


async def test_a_message_whose_commit_was_lost_takes_no_number(autojump_clock: object) -> None:
    """The journal has a void entry then, so that versions go on and numbers have no gap."""
    store = World((ROOM,))
    async with room_world(store) as world:
        room = await world.support("ann")
        store.gate.drop_commits = 1
        with pytest.raises(CommitUnknown):
            await world.desk.post(room, NewMessage(sender="ann", role="client", text="lost"))
        message = await world.ask(room, "kept")
        assert message.number == 1
        journal = await world.engine.store.sessions.journal(Address("room", room.id))
        assert [entry.version for entry in journal] == list(range(1, len(journal) + 1))
        names = [entry.name for entry in journal]
        assert "void" in names
        assert journal[message.sequence - 1].name == "MessagePosted"


async def test_tags_join_the_app(autojump_clock: object) -> None:
    async with room_world() as world:
        await tag(world, "vip")
        assert list(await world.issues.tags(APP)) == ["vip"]
        assert list(await world.issues.tags("another")) == []


async def tag(world: RoomWorld, name: str) -> None:
    room = await world.support("ann")
    await world.desk.add_tag(room.id, name, by="admin")
    await world.desk.add_tag(room.id, name, by="admin")
    assert (await world.now(room)).tags == (name,)
    await world.desk.remove_tag(room.id, name, by="admin")
    assert (await world.now(room)).tags == ()


async def test_a_room_in_trouble_costs_its_operator_no_other_room(
    autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is told that its holder is there; who called hears of the trouble."""
    async with room_world() as world:
        rooms = [await world.support(client) for client in ("ann", "cleo")]
        for room in rooms:
            await world.desk.take(room.id, "bob")
        ask, broken = world.engine.ask, await world.desk._held("bob")

        async def quarantined(address: Address, *given: Any, **more: Any) -> Any:
            if address.id == broken[0]:
                raise Quarantined
            return await ask(address, *given, **more)

        monkeypatch.setattr(world.engine, "ask", quarantined)
        await trio.sleep(HOLDER_TIMEOUT / 1000 - 1)
        with pytest.raises(Quarantined):
            await world.desk.hear("bob")
        await trio.sleep(2)
        assert [(await world.desk.get(room)).holder for room in broken] == [None, "bob"]
