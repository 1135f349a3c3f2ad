"""What is told, and when: after its commit, in the order of the history, once."""

from __future__ import annotations

import json
from typing import Any

import pytest
import trio
from phoenix_peers import Heard, Peer
from phoenix_worlds import phoenix_world

from switchboard.engine.errors import StoreDown

BURST = 40


class Gatekeeper:
    """Holds commits, or lets none through."""

    def __init__(self) -> None:
        self.down = False
        self.held: trio.Event | None = None
        self.waiting = trio.Event()

    async def __call__(self, name: str) -> None:
        """See ``Gate``."""
        await trio.lowlevel.checkpoint()
        if name != "commit":
            return
        if self.down:
            raise StoreDown
        if self.held is not None:
            self.waiting.set()
            await self.held.wait()


async def test_nothing_is_answered_or_told_before_it_is_committed() -> None:
    """While the commit waits, the sender, their other socket and the recipient hear nothing."""
    gate = Gatekeeper()
    async with phoenix_world("Ann", "Ben", gate=gate) as world:
        ann, ben = world.people
        number = await ann.conversation(ben)
        async with world.peer(ann) as hers, world.peer(ann) as tab, world.peer(ben) as his:
            for peer in (hers, tab, his):
                await peer.join("room:chat")
            gate.held = trio.Event()
            push = {"user": ben.id, "conv": number, "message": "hi"}
            ref = await hers.send("room:chat", "send_msg", push)
            with trio.fail_after(5):
                await gate.waiting.wait()
            await tab.quiet()
            await his.quiet()
            with trio.move_on_after(0.05) as patience:
                await hers.next()
            assert patience.cancelled_caught
            gate.held.set()
            gate.held = None
            status, response = await hers.reply(ref)
            assert status == "ok"
            assert await his.event("receive_msg") == await tab.event("receive_msg") == response
            gate.down = True
            status, response = await hers.ask("room:chat", "send_msg", push)
            assert (status, response["reason"]) == ("error", "busy")
            gate.down = False
            assert await ben.texts(number) == ["hi"]
            assert (await hers.ask("room:chat", "send_msg", push))[0] == "ok"
            for peer in (tab, his):
                assert (await peer.event("receive_msg"))["message"]["content"] == "hi"
            for peer in (hers, tab, his):
                await peer.quiet()


@pytest.mark.parametrize("topic", ["room:chat", "own"])
async def test_everybody_is_told_in_the_order_of_the_history(topic: str) -> None:
    """Two who write at once, two sockets each, both versions: everything once, in one order."""
    async with phoenix_world("Ann", "Ben") as world:
        ann, ben = world.people
        number = await ann.conversation(ben)
        own = topic == "own"
        name, event = (f"room:{number}", "message") if own else (topic, "receive_msg")
        async with (
            world.peer(ann) as hers,
            world.peer(ben, version=1) as his,
            world.peer(ann, version=1) as tab,
            world.peer(ben) as phone,
        ):
            peers: dict[Peer, list[Any]] = {hers: [], his: [], tab: [], phone: []}
            for peer in peers:
                assert await peer.ask(name, "phx_join") == ("ok", {})

            async def listen(peer: Peer, most: int) -> None:
                told = peers[peer]
                while len(told) < most:
                    heard = await peer.next()
                    if heard.event == event:
                        told.append(heard.payload["message"]["id"])
                    elif heard.event == "phx_reply":
                        assert_ok(heard)

            async def write(peer: Peer, user: int) -> None:
                for place in range(BURST):
                    if own:
                        await peer.send(name, "shout", {"body": str(place)})
                    else:
                        push = {"user": user, "conv": number, "message": str(place)}
                        await peer.send(name, "send_msg", push)

            # In the inbox a sender is not told what it sends itself.
            spoken = 2 * BURST if own else BURST
            async with trio.open_nursery() as nursery:
                nursery.start_soon(listen, hers, spoken)
                nursery.start_soon(listen, his, spoken)
                nursery.start_soon(listen, tab, 2 * BURST)
                nursery.start_soon(listen, phone, 2 * BURST)
                nursery.start_soon(write, hers, ben.id)
                nursery.start_soon(write, his, ann.id)
            history = (await ann.get(f"/messages?conv={number}")).body
            ids = [one["id"] for one in history]
            assert len(set(ids)) == 2 * BURST
            assert peers[tab] == peers[phone] == ids
            mine = [one["id"] for one in history if own or one["sender"] == ben.id]
            theirs = [one["id"] for one in history if own or one["sender"] == ann.id]
            assert (peers[hers], peers[his]) == (mine, theirs)


def assert_ok(heard: Heard) -> None:
    """A reply that says yes."""
    assert heard.payload["status"] == "ok", json.dumps(heard)
