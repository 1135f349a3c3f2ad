"""The Pusher protocol over real websockets."""

from __future__ import annotations

import json

import pytest
import trio
from pusher_peers import Peer, opened, sign
from pusher_worlds import KEYS, pusher_world

from switchboard.web.realtime.pusher import App

ANNA = {"user_id": "anna", "user_info": {"name": "Anna"}}
BEN = {"user_id": "ben", "user_info": {"name": "Ben"}}


def test_signatures_are_those_of_pushers_own_example() -> None:
    """The vector of Pusher's pages."""
    app = App("auto", "3", "278d425bdf160c739803", "7ad3773142a6692b25b8")
    signature = "58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4"
    assert app.auth("1234.1234:private-foobar") == f"278d425bdf160c739803:{signature}"
    assert app.signed(signature, "1234.1234:private-foobar")
    assert not app.signed(signature, "1234.1234:private-foobaz")
    assert not app.signed("é", "1234.1234:private-foobar")


async def test_a_client_connects_pings_and_meets_what_it_does_wrong_in_frames() -> None:
    """None of it ends the connection."""
    async with pusher_world() as world, world.peer() as peer:
        assert peer.id.replace(".", "").isdigit()
        await peer.quiet()
        for frame in ("{", "[]", "1", '{"event":1}', '{"event":"pusher:subscribe","data":7}', '""'):
            await peer.socket.send_message(frame)
            await peer.event("pusher:error")
        await peer.socket.send_message(b"\xff\xfe")
        await peer.event("pusher:error")
        await peer.socket.send_message("[" * 5000)
        await peer.event("pusher:error")
        await peer.send("pusher:nothing")
        await peer.event("pusher:error")
        assert (await peer.subscribe("a b"))["event"] == "pusher:subscription_error"
        assert (await peer.subscribe("private-x", auth="nonsense"))["data"]["status"] == 401
        wrong = f"{peer.key}:{sign('other', f'{peer.id}:private-x')}"
        assert (await peer.subscribe("private-x", auth=wrong))["data"]["status"] == 401
        await peer.quiet()


async def test_an_unknown_key_or_protocol_or_another_dialects_key_is_closed_with_its_code() -> None:
    """4001 and 4007."""
    async with pusher_world() as world:
        base = f"ws{world.base.removeprefix('http')}"
        for path, code in (
            ("/app/unknown?protocol=7", 4001),
            (f"/auto/app/{KEYS['dropin'][0]}?protocol=7", 4001),
            (f"/app/{KEYS['dropin'][0]}?protocol=9", 4007),
        ):
            async with opened(base + path) as socket:
                peer = Peer(socket, "", "")
                await peer.event("pusher:error")
                assert await peer.closed() == code


async def test_a_presence_channel_tells_of_users_and_not_of_their_tabs() -> None:
    """Added by the first tab, removed by the last."""
    channel = "presence-x"
    async with pusher_world() as world, world.peer() as ben:
        joined = await ben.subscribe(channel, who=BEN)
        assert joined["data"]["presence"]["count"] == 1
        async with world.peer() as one, world.peer() as two:
            joined = await one.subscribe(channel, who=ANNA)
            assert joined["data"] == {
                "presence": {
                    "ids": ["ben", "anna"],
                    "hash": {"ben": BEN["user_info"], "anna": ANNA["user_info"]},
                    "count": 2,
                }
            }
            assert (await ben.event("pusher_internal:member_added"))["data"] == ANNA
            assert (await two.subscribe(channel, who=ANNA))["data"]["presence"]["count"] == 2
            await ben.quiet()
            await one.quiet()
            await one.send("pusher:unsubscribe", {"channel": channel})
            await one.quiet()
            await ben.quiet()
        removed = await ben.event("pusher_internal:member_removed")
        assert removed["data"] == {"user_id": "anna"}
        await ben.quiet()


async def test_client_events_reach_the_others_and_too_many_are_refused_in_a_frame() -> None:
    """A burst of 100 passes; nobody hears itself."""
    async with pusher_world() as world, world.peer() as anna, world.peer() as ben:
        await anna.subscribe("presence-x", who=ANNA)
        await ben.subscribe("presence-x", who=BEN)
        await anna.event("pusher_internal:member_added")
        await anna.send("client-typing", {"on": [1, None]}, "presence-x")
        heard = await ben.next()
        assert heard == {
            "event": "client-typing",
            "channel": "presence-x",
            "data": {"on": [1, None]},
            "user_id": "anna",
        }
        await anna.quiet()
        for channel in ("presence-y", "private-encrypted-z", "open"):
            if channel != "presence-y":
                await anna.subscribe(channel)
            await anna.send("client-typing", {}, channel)
            assert (await anna.event("pusher:error"))["data"]["code"] == 4301
        for _ in range(150):
            await anna.send("client-candidate", {}, "presence-x")
        refused = await anna.event("pusher:error")
        assert refused["data"]["code"] == 4301
        await ben.event("client-candidate")


async def test_who_is_in_a_presence_channel_is_somebody_with_a_short_name() -> None:
    """All of them are told to each who comes."""
    async with pusher_world() as world, world.peer() as peer:
        for who in ({}, {"user_id": ""}, {"user_id": "x" * 129}, {"user_id": None}, [1]):
            assert (await peer.subscribe("presence-x", who=who))["data"]["status"] == 400
        long = {"user_id": "x", "user_info": "y" * 2048}
        assert (await peer.subscribe("presence-x", who=long))["data"]["status"] == 400
        assert (await peer.subscribe("presence-x", who={"user_id": 7}))["data"]["presence"]["ids"]


async def test_signing_in_needs_the_apps_signature_and_opens_the_users_own_channel() -> None:
    """Whom a server then reaches."""
    async with pusher_world() as world, world.peer() as peer:
        data = json.dumps({"id": "anna"})
        await peer.send("pusher:signin", {"auth": "x:y", "user_data": data})
        assert (await peer.event("pusher:error"))["data"]["code"] == 4009
        auth = peer.signature(f"{peer.id}::user::{data}")
        await peer.send("pusher:signin", {"auth": auth, "user_data": data})
        assert (await peer.event("pusher:signin_success"))["data"] == {"user_data": data}
        app = world.server.by_dialect["dropin"]
        assert len(world.server.of_user(app, "anna")) == 1
    with trio.fail_after(5):
        while world.server.connections:
            await trio.lowlevel.checkpoint()
    assert not world.server.of_user(app, "anna")


async def test_a_frame_of_more_than_64_kib_closes_its_own_connection_alone() -> None:
    """1009."""
    async with pusher_world() as world, world.peer() as other:
        async with world.peer() as peer:
            await peer.socket.send_message("x" * 70_000)
            assert await peer.closed() == 1009
        await other.quiet()


async def test_one_connection_has_so_many_channels_and_no_more() -> None:
    """200."""
    async with pusher_world() as world, world.peer() as peer:
        for number in range(200):
            joined = await peer.subscribe(f"open-{number}")
            assert joined["event"] == "pusher_internal:subscription_succeeded"
        assert (await peer.subscribe("one-more"))["event"] == "pusher:subscription_error"


@pytest.mark.parametrize("channel", ["open", "private-x", "presence-x"])
async def test_a_channel_that_everybody_has_left_is_forgotten(channel: str) -> None:
    """Rooms, feeds and timers too."""
    async with pusher_world() as world:
        async with world.peer() as peer:
            await peer.subscribe(channel, who=ANNA if channel == "presence-x" else None)
            assert world.server.statistics()["channels"] == 1
        with trio.fail_after(5):
            while world.server.connections:
                await trio.lowlevel.checkpoint()
        assert world.server.statistics()["channels"] == 0
