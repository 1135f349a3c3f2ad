"""What else goes over the relay: how far people have read, who holds a room, its issues, where they are pushed to."""

from __future__ import annotations

from typing import Any

import pytest
from desks import ISSUE_KEYS, Voice
from relay_peers import Peer
from relay_worlds import RelayWorld, relay_world


async def asked(world: RelayWorld, ann: Voice, *peers: Peer) -> tuple[str, str]:
    """The client has asked something, which those peers have heard: its room and message."""
    room = await ann.room()
    posted = await ann.say(room, "help")
    for peer in peers:
        assert (await peer.after("issue"))["id"] == posted.message.id
    return room, posted.message.id


async def marker(voice: Voice, room: str) -> Any:
    """How far they have read, as REST says it."""
    found = (await voice.ok("GET", f"/user/{voice.id}/user_rooms"))["user_rooms"]
    return next(one["last_read_message_id"] for one in found if one["room_id"] == room)


async def test_what_somebody_has_read_is_kept_and_told_to_the_others() -> None:
    async with relay_world() as world:
        ann, bob = await world.desk.client("ann"), await world.desk.client("bob")
        one = await world.desk.staff("one")
        async with (
            world.peer(ann) as a,
            world.peer(ann) as tab,
            world.peer(bob) as b,
            world.peer(one) as o,
        ):
            room, message = await asked(world, ann, a, tab, o)
            await a.send("read", room=room, message=message)
            told = {"room": room, "user": ann.id, "message": message}
            for peer in (tab, o):
                assert await peer.content("read") == told
            assert await marker(ann, room) == message
            await o.send("read", room=room, message=message)
            for peer in (a, tab):
                assert await peer.content("read") == {**told, "user": one.id}
            # By the call it is told to all, as there is no connection that knows it already.
            assert (await ann.call("PUT", f"/message/{message}/read")).status == 200
            for peer in (a, tab, o):
                assert await peer.content("read") == told
            later = await ann.say(room, "please")
            for peer in (a, tab, o):
                assert (await peer.content("message"))["id"] == later.message.id
            await tab.send("read", room=room, message=later.message.id)
            for peer in (a, o):
                assert (await peer.content("read"))["message"] == later.message.id
            # A marker does not go back, and that is no news.
            await tab.send("read", room=room, message=message)
            for peer in (tab, a, o, b):
                await peer.quiet()
            assert await marker(ann, room) == later.message.id


async def test_who_may_not_read_a_message_is_told_so() -> None:
    async with relay_world() as world:
        ann, bob = await world.desk.client("ann"), await world.desk.client("bob")
        one = await world.desk.staff("one")
        pair = (await ann.ok("POST", f"/user/{ann.id}/rooms", user=bob.id))["id"]
        private = (await ann.say(pair, "hello")).message.id
        async with world.peer(ann) as a, world.peer(bob) as b, world.peer(one) as o:
            room, message = await asked(world, ann, a, o)
            await b.send("read", room=room, message=message)
            assert (await b.refused())["code"] == 2403
            await b.send("read", room=pair, message="e" * 24)
            assert (await b.refused())["code"] == 2404
            await a.send("read", room=pair, message=message)
            told = "Invalid field: message is no message of this room"
            assert await a.refused() == {"code": 1040, "message": told}
            await o.send("read", room=pair, message=private)
            assert (await o.refused())["code"] == 2403
            await a.send("read", room=room, message="x")
            told = "Invalid field: message must be an id"
            assert await a.refused() == {"code": 1040, "message": told}
            for peer in (a, b, o):
                await peer.quiet()


async def test_the_client_and_the_desk_are_told_who_holds_a_room_and_of_its_issues() -> None:
    async with relay_world() as world:
        ann = await world.desk.client("ann")
        one, other = await world.desk.staff("one"), await world.desk.staff("other")
        async with world.peer(ann) as a, world.peer(one) as o, world.peer(other) as p:
            peers = (a, o, p)
            room = await ann.room()

            async def told(type: str) -> Any:
                first, *rest = [await peer.content(type) for peer in peers]
                assert rest == [first, first]
                return first

            await a.say(room, "help")
            opened = await told("issue")
            message = await told("message")
            assert set(opened) == ISSUE_KEYS
            assert (opened["is_open"], opened["answered_at"]) == (True, None)
            assert (opened["id"], opened["first_message"]["id"]) == (
                message["issue"],
                message["id"],
            )
            await one.ok("PUT", f"/room/{room}/active")
            assert await told("room_active") == {"room": room, "operator": one.id}
            await o.say(room, "with what?")
            answered = await told("issue")
            assert answered["answered_at"] is not None
            assert (await told("message"))["sender"] == one.id
            # Another one's word changes nothing else.
            await p.say(room, "I know")
            assert (await told("message"))["sender"] == other.id
            await one.ok("DELETE", f"/room/{room}/active?close=0")
            assert await told("room_active") == {"room": room, "operator": None}
            await p.say(room, "it is done")
            assert await told("room_active") == {"room": room, "operator": other.id}
            await told("message")
            await other.ok("DELETE", f"/room/{room}/active")
            closed = await told("issue")
            assert (closed["is_open"], closed["closed_by"]) == (False, other.id)
            assert closed == await ann.ok("GET", f"/issue/{opened['id']}")
            assert await told("room_active") == {"room": room, "operator": None}
            await a.say(room, "again")
            assert (await told("issue"))["id"] not in (opened["id"], None)
            await told("message")
            for peer in peers:
                await peer.quiet()


@pytest.mark.parametrize(
    ("address", "said", "type"),
    [
        ("AGC1O4", None, "android"),
        ("0f" * 32, None, "ios"),
        ("AGC1O4", "iOS", "ios"),
        ("0f" * 32, "android", "android"),
    ],
)
async def test_a_push_address_is_kept_as_a_device_and_nobody_takes_an_alias(
    address: str, said: str | None, type: str
) -> None:
    async with relay_world() as world:
        ann, bob = await world.desk.client("ann"), await world.desk.client("bob")
        if said is not None:
            await ann.ok("POST", f"/user/{ann.id}", device_type=said)
        async with world.peer(ann) as a:
            await a.raw(
                '{\n"type": \u201cuser_data\u201d, \n"content": {\n         "alias": \u201cbob\u201d,\n'
                f'         "parse_id": \u201c{address}\u201d\n        }}\n}}'
            )
            for content in ({"alias": "ann", "parse_id": address}, {"alias": "ann"}, {}):
                await a.send("user_data", **content)
            await a.quiet()
        services = world.desk.world.services
        [device] = await services.engine.store.devices.of(ann.id)
        assert (device.address, device.type) == (address, type)
        account = await services.directory.get(ann.id)
        assert account is not None
        assert account.profile["parse_id"] == address
        assert (await ann.ok("GET", "/me"))["alias"] == "ann"
        assert (await bob.ok("GET", "/me"))["alias"] == "bob"
        assert await services.engine.store.devices.of(bob.id) == []
