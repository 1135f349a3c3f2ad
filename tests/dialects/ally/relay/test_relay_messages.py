"""What is said over the relay: who is told, once, in order, after the commit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any

import pytest
import trio
from desks import Desk, Voice
from engines import Gatekeeper
from relay_peers import Peer
from relay_worlds import SEEDS_MESSAGE, RelayWorld, relay_world
from transport_peers import until

from switchboard.web.dialects.ally.relay.connection import UNDER_WAY_MOST
from switchboard.web.services import WebSettings

SEEDS_ANSWER = (
    '{"type":"message","content":{"room":"%s","sender":"%s","message":"Hello Friend!",'
    '"file":"http://host/1.jpg","id":"%s","created_at":%s,"issue":"%s","client_id":null}}'
)
"""The seed's frame without its spaces and typographic quotes, then what contracts/realtime.md adds."""


async def history(voice: Voice, room: str) -> Sequence[Any]:
    """All that REST shows of the room."""
    return list((await voice.ok("GET", f"/room/{room}/messages?limit=100"))["messages"])


async def texts(voice: Voice, room: str) -> Sequence[str]:
    """What its messages say."""
    return [one["message"] for one in await history(voice, room)]


@pytest.mark.parametrize("binary", [False, True])
async def test_the_seeds_own_frame_comes_back_as_the_seed_has_it(binary: bool) -> None:
    async with relay_world() as world:
        ann = await world.desk.client("ann")
        room = await ann.room()
        sent = SEEDS_MESSAGE.replace("55409c8d239728dbe4d4ea8b", room)
        async with world.peer(ann) as peer:
            await peer.raw(sent.encode() if binary else sent)
            opened = await peer.content("issue")
            came = await peer.text()
            [stored] = await history(ann, room)
            values = (stored["id"], stored["created_at"], opened["id"])
            assert came == SEEDS_ANSWER % (room, ann.id, *values)
            content = json.loads(came)["content"]
            assert {name: content[name] for name in stored} == stored


class Room:
    """A client's support room with tabs of everybody around it."""

    def __init__(self, world: RelayWorld, stack: AsyncExitStack) -> None:
        self.world = world
        self._stack = stack

    async def tabs(self, voice: Voice, count: int = 2) -> list[Peer]:
        """So many connections of theirs."""
        return [await self._stack.enter_async_context(self.world.peer(voice)) for _ in range(count)]


async def test_all_tabs_of_the_client_and_of_every_operator_are_told_and_nobody_else() -> None:
    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(relay_world())
        desk, house = world.desk, Room(world, stack)
        ann, bob = await desk.client("ann"), await desk.client("bob")
        one, two = await desk.staff("one"), await desk.staff("two", admin=True)
        apps = desk.world.services.support.apps
        foreign = Desk(desk.world, await apps.create("other", "other"))
        stranger = await foreign.staff("stranger")
        near = [tab for voice in (ann, one, two) for tab in await house.tabs(voice)]
        far = [tab for voice in (bob, stranger) for tab in await house.tabs(voice)]
        room = await ann.room()
        await near[0].say(room, "help")
        asked = [await tab.after("issue") for tab in near]
        assert asked == [asked[0]] * len(near)
        assert (asked[0]["message"], asked[0]["sender"]) == ("help", ann.id)
        await near[2].say(room, "with what?", client_id="1")
        answered = [await tab.after("room_active", "issue") for tab in near]
        assert answered == [answered[0]] * len(near)
        assert (answered[0]["sender"], answered[0]["client_id"]) == (one.id, "1")
        for tab in (*near, *far):
            await tab.quiet()
        # And the other app's desk has its own.
        cleo = await foreign.client("cleo")
        [tab] = await house.tabs(cleo, 1)
        await tab.say(await cleo.room(), "hello")
        for other in (tab, *far[2:]):
            assert (await other.after("issue"))["sender"] == cleo.id
        for other in (*near, *far[:2]):
            await other.quiet()


async def test_a_room_of_two_is_told_to_the_two_and_to_no_desk() -> None:
    async with relay_world() as world:
        ann, bob = await world.desk.client("ann"), await world.desk.client("bob")
        one, other = await world.desk.staff("one"), await world.desk.staff("other")
        room = (await ann.ok("POST", f"/user/{ann.id}/rooms", user=bob.id))["id"]
        with_desk = (await ann.ok("POST", f"/user/{ann.id}/rooms", user=one.id))["id"]
        async with (
            world.peer(ann) as a,
            world.peer(bob) as b,
            world.peer(one) as o,
            world.peer(other) as p,
        ):
            await a.say(room, "hello")
            for peer in (a, b):
                content = await peer.content("message")
                assert (content["message"], content["issue"]) == ("hello", None)
            await o.say(with_desk, "and me?")
            for peer in (a, o):
                assert (await peer.content("message"))["sender"] == one.id
            await o.say(room, "may I?")
            assert (await o.refused())["code"] == 2403
            for peer in (a, b, o, p):
                await peer.quiet()


async def test_two_senders_are_heard_by_everybody_in_the_order_of_the_history() -> None:
    each = 40
    async with relay_world() as world:
        ann, one = await world.desk.client("ann"), await world.desk.staff("one")
        room = await ann.room()
        async with world.peer(ann) as a, world.peer(one) as o, world.peer(one) as silent:
            heard: dict[str, Sequence[str]] = {}

            async def talks(peer: Peer, name: str) -> None:
                for number in range(each):
                    await peer.say(room, f"{name}{number}", client_id=f"{name}{number}")

            async def listens(peer: Peer, name: str) -> None:
                heard[name] = await peer.texts(2 * each)

            async with trio.open_nursery() as nursery:
                for peer, name in ((a, "a"), (o, "o"), (silent, "s")):
                    nursery.start_soon(listens, peer, name)
                nursery.start_soon(talks, a, "a")
                nursery.start_soon(talks, o, "o")
            for peer in (a, o, silent):
                await peer.quiet()
            stored = await texts(ann, room)
        assert heard == {"a": stored, "o": stored, "s": stored}
        # Each sender's own are in the order in which they were sent.
        for name in "ao":
            own = [text for text in stored if text.startswith(name)]
            assert own == [f"{name}{number}" for number in range(each)]


async def test_a_message_that_is_sent_again_after_a_reconnect_is_stored_once() -> None:
    async with relay_world() as world:
        ann, one = await world.desk.client("ann"), await world.desk.staff("one")
        room = await ann.room()
        async with world.peer(one) as o:
            async with world.peer(ann) as a:
                await a.say(room, "help", client_id="c-1")
                first = await a.after("issue")
            assert await o.after("issue") == first
            async with world.peer(ann) as a, world.peer(ann) as tab:
                await a.say(room, "help", client_id="c-1")
                assert await a.content("message") == first
                # Another content under the same name is refused, another room has names of its own.
                await a.say(room, "more", client_id="c-1")
                told = "This client_id was used for another message"
                assert await a.refused() == {"code": 2400, "message": told, "client_id": "c-1"}
                await a.say(room, "more", client_id="c-2")
                assert (await a.content("message"))["message"] == "more"
                # Only who repeated was told again.
                assert (await tab.content("message"))["message"] == "more"
                await tab.quiet()
            assert (await o.content("message"))["message"] == "more"
            await o.quiet()
        assert await texts(ann, room) == ["help", "more"]


async def test_a_sender_gets_its_message_after_the_commit_and_hears_of_a_busy_engine() -> None:
    gate = Gatekeeper()
    async with relay_world(gate=gate) as world:
        ann, one = await world.desk.client("ann"), await world.desk.staff("one")
        room = await ann.room()
        async with world.peer(ann) as a, world.peer(ann) as tab, world.peer(one) as o:
            gate.held, before = trio.Event(), len(gate.calls)
            await a.say(room, "help", client_id="1")
            await until(lambda: "commit" in gate.calls[before:])
            # The commit is under way, and nobody has been told.
            for peer in (o, tab):
                await peer.quiet()
            gate.held.set()
            for peer in (a, tab, o):
                assert (await peer.after("issue"))["client_id"] == "1"
            gate.held, gate.refused = None, frozenset({"commit"})
            await a.say(room, "are you there?", client_id="2")
            busy = {"code": 2503, "message": "The service is busy, try again", "client_id": "2"}
            assert await a.refused() == busy
            gate.refused = frozenset()
            await a.say(room, "are you there?", client_id="2")
            assert (await a.content("message"))["client_id"] == "2"
            assert (await o.content("message"))["client_id"] == "2"
            await o.quiet()
        assert await texts(ann, room) == ["help", "are you there?"]


async def test_every_refusal_is_a_frame_that_says_why_and_the_connection_stays() -> None:
    async with relay_world() as world:
        ann, bob = await world.desk.client("ann"), await world.desk.client("bob")
        apps = world.desk.world.services.support.apps
        foreign = Desk(world.desk.world, await apps.create("other", "other"))
        stranger = await foreign.staff("stranger")
        room, nowhere = await ann.room(), "f" * 24
        async with world.peer(ann) as a, world.peer(bob) as b, world.peer(stranger) as s:
            await a.say(room, "")
            told = "Missing field message or file is required"
            assert await a.refused() == {"code": 1040, "message": told}
            await a.say(nowhere, "x")
            assert await a.refused() == {"code": 2404, "message": "Not found"}
            await a.say("nowhere", "x", client_id=7)
            told = "Invalid field: room must be an id"
            assert await a.refused() == {"code": 1040, "message": told, "client_id": "7"}
            await b.say(room, "x")
            assert await b.refused() == {"code": 2403, "message": "Not allowed"}
            await s.say(room, "x")
            assert (await s.refused())["code"] == 2404
            await a.say(room, "x", client_id=[1, 2])
            told = "Invalid field: client_id must be one value"
            assert await a.refused() == {"code": 1040, "message": told}
            await world.desk.world.services.rooms.close(room, by=ann.id)
            await a.say(room, "x")
            assert (await a.refused())["code"] == 2409
            for peer in (a, b, s):
                await peer.quiet()
        assert await texts(ann, room) == []


async def test_a_bug_is_told_by_its_incident_and_is_in_the_log(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with relay_world() as world:
        ann = await world.desk.client("ann")
        room = await ann.room()

        async def broken(*_: Any, **__: Any) -> None:
            await trio.lowlevel.checkpoint()
            raise ZeroDivisionError

        def broken_at_once(*_: Any, **__: Any) -> None:
            raise ZeroDivisionError

        async with world.peer(ann) as a:
            with monkeypatch.context() as patch:
                patch.setattr(world.desk.world.services.support.rooms, "begin_post", broken)
                patch.setattr(world.desk.world.services.support.rooms, "hand_in", broken_at_once)
                await a.say(room, "x")
                told = await a.refused()
            assert (told["code"], told["message"]) == (2500, "Something went wrong")
            assert len(told["id"]) == 24
            await a.say(room, "x")
            assert (await a.after("issue"))["message"] == "x"


async def test_messages_that_came_together_share_a_commit_and_are_answered_in_order() -> None:
    """A bad one among them is answered in its place, and keeps nobody."""
    gate = Gatekeeper()
    async with relay_world(gate=gate) as world:
        ann, one = await world.desk.client("ann"), await world.desk.staff("one")
        room = await ann.room()
        await ann.say(room, "help")
        async with world.peer(ann) as a, world.peer(one) as o:
            gate.held, before = trio.Event(), len(gate.calls)
            await a.say(room, "first", client_id="0")
            await until(lambda: "commit" in gate.calls[before:])
            for number in range(1, 20):
                await a.say(room, f"{number}", client_id=f"{number}")
            await a.raw("?")
            await a.say("f" * 24, "to nobody", client_id="nobody")
            await a.say(room, "last", client_id="20")
            gate.held.set()
            expected = ["first", *(f"{number}" for number in range(1, 20)), "last"]
            assert list(await o.texts(21)) == expected
            answers = [await a.next() for _ in range(23)]
            told = [one["content"]["message"] for one in answers if one["type"] == "message"]
            assert told == expected
            errors = [one["content"] for one in answers if one["type"] == "error"]
            assert [one.get("client_id") for one in errors] == [None, "nobody"]
            # The first alone, and some of those that had come meanwhile together.
            commits = gate.calls[before:].count("commit")
            assert commits < 10, gate.calls[before:]
            # Whatever was there twice is stored once, and who repeats it is told again.
            await a.say(room, "first", client_id="0")
            assert (await a.content("message"))["message"] == "first"
            await o.quiet()


async def test_a_message_for_which_something_is_looked_up_keeps_its_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The room of the second is not in memory, so those behind it wait with it, whichever way they will go."""
    async with relay_world() as world:
        ann = await world.desk.client("ann")
        room = await ann.room()
        await ann.say(room, "help")
        rooms = world.desk.world.services.support.rooms
        at_once, later = rooms.hand_in, rooms.begin_post
        asked, looked_up = trio.Event(), trio.Event()

        def hand_in(*given: Any, **how: Any) -> Any:
            return None if how["text"] == "1" else at_once(*given, **how)

        async def begin_post(*given: Any, **how: Any) -> Any:
            if how["text"] == "1":
                asked.set()
                await looked_up.wait()
            return await later(*given, **how)

        monkeypatch.setattr(rooms, "hand_in", hand_in)
        monkeypatch.setattr(rooms, "begin_post", begin_post)
        async with world.peer(ann) as a:
            await a.say(room, "0")
            await a.say(room, "1")
            await asked.wait()
            for number in range(2, 6):
                await a.say(room, f"{number}")
            # They have come in: pings are answered by who reads.
            await a.socket.ping()
            looked_up.set()
            assert list(await a.texts(6)) == [f"{number}" for number in range(6)]
            await a.quiet()


async def test_who_is_not_answered_in_time_hears_so_in_order_and_what_was_handed_on_is_stored() -> (
    None
):
    gate, settings = Gatekeeper(), WebSettings(access_log=False, request_seconds=0.2)
    async with relay_world(gate=gate, settings=settings) as world:
        ann = await world.desk.client("ann")
        room = await ann.room()
        async with world.peer(ann) as a:
            gate.held = trio.Event()
            for number in range(3):
                await a.say(room, f"{number}", client_id=f"{number}")
            told = [await a.refused() for _ in range(3)]
            assert [one["client_id"] for one in told] == ["0", "1", "2"]
            assert {one["message"] for one in told} == {told[0]["message"]}
            gate.held.set()
            # The first was with the database already; those behind it were dropped, for nobody waited any more.
            assert list(await a.texts(1)) == ["0"]
            await a.say(room, "again", client_id="1")
            assert list(await a.texts(1)) == ["again"]
            assert await texts(ann, room) == ["0", "again"]


async def test_many_who_write_a_lot_at_once_are_slowed_and_nobody_is_turned_away() -> None:
    """More than the room's mailbox holds, from a dozen connections, while a commit takes long; each keeps its order."""
    people, each, gate = 12, 60, Gatekeeper()
    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(relay_world(gate=gate))
        ann = await world.desk.client("ann")
        room = await ann.room()
        tabs = [await stack.enter_async_context(world.peer(ann)) for _ in range(people)]
        heard: dict[int, Sequence[str]] = {}
        gate.held = trio.Event()
        for number, tab in enumerate(tabs):
            for said in range(each):
                await tab.say(room, f"{number}/{said}")
        waiting = world.desk.world.engine.statistics
        await until(lambda: waiting()["asking"] >= UNDER_WAY_MOST)

        async def listens(number: int) -> None:
            heard[number] = await tabs[number].texts(people * each)

        async with trio.open_nursery() as nursery:
            for number in range(people):
                nursery.start_soon(listens, number)
            gate.held.set()
        assert all(one == heard[0] for one in heard.values())
        for number in range(people):
            own = [text for text in heard[0] if text.startswith(f"{number}/")]
            assert own == [f"{number}/{said}" for said in range(each)]
        for tab in tabs:
            await tab.quiet()
