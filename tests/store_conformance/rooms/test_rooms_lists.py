"""Rooms in lists, members, read markers, serials."""

from __future__ import annotations

import random

import pytest
from room_stores import Writer, room_of, writers
from session_stores import NOW, World

from switchboard.engine.queries.rooms import ListedRoom, ReadMarker
from switchboard.engine.sessions.room import LISTED_EVERY, AddMember, Member, RemoveMember

pytestmark = pytest.mark.timeout(60)


def ids(found: object) -> list[str]:
    assert isinstance(found, list)
    assert all(isinstance(one, ListedRoom) for one in found)
    return [one.id for one in found]


@pytest.fixture
async def three(world: World) -> list[Writer]:
    """Three rooms of ann, opened one after the other; the second is bob's too."""
    made = writers(world.store, "a", "b", "c")
    for number, writer in enumerate(made):
        people = ("ann", "bob") if writer.id == "b" else ("ann",)
        await writer.open(*people, purpose="pair", at=NOW + number, shelf="ours", serial=number + 1)
    return made


async def test_a_members_rooms_come_with_the_latest_activity_first(
    world: World, three: list[Writer]
) -> None:
    rooms = world.store.rooms
    assert ids(await rooms.of_member("ann", 0, 10)) == ["c", "b", "a"]
    await three[0].say("ann", "hello", at=NOW + 100)
    assert ids(await rooms.of_member("ann", 0, 10)) == ["a", "c", "b"]
    assert ids(await rooms.of_member("ann", 1, 1)) == ["c"]
    assert ids(await rooms.of_member("bob", 0, 10)) == ["b"]
    assert ids(await rooms.of_member("nobody", 0, 10)) == []


async def test_lists_are_exact_although_a_rooms_row_is_not_written_for_each_message(
    world: World,
) -> None:
    """Every page of every size, whatever stands near its ends."""
    rooms, chance = world.store.rooms, random.Random(6)
    made = writers(world.store, *(f"r{n:02}" for n in range(14)))
    for number, writer in enumerate(made):
        await writer.open("ann", purpose="pair", at=NOW + number * 1000, shelf="ours")
    for moment in sorted(chance.randrange(4 * LISTED_EVERY) for _ in range(60)):
        await chance.choice(made[2:]).say("ann", "hello", at=NOW + 20_000 + moment)
    exact = sorted(made, key=lambda one: (one.room.active_at, one.id), reverse=True)
    wanted = [one.id for one in exact]
    for skip in range(len(made) + 2):
        for limit in (0, 1, 2, 5, 20):
            page = wanted[skip:][:limit]
            assert ids(await rooms.of_member("ann", skip, limit)) == page
            assert ids(await rooms.on_shelf("ours", "ann", skip, limit)) == page
            memberships = await rooms.memberships("ann", skip, limit)
            assert [one.room for one in memberships] == page


async def test_ties_are_broken_by_id(world: World) -> None:
    for writer in writers(world.store, "y", "x", "z"):
        await writer.open("ann", shelf="tied")
    assert ids(await world.store.rooms.of_member("ann", 0, 10)) == ["z", "y", "x"]
    assert ids(await world.store.rooms.on_shelf("tied", "ann", 0, 10)) == ["z", "y", "x"]


async def test_a_shelf_has_its_rooms_by_activity_and_the_readers_markers(
    world: World, three: list[Writer]
) -> None:
    rooms = world.store.rooms
    await three[0].say("ann", "hello", at=NOW + 100)
    found = await rooms.on_shelf("ours", "ann", 0, 10)
    assert [one.id for one in found] == ["a", "c", "b"]
    assert found[0].marker is not None
    assert found[0].marker.number == 1
    assert room_of(found[0].summary) == three[0].room
    assert [one.marker for one in await rooms.on_shelf("ours", "bob", 0, 1)] == [None]
    assert ids(await rooms.on_shelf("theirs", "ann", 0, 10)) == []


async def test_rooms_are_found_by_id_and_by_serial(world: World, three: list[Writer]) -> None:
    rooms = world.store.rooms
    assert ids(await rooms.by_ids(["c", "nothing", "a"], "ann")) == ["c", "a"]
    assert await rooms.by_serial("ally", 2) == "b"
    assert await rooms.by_serial("ally", 9) is None
    assert await rooms.by_serial("company", 2) is None


async def test_members_come_and_go(world: World, three: list[Writer]) -> None:
    rooms, room = world.store.rooms, three[2]
    room.now += 50
    await room.do(AddMember(member=Member(account="eve", id="m1")))
    await room.do(AddMember(member=Member(account="eve", id="m2")))
    membership = await rooms.membership("c", "eve")
    assert membership is not None
    assert (membership.id, membership.joined_at) == ("m1", NOW + 52)
    members = await rooms.members(["c", "b", "nothing"], 10)
    assert {room: [one.account for one in of] for room, of in members.items()} == {
        "c": ["ann", "eve"],
        "b": ["ann", "bob"],
    }
    assert [one.account for one in (await rooms.members(["c"], 1))["c"]] == ["ann"]
    await room.do(RemoveMember(account="eve"))
    assert await rooms.membership("c", "eve") is None
    assert [one.room for one in await rooms.memberships("ann", 0, 10)] == ["c", "b", "a"]


async def test_who_shares_a_room_is_known(world: World, three: list[Writer]) -> None:
    rooms = world.store.rooms
    assert await rooms.shared("bob", ["ann", "eve"]) == {"ann"}
    assert await rooms.shared("eve", ["ann"]) == frozenset()
    assert list(await rooms.company("bob", 10)) == ["ann", "bob"]
    assert list(await rooms.company("bob", 1)) == ["ann"]


def marker(number: int, reader: str = "bob") -> ReadMarker:
    return ReadMarker(
        room="b", reader=reader, sequence=number + 1, number=number, message=f"m{number}", at=NOW
    )


async def test_a_read_marker_never_goes_back(world: World, three: list[Writer]) -> None:
    rooms = world.store.rooms
    assert await rooms.mark(marker(3)) == marker(3)
    assert await rooms.mark(marker(2)) == marker(3)
    assert await rooms.mark(marker(5)) == marker(5)
    found = await rooms.markers(["b", "b", "b"], ["ann", "bob", "eve"])
    assert list(found) == [marker(5)]


async def test_whoever_writes_has_read_what_came_before(world: World, three: list[Writer]) -> None:
    rooms, room = world.store.rooms, three[1]
    for sender in ("ann", "ann", "bob", "ann"):
        last = await room.say(sender, "hello", role="party")
    ann, bob = await rooms.markers(["b", "b"], ["ann", "bob"])
    assert (ann.number, ann.message, ann.sequence) == (4, last, room.version)
    assert bob.number == 3
    await rooms.mark(marker(9, "ann"))
    await room.say("ann", "hello", role="party")
    (ann,) = await rooms.markers(["b"], ["ann"])
    assert ann.number == 9


async def test_serials_are_given_once_each(world: World) -> None:
    serials = world.store.serials
    assert await serials.take("rooms", 1) == 1
    assert await serials.take("rooms", 50) == 2
    assert await serials.take("rooms", 1) == 52
    assert await serials.take("messages", 1) == 1
